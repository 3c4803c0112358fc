/* The team: one job slot, a ticket that holds (job number, next task), futexes for long waits.
 *
 * A job is published in three steps: close the ticket (no task can be claimed), write the job's
 * fields, open the ticket with the new job number. A member reads the ticket, then the fields, then
 * claims by compare-and-swap on the ticket it read; since the ticket changes before the fields do,
 * a swap that succeeds proves that the fields belonged to that ticket. */
#include "base/team.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Long enough to bridge the gap between two jobs of a forward pass, short enough that a process
 * which shares the core does not notice. */
#define SPIN_NANOSECONDS 30000

#define CLOSED 0x80000000u /* task part of a ticket from which nothing can be claimed */

typedef struct member {
    gte__team *team;
    pthread_t thread;
    int number;
} member;

struct gte__team {
    int threads;
    pid_t process; /* whose threads the members are: a fork has none of them */
    void (*start)(void);
    member *members; /* [threads - 1] */

    _Alignas(64) _Atomic uint64_t ticket; /* job number << 32 | next task or CLOSED */
    _Atomic(gte__task *) fn;
    _Atomic(void *) arg;
    _Atomic uint32_t tasks;

    _Alignas(64) _Atomic uint32_t unfinished; /* tasks of the job not yet done; a futex */
    _Atomic uint32_t caller_sleeps;

    _Alignas(64) _Atomic uint32_t generation; /* grows with each job and at the end; a futex */
    _Atomic uint32_t sleepers;
    _Atomic bool stop;
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

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Spins until *word differs from `value` or the time is up; true if it differs. */
static bool spin_while(_Atomic uint32_t *word, uint32_t value)
{
    int64_t end = now_ns() + SPIN_NANOSECONDS;
    do {
        for (int i = 0; i < 64; i++) {
            if (atomic_load_explicit(word, memory_order_acquire) != value) return true;
            relax();
        }
    } while (now_ns() < end);
    return false;
}

/* Claims and runs tasks until the open job, if any, has none left. */
static void work(gte__team *team, int number)
{
    uint64_t ticket = atomic_load_explicit(&team->ticket, memory_order_acquire);
    for (;;) {
        uint32_t task = (uint32_t)ticket;
        gte__task *fn = atomic_load_explicit(&team->fn, memory_order_acquire);
        void *arg = atomic_load_explicit(&team->arg, memory_order_acquire);
        uint32_t tasks = atomic_load_explicit(&team->tasks, memory_order_acquire);
        if (task == CLOSED || task >= tasks) return;
        if (!atomic_compare_exchange_weak_explicit(&team->ticket, &ticket, ticket + 1,
                                                   memory_order_acq_rel, memory_order_acquire))
            continue;
        fn(arg, task, number);
        if (atomic_fetch_sub_explicit(&team->unfinished, 1, memory_order_seq_cst) == 1 &&
            atomic_load_explicit(&team->caller_sleeps, memory_order_seq_cst))
            futex_wake(&team->unfinished, 1);
        ticket = atomic_load_explicit(&team->ticket, memory_order_acquire);
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
        uint32_t generation = atomic_load(&team->generation);
        if (generation != seen) {
            seen = generation;
            work(team, m->number);
        } else if (!spin_while(&team->generation, seen)) {
            atomic_fetch_add(&team->sleepers, 1);
            futex_wait(&team->generation, seen);
            atomic_fetch_sub(&team->sleepers, 1);
        }
    }
    return NULL;
}

gte__team *gte__team_create(int threads, void (*start)(void))
{
    gte__team *team = aligned_alloc(64, sizeof *team);
    if (!team) return NULL;
    *team = (gte__team){.threads = 1, .process = getpid(), .start = start};
    atomic_init(&team->ticket, CLOSED);
    if (threads <= 1) return team;

    team->members = calloc((size_t)threads - 1, sizeof *team->members);
    if (!team->members) goto fail;
    for (int i = 0; i < threads - 1; i++) {
        member *m = &team->members[i];
        m->team = team;
        m->number = i + 1;
        if (start_member(m, member_main) != 0) goto fail;
        team->threads++;
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
    for (int i = 0; i < team->threads - 1 && team->process == getpid(); i++)
        pthread_join(team->members[i].thread, NULL);
    free(team->members);
    free(team);
}

int gte__team_threads(const gte__team *team)
{
    return team->threads;
}

static void publish(gte__team *team, gte__task *fn, void *arg, uint32_t tasks)
{
    uint64_t job = (atomic_load_explicit(&team->ticket, memory_order_relaxed) >> 32) + 1;
    atomic_store_explicit(&team->ticket, job << 32 | CLOSED, memory_order_relaxed);
    /* release: a member that sees a new field also sees the closed ticket, and its swap fails */
    atomic_store_explicit(&team->fn, fn, memory_order_release);
    atomic_store_explicit(&team->arg, arg, memory_order_release);
    atomic_store_explicit(&team->tasks, tasks, memory_order_release);
    atomic_store_explicit(&team->unfinished, tasks, memory_order_relaxed);
    atomic_store_explicit(&team->ticket, job << 32, memory_order_release);
    atomic_fetch_add(&team->generation, 1);
    if (atomic_load(&team->sleepers)) futex_wake(&team->generation, team->threads);
}

void gte__team_run(gte__team *team, gte__task *fn, void *arg, size_t tasks)
{
    if (team->threads == 1 || tasks <= 1) {
        for (size_t i = 0; i < tasks; i++) fn(arg, i, 0);
        return;
    }
    publish(team, fn, arg, (uint32_t)tasks);
    work(team, 0);
    for (;;) {
        uint32_t left = atomic_load_explicit(&team->unfinished, memory_order_acquire);
        if (left == 0) return;
        if (spin_while(&team->unfinished, left)) continue;
        atomic_store(&team->caller_sleeps, 1);
        left = atomic_load(&team->unfinished);
        if (left) futex_wait(&team->unfinished, left);
        atomic_store(&team->caller_sleeps, 0);
    }
}
