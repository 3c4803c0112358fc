/* The queue and its thread. Values are numbered as they come; `settled` is the number up to which
 * all are written or given up, which is what a flush waits for. */
#include "writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/status.h"

enum {
    BATCH_ROWS = 256,
    GATHER_MS = 50, /* a first value waits so long for company */
    BUSY_PAUSE_MS = 5
};

struct cache__writer {
    cache__disk *disk;
    uint64_t queue_bytes, batch_bytes;
    int retry_ms;
    pthread_t thread;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work, done;
    cache__value *first, **last;
    uint64_t rows, bytes; /* in the queue and in the batch that is being written */
    uint64_t waiting;     /* of the rows, those in the queue */
    uint64_t added, settled;
    uint64_t dropped, dropped_told; /* told by a flush */
    int64_t oldest_ms;              /* when the first in the queue came */
    unsigned hurry;                 /* flushes that wait */
    uint64_t clears_wanted, clears_done;
    cache__outcome clear_outcome;
    bool woken, stopping;
    int64_t stop_at;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* False at `until`. */
static bool wait_until(cache__writer *w, pthread_cond_t *cond, int64_t until)
{
    struct timespec t = {(time_t)(until / 1000), (long)(until % 1000) * 1000000};
    return pthread_cond_timedwait(cond, &w->lock, &t) != ETIMEDOUT;
}

/* ---- the thread ------------------------------------------------------------ */

/* Cuts a batch off the queue: its values, still counted. */
static cache__value *take_batch(cache__writer *w, uint64_t *rows, uint64_t *bytes)
{
    cache__value *first = w->first, **end = &w->first;
    *rows = *bytes = 0;
    while (*end && *rows < BATCH_ROWS && *bytes < w->batch_bytes) {
        ++*rows;
        *bytes += cache__value_cost((*end)->size);
        end = &(*end)->queued;
    }
    cache__value *rest = *end;
    *end = NULL;
    w->first = rest;
    if (!rest) w->last = &w->first;
    w->waiting -= *rows;
    w->oldest_ms = now_ms();
    return first;
}

static void release_chain(cache__value *value)
{
    while (value) {
        cache__value *next = value->queued;
        cache__value_release(value);
        value = next;
    }
}

static bool past_the_end(cache__writer *w)
{
    pthread_mutex_lock(&w->lock);
    bool past = w->stopping && now_ms() >= w->stop_at;
    pthread_mutex_unlock(&w->lock);
    return past;
}

/* Without the lock: another process may hold the file's for long. */
static cache__outcome write_batch(cache__writer *w, const cache__value *first)
{
    const struct timespec pause = {0, BUSY_PAUSE_MS * 1000000L};
    int64_t begin = now_ms();
    for (;;) {
        cache__outcome outcome = cache__disk_write(w->disk, first, now_ms());
        if (outcome != CACHE_BUSY || past_the_end(w)) return outcome;
        if (now_ms() - begin > w->retry_ms) {
            cache__disk_give_up(w->disk, now_ms());
            return outcome;
        }
        nanosleep(&pause, NULL); /* SQLite has waited before it said busy */
    }
}

static void settle(cache__writer *w, uint64_t rows, uint64_t bytes, bool stored)
{
    w->rows -= rows;
    w->bytes -= bytes;
    w->settled += rows;
    if (!stored) w->dropped += rows;
    pthread_cond_broadcast(&w->done);
}

static void do_batch(cache__writer *w)
{
    uint64_t rows, bytes;
    cache__value *first = take_batch(w, &rows, &bytes);
    pthread_mutex_unlock(&w->lock);
    bool stored = write_batch(w, first) == CACHE_DONE;
    release_chain(first);
    pthread_mutex_lock(&w->lock);
    settle(w, rows, bytes, stored);
}

/* What waits was put before and goes too. */
static void do_clear(cache__writer *w)
{
    uint64_t rows, bytes, wanted = w->clears_wanted;
    while (w->first) {
        release_chain(take_batch(w, &rows, &bytes));
        w->rows -= rows;
        w->bytes -= bytes;
        w->settled += rows;
    }
    pthread_mutex_unlock(&w->lock);
    cache__outcome outcome = cache__disk_clear(w->disk, now_ms());
    pthread_mutex_lock(&w->lock);
    w->clear_outcome = outcome;
    w->clears_done = wanted;
    pthread_cond_broadcast(&w->done);
}

/* Whether the queue is worth a transaction, or has waited long enough for company. */
static bool is_ripe(const cache__writer *w, int64_t now)
{
    if (!w->first) return false;
    return w->hurry || w->stopping || w->waiting >= BATCH_ROWS || w->bytes >= w->batch_bytes ||
           now >= w->oldest_ms + GATHER_MS;
}

static void *run(void *arg)
{
    cache__writer *w = arg;
    pthread_mutex_lock(&w->lock);
    while (!w->stopping || (w->first && now_ms() < w->stop_at)) {
        w->woken = false;
        pthread_mutex_unlock(&w->lock);
        cache__disk_tend(w->disk, now_ms());
        pthread_mutex_lock(&w->lock);
        int64_t now = now_ms();
        if (w->clears_wanted != w->clears_done)
            do_clear(w);
        else if (is_ripe(w, now))
            do_batch(w);
        else if (!w->woken && !w->stopping)
            wait_until(w, &w->work,
                       w->first ? w->oldest_ms + GATHER_MS : now + cache__disk_pause(w->disk));
    }
    while (w->first) {
        uint64_t rows, bytes;
        release_chain(take_batch(w, &rows, &bytes));
        settle(w, rows, bytes, false);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* ---- its beginning and end ------------------------------------------------------------ */

/* Signals are the program's: only those that a thread causes itself stay open. */
static int start_thread(cache__writer *w)
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

static void free_writer(cache__writer *w)
{
    pthread_cond_destroy(&w->done);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

cache__writer *cache__writer_start(cache__disk *disk, uint64_t queue_bytes, uint64_t batch_bytes,
                                   int retry_ms)
{
    pthread_condattr_t clock;
    cache__writer *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->disk = disk;
    w->queue_bytes = queue_bytes;
    w->batch_bytes = batch_bytes;
    w->retry_ms = retry_ms;
    w->last = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&w->work, &clock);
    pthread_cond_init(&w->done, &clock);
    pthread_condattr_destroy(&clock);
    cache__disk_tend(disk, now_ms()); /* open when the caller goes on */
    if (start_thread(w) == 0) return w;
    free_writer(w);
    return NULL;
}

void cache__writer_stop(cache__writer *w, int close_ms)
{
    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    w->stop_at = now_ms() + close_ms;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    free_writer(w);
}

/* ---- for everybody ------------------------------------------------------------ */

void cache__writer_add(cache__writer *w, cache__value *value)
{
    uint64_t cost = cache__value_cost(value->size);
    bool writable = cache__disk_writable(w->disk);
    pthread_mutex_lock(&w->lock);
    if (!writable || w->bytes + cost > w->queue_bytes) {
        w->dropped++;
        pthread_mutex_unlock(&w->lock);
        return;
    }
    value->queued = NULL;
    *w->last = cache__value_hold(value);
    w->last = &value->queued;
    bool was_empty = w->waiting++ == 0;
    if (was_empty) w->oldest_ms = now_ms();
    w->rows++;
    w->bytes += cost;
    w->added++;
    if (was_empty || w->waiting == BATCH_ROWS) pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
}

void cache__writer_drop(cache__writer *w)
{
    pthread_mutex_lock(&w->lock);
    w->dropped++;
    pthread_mutex_unlock(&w->lock);
}

void cache__writer_wake(cache__writer *w)
{
    pthread_mutex_lock(&w->lock);
    w->woken = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
}

gte_status cache__writer_flush(cache__writer *w, int timeout_ms, gte_error *err)
{
    int64_t until = now_ms() + timeout_ms;
    gte_cache_counts counts = {0};
    pthread_mutex_lock(&w->lock);
    uint64_t target = w->added;
    bool in_time = true;
    w->hurry++;
    pthread_cond_signal(&w->work);
    while (w->settled < target && in_time) {
        if (timeout_ms)
            in_time = wait_until(w, &w->done, until);
        else
            pthread_cond_wait(&w->done, &w->lock);
    }
    w->hurry--;
    in_time = w->settled >= target;
    uint64_t lost = w->dropped - w->dropped_told;
    if (in_time) w->dropped_told = w->dropped;
    pthread_mutex_unlock(&w->lock);
    if (!in_time)
        return gte__fail(err, GTE_E_CANCELLED, 0, "rows still waited after %d ms", timeout_ms);
    if (!lost) return gte__ok(err);
    cache__disk_count(w->disk, &counts);
    return gte__fail(err, GTE_E_IO, 0, "%llu rows were not stored: %s", (unsigned long long)lost,
                     counts.fault[0] ? counts.fault : "the queue was full");
}

gte_status cache__writer_clear(cache__writer *w, gte_error *err)
{
    gte_cache_counts counts = {0};
    pthread_mutex_lock(&w->lock);
    uint64_t mine = ++w->clears_wanted;
    pthread_cond_signal(&w->work);
    while (w->clears_done < mine) pthread_cond_wait(&w->done, &w->lock);
    cache__outcome outcome = w->clear_outcome;
    pthread_mutex_unlock(&w->lock);
    if (outcome == CACHE_DONE) return gte__ok(err);
    cache__disk_count(w->disk, &counts);
    return gte__fail(err, GTE_E_IO, 0, "the file was not cleared: %s",
                     counts.fault[0] ? counts.fault : "another process holds its lock");
}

void cache__writer_count(cache__writer *w, gte_cache_counts *out)
{
    pthread_mutex_lock(&w->lock);
    out->dropped = w->dropped;
    out->queued_rows = w->rows;
    out->queued_bytes = w->bytes;
    pthread_mutex_unlock(&w->lock);
}
