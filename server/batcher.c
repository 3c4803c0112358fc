/* The batcher: jobs in, ended and told. The threads that compute are batcher_worker.c's, what is in
 * flight flight.c's.
 *
 * One lock guards jobs and entries; the encoder runs and `done` is called outside of it. */
#include "server/batcher_own.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "server/http.h"

/* Asking the system whether a client has gone is a system call: each job's turn comes every so
 * many sweeps. */
#define GONE_TURNS 4

/* ---- ending jobs ----------------------------------------------------------------------------- */

void server__job_end_one(server__job *job, server__job **ended)
{
    job->before->after = job->after;
    job->after->before = job->before;
    job->after = *ended;
    *ended = job;
}

void server__job_tell(server__job *ended, server__job_end end)
{
    while (ended) {
        server__job *job = ended;
        ended = job->after;
        job->done(job, end == SERVER__JOB_DONE && job->failed ? SERVER__JOB_FAILED : end);
    }
}

static void leave_entry(server__batcher *b, server__item *item)
{
    server__entry *entry = item->entry;
    if (!entry) return;
    *item->link = item->next;
    if (item->next) item->next->link = item->link;
    item->entry = NULL;
    if (entry->waiters) return;
    /* nobody wants it any more; one on the encoder is freed by its server__worker */
    if (entry->after)
        server__flight_remove(&b->flight, entry);
    else
        server__flight_orphan(&b->flight, entry);
}

static void cancel(server__batcher *b, server__job *job, server__job **ended)
{
    for (size_t i = 0; i < job->count; i++) leave_entry(b, &job->items[i]);
    server__job_end_one(job, ended);
}

void server__batcher_sweep(server__batcher *b, uint64_t now_ns)
{
    server__job *late = NULL, *gone = NULL;
    size_t number = 0;
    pthread_mutex_lock(&b->lock);
    b->sweeps++;
    for (server__job *job = b->jobs.after, *after; job != &b->jobs; job = after, number++) {
        after = job->after;
        if (job->deadline_ns && job->deadline_ns <= now_ns)
            cancel(b, job, &late);
        else if (job->gone && (number + b->sweeps) % GONE_TURNS == 0 && job->gone(job))
            cancel(b, job, &gone);
    }
    pthread_mutex_unlock(&b->lock);
    server__job_tell(late, SERVER__JOB_DEADLINE);
    server__job_tell(gone, SERVER__JOB_GONE);
}

/* ---- submitting ------------------------------------------------------------------------------ */

static void free_entries(server__job *job, size_t n)
{
    for (size_t i = 0; i < n; i++) server__entry_free(job->items[i].entry);
}

/* With the lock held: seconds that what waits will take. */
static double waiting_seconds(const server__batcher *b)
{
    double speed = b->state.tokens_per_second * b->options.workers;
    return speed > 0 ? (double)b->flight.tokens / speed : 0;
}

static bool waits_too_long(const server__batcher *b)
{
    return b->options.queue_seconds && waiting_seconds(b) > b->options.queue_seconds;
}

/* With the lock held. */
static bool fits(const server__batcher *b, const server__job *job)
{
    size_t items = b->flight.items, tokens = b->flight.tokens;
    if (waits_too_long(b)) return false;
    for (size_t i = 0; i < job->count; i++) {
        if (server__flight_find(&b->flight, job->items[i].entry)) continue;
        items++;
        tokens += job->items[i].count;
    }
    return items <= b->options.queue_items && tokens <= b->options.queue_tokens;
}

static void join_entries(server__batcher *b, server__job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        server__item *item = &job->items[i];
        server__entry *equal = server__flight_find(&b->flight, item->entry);
        if (equal) {
            server__entry_free(item->entry);
            item->entry = equal;
            b->state.shared++;
        } else {
            server__flight_add(&b->flight, item->entry);
        }
        item->next = item->entry->waiters;
        if (item->next) item->next->link = &item->next;
        item->link = &item->entry->waiters;
        *item->link = item;
        item->job = job;
    }
    job->left = job->count;
    job->before = b->jobs.before;
    job->after = &b->jobs;
    job->before->after = job->after->before = job;
}

server__submit server__batcher_submit(server__batcher *b, server__job *job)
{
    server__submit result = SERVER__SUBMITTED;
    for (size_t i = 0; i < job->count; i++) {
        job->items[i].entry = server__entry_create(&b->flight, &job->items[i], &job->options);
        if (job->items[i].entry) continue;
        free_entries(job, i);
        return SERVER__NO_MEMORY;
    }
    job->submitted_ns = server__now();
    job->started_ns = 0;
    job->failed = false;
    pthread_mutex_lock(&b->lock);
    if (b->closed)
        result = SERVER__QUEUE_CLOSED;
    else if (!fits(b, job))
        result = SERVER__QUEUE_FULL;
    else
        join_entries(b, job);
    if (result == SERVER__SUBMITTED) pthread_cond_signal(&b->wake);
    pthread_mutex_unlock(&b->lock);
    if (result != SERVER__SUBMITTED) free_entries(job, job->count);
    return result;
}

bool server__batcher_full(server__batcher *b, size_t items)
{
    pthread_mutex_lock(&b->lock);
    bool full = b->flight.items + items > b->options.queue_items ||
                b->flight.tokens + items > b->options.queue_tokens || waits_too_long(b);
    pthread_mutex_unlock(&b->lock);
    return full;
}

unsigned server__batcher_retry_after(server__batcher *b)
{
    pthread_mutex_lock(&b->lock);
    double seconds = waiting_seconds(b);
    pthread_mutex_unlock(&b->lock);
    return seconds < 1 ? 1 : seconds > 60 ? 60 : (unsigned)ceil(seconds);
}

void server__batcher_describe(server__batcher *b, server__batcher_state *out)
{
    pthread_mutex_lock(&b->lock);
    *out = b->state;
    out->queued_items = b->flight.items;
    out->queued_tokens = b->flight.tokens;
    pthread_mutex_unlock(&b->lock);
}

server__batcher *server__batcher_start(const gte_model *model,
                                       const server__batcher_options *options, gte_error *err)
{
    gte_model_info info;
    server__batcher *b = calloc(1, sizeof *b);
    gte_model_describe(model, &info, sizeof info);
    if (b) b->workers = calloc((size_t)options->workers, sizeof *b->workers);
    if (!b || !b->workers || !server__flight_open(&b->flight, options->queue_items)) {
        if (b) free(b->workers);
        free(b);
        err->status = GTE_E_MEMORY;
        strcpy(err->message, "out of memory");
        return NULL;
    }
    b->options = *options;
    b->hidden = (size_t)info.hidden_size;
    b->jobs.before = b->jobs.after = &b->jobs;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->wake, NULL);
    while (b->started < options->workers) {
        if (server__worker_start(b, &b->workers[b->started], model, err) != GTE_OK) {
            server__worker_free(&b->workers[b->started]);
            server__batcher_free(&b);
            return NULL;
        }
        b->started++;
    }
    return b;
}

void server__batcher_limit(server__batcher *b, size_t queue_items, size_t queue_tokens,
                           int queue_seconds)
{
    pthread_mutex_lock(&b->lock);
    b->options.queue_items = queue_items;
    b->options.queue_tokens = queue_tokens;
    b->options.queue_seconds = queue_seconds;
    pthread_mutex_unlock(&b->lock);
}

const char *server__batcher_backend(const server__batcher *batcher)
{
    return batcher->backend;
}

void server__batcher_close(server__batcher *b, bool abandon)
{
    server__job *ended = NULL;
    pthread_mutex_lock(&b->lock);
    b->closed = true;
    while (abandon && b->jobs.after != &b->jobs) cancel(b, b->jobs.after, &ended);
    pthread_cond_broadcast(&b->wake);
    pthread_mutex_unlock(&b->lock);
    server__job_tell(ended, SERVER__JOB_DEADLINE);
    while (b->started > 0) {
        server__worker *w = &b->workers[--b->started];
        pthread_join(w->thread, NULL);
        server__worker_free(w);
    }
}

void server__batcher_free(server__batcher **batcher)
{
    server__batcher *b = *batcher;
    if (!b) return;
    *batcher = NULL;
    server__batcher_close(b, false);
    server__flight_close(&b->flight);
    pthread_cond_destroy(&b->wake);
    pthread_mutex_destroy(&b->lock);
    free(b->workers);
    free(b);
}
