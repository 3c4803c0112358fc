/* The team: one ticket that holds (tasks of the stage, the next of them), futexes for long waits.
 *
 * A task is claimed by adding one to the ticket; what it held before is all there is to a claim, so
 * a member that comes late gets a task of the stage that runs then, or none. The fields of the job
 * are read after a claim only, and a job cannot end while a claimed task of it runs. */
#include "base/team.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Long enough to bridge the gap between two stages of a forward pass, short enough that a process
 * which shares the core does not notice. */
#define SPIN_NANOSECONDS 30000

/* How long a thread runs before it offers its core: less than the kernel gives it at a time (a tick
 * of 4 ms where HZ is 250, a slice of 3 ms elsewhere). */
#define BREATH_NANOSECONDS 2000000

#define WOKEN_AT_ONCE 2 /* sleepers that one thread wakes: they wake others in turn */

#define NOWHERE (-1)

typedef struct member {
    _Alignas(64) gte__team *team;
    pthread_t thread;
    int number;
    int64_t breath, breath_cpu; /* when it last offered its core, and its CPU time then */
} member;

struct gte__team {
    int threads, started; /* with the caller; members that run */
    pid_t process;        /* whose threads the members are: a fork has none of them */
    void (*start)(void);
    member *members;       /* [threads]; the first is the caller */
    _Atomic int32_t *cpus; /* [threads]: where each ran its last task, NOWHERE while it sleeps */

    gte__stage *next;
    gte__task *fn;
    void *arg;

    _Alignas(
        64) _Atomic uint64_t ticket; /* tasks << 32 | next task, past the tasks when all are gone */

    _Alignas(64) _Atomic uint32_t unfinished; /* tasks of the stage not yet done */

    _Alignas(64) _Atomic uint32_t generation; /* grows with each stage and each end; a futex */
    _Atomic uint32_t sleepers;                /* members that wait on it, not the caller */
    _Atomic bool stop;
    _Atomic bool done; /* the job has no stage left */
    _Atomic bool caller_sleeps;
    _Atomic uint32_t caller_wakes; /* a futex */
};

static void futex_wait(_Atomic uint32_t *word, uint32_t expected)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word, int count)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t now_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Written only when it changes, so that all can read it cheaply. */
static void set_cpu(gte__team *team, int number, int32_t cpu)
{
    if (atomic_load_explicit(&team->cpus[number], memory_order_relaxed) != cpu)
        atomic_store_explicit(&team->cpus[number], cpu, memory_order_relaxed);
}

/* Whether another thread of the team waits for the very CPU that this one runs on. */
static bool shares_cpu(gte__team *team, int number)
{
    const int32_t mine = sched_getcpu();
    for (int i = 0; i < team->threads; i++)
        if (i != number && atomic_load_explicit(&team->cpus[i], memory_order_relaxed) == mine)
            return true;
    return false;
}

/* Spins until the generation differs from `seen` or the time is up; true if it differs. Where it
 * would spin on the CPU that the work it waits for needs, the time is up at once. */
static bool spin(gte__team *team, int number, uint32_t seen)
{
    if (shares_cpu(team, number)) return false;
    const int64_t end = now_ns(CLOCK_MONOTONIC) + SPIN_NANOSECONDS;
    do {
        for (int i = 0; i < 64; i++) {
            if (atomic_load_explicit(&team->generation, memory_order_acquire) != seen) return true;
            relax();
        }
    } while (now_ns(CLOCK_MONOTONIC) < end);
    return false;
}

void gte__team_breathe(gte__team *team, int member_number)
{
    if (team->threads == 1) return;
    member *m = &team->members[member_number];
    const int64_t now = now_ns(CLOCK_MONOTONIC), wall = now - m->breath;
    if (wall < BREATH_NANOSECONDS) return;
    /* Who slept or lost the core since then has a fresh slice: giving it up would be too kind. */
    const int64_t cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
    if (wall - (cpu - m->breath_cpu) < BREATH_NANOSECONDS / 4) sched_yield();
    m->breath = now_ns(CLOCK_MONOTONIC);
    m->breath_cpu = cpu;
}

/* Tasks that nobody has claimed. */
static uint32_t tasks_left(uint64_t ticket)
{
    const uint32_t tasks = (uint32_t)(ticket >> 32), next = (uint32_t)ticket;
    return next < tasks ? tasks - next : 0;
}

/* Wakes sleepers if there are more tasks than threads awake. */
static void wake_members(gte__team *team, uint32_t tasks)
{
    const uint32_t sleepers = atomic_load(&team->sleepers);
    if (sleepers && (uint32_t)team->threads - sleepers < tasks)
        futex_wake(&team->generation, WOKEN_AT_ONCE);
}

static void wake_caller(gte__team *team)
{
    if (!atomic_exchange(&team->caller_sleeps, false)) return;
    atomic_fetch_add(&team->caller_wakes, 1);
    futex_wake(&team->caller_wakes, 1);
}

static void publish(gte__team *team, uint32_t tasks)
{
    atomic_store_explicit(&team->unfinished, tasks, memory_order_relaxed);
    atomic_store_explicit(&team->ticket, (uint64_t)tasks << 32, memory_order_release);
    atomic_fetch_add(&team->generation, 1);
    wake_members(team, tasks);
    wake_caller(team);
}

/* The next stage, or the end of the job. A stage of one task is not worth a hand-off. */
static void advance(gte__team *team, int number)
{
    size_t tasks;
    while ((tasks = team->next(team->arg)) == 1) team->fn(team->arg, 0, number);
    if (tasks) {
        publish(team, (uint32_t)tasks);
        return;
    }
    atomic_store(&team->done, true);
    atomic_fetch_add(&team->generation, 1);
    wake_caller(team);
}

/* Claims and runs tasks until the stage has none left. */
static void work(gte__team *team, int number)
{
    for (;;) {
        if (!tasks_left(atomic_load_explicit(&team->ticket, memory_order_acquire))) return;
        gte__team_breathe(team, number);
        const uint64_t ticket = atomic_fetch_add_explicit(&team->ticket, 1, memory_order_acq_rel);
        if (!tasks_left(ticket)) return;
        set_cpu(team, number, sched_getcpu());
        team->fn(team->arg, (uint32_t)ticket, number);
        if (atomic_fetch_sub_explicit(&team->unfinished, 1, memory_order_acq_rel) == 1)
            advance(team, number);
    }
}

/* Signals are the host program's: members take none. */
static int start_member(member *m, void *(*body)(void *))
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&m->thread, NULL, body, m);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

static void *member_main(void *arg)
{
    member *m = arg;
    gte__team *team = m->team;
    if (team->start) team->start();
    uint32_t seen = 0;
    while (!atomic_load(&team->stop)) {
        const uint32_t generation = atomic_load(&team->generation);
        if (generation != seen) {
            seen = generation;
            work(team, m->number);
        } else if (!spin(team, m->number, seen)) {
            set_cpu(team, m->number, NOWHERE);
            atomic_fetch_add(&team->sleepers, 1);
            futex_wait(&team->generation, seen);
            atomic_fetch_sub(&team->sleepers, 1);
            wake_members(team, tasks_left(atomic_load(&team->ticket)));
        }
    }
    return NULL;
}

gte__team *gte__team_create(int threads, void (*start)(void))
{
    gte__team *team = aligned_alloc(64, sizeof *team);
    if (!team) return NULL;
    *team = (gte__team){.threads = threads > 1 ? threads : 1, .process = getpid(), .start = start};
    if (threads <= 1) return team;

    team->members = aligned_alloc(64, (size_t)threads * sizeof *team->members);
    team->cpus = calloc((size_t)threads, sizeof *team->cpus);
    if (!team->members || !team->cpus) goto fail;
    for (int i = 0; i < threads; i++) atomic_init(&team->cpus[i], NOWHERE);
    memset(team->members, 0, (size_t)threads * sizeof *team->members);
    for (int i = 1; i < threads; i++) {
        member *m = &team->members[i];
        m->team = team;
        m->number = i;
        if (start_member(m, member_main) != 0) goto fail;
        team->started++;
    }
    return team;
fail:
    gte__team_free(team);
    return NULL;
}

void gte__team_free(gte__team *team)
{
    if (!team) return;
    atomic_store(&team->stop, true);
    atomic_fetch_add(&team->generation, 1);
    futex_wake(&team->generation, team->threads);
    for (int i = 1; i <= team->started && team->process == getpid(); i++)
        pthread_join(team->members[i].thread, NULL);
    free(team->cpus);
    free(team->members);
    free(team);
}

int gte__team_threads(const gte__team *team)
{
    return team->threads;
}

/* The caller has found no task: until there may be one, or the end. */
static void caller_waits(gte__team *team, uint32_t seen)
{
    if (spin(team, 0, seen)) return;
    set_cpu(team, 0, NOWHERE);
    const uint32_t wakes = atomic_load(&team->caller_wakes);
    atomic_store(&team->caller_sleeps, true);
    if (atomic_load(&team->generation) == seen) futex_wait(&team->caller_wakes, wakes);
    atomic_store(&team->caller_sleeps, false);
}

void gte__team_run(gte__team *team, gte__stage *next, gte__task *fn, void *arg)
{
    if (team->threads == 1) {
        for (size_t tasks; (tasks = next(arg)) != 0;)
            for (size_t i = 0; i < tasks; i++) fn(arg, i, 0);
        return;
    }
    team->next = next;
    team->fn = fn;
    team->arg = arg;
    atomic_store(&team->done, false);
    advance(team, 0);
    for (;;) {
        const uint32_t seen = atomic_load(&team->generation);
        work(team, 0);
        if (atomic_load(&team->done)) break;
        caller_waits(team, seen);
    }
    set_cpu(team, 0, NOWHERE);
}
