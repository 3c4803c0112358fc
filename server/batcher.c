/* The batcher: jobs in, batches onto the encoder, vectors back. What is in flight is flight.c's.
 *
 * One lock guards jobs and entries; the encoder runs and `done` is called outside of it. */
#include "server/batcher.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "server/flight.h"
#include "server/http.h"

#define SECOND 1e9
/* Asking the system whether a client has gone is a system call: each job's turn comes every so
 * many sweeps. */
#define GONE_TURNS 4

typedef struct worker {
    server__batcher *batcher;
    gte_context *context;
    pthread_t thread;
    size_t budget;         /* tokens of a batch */
    server__entry **batch; /* [budget] */
    gte_token *tokens;     /* [budget] */
    size_t *starts;        /* [budget + 1] */
    float *vectors;        /* [budget, hidden] */
} worker;

struct server__batcher {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    server__batcher_options options;
    size_t hidden;
    const char *backend;
    server__flight flight;
    server__job jobs; /* the ring's head: accepted, not ended */
    worker *workers;
    int started;
    bool closed;
    uint64_t sweeps;
    server__batcher_state state;
};

/* ---- ending jobs ----------------------------------------------------------------------------- */

/* With the lock held: takes the job from the ring and puts it on a list of those to be told. */
static void end_job(server__job *job, server__job **ended)
{
    job->before->after = job->after;
    job->after->before = job->before;
    job->after = *ended;
    *ended = job;
}

static void tell(server__job *ended, server__job_end end)
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
    server__item **link = &entry->waiters;
    while (*link != item) link = &(*link)->next;
    *link = item->next;
    item->entry = NULL;
    /* nobody wants it any more; one on the encoder is freed by its worker */
    if (!entry->waiters && entry->after) server__flight_remove(&b->flight, entry);
}

static void cancel(server__batcher *b, server__job *job, server__job **ended)
{
    for (size_t i = 0; i < job->count; i++) leave_entry(b, &job->items[i]);
    end_job(job, ended);
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
    tell(late, SERVER__JOB_DEADLINE);
    tell(gone, SERVER__JOB_GONE);
}

/* ---- submitting ------------------------------------------------------------------------------ */

static void free_entries(server__job *job, size_t n)
{
    for (size_t i = 0; i < n; i++) free(job->items[i].entry);
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
            free(item->entry);
            item->entry = equal;
            b->state.shared++;
        } else {
            server__flight_add(&b->flight, item->entry);
        }
        item->next = item->entry->waiters;
        item->entry->waiters = item;
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

/* ---- workers --------------------------------------------------------------------------------- */

/* With the lock held: entries of the options of the first one, in order, within the budget. */
static size_t take_batch(worker *w)
{
    server__batcher *b = w->batcher;
    server__entry *first = b->flight.queue.after, *entry = first, *after;
    uint64_t now = server__now();
    size_t n = 0, used = 0;
    for (; entry != &b->flight.queue && used < w->budget; entry = after) {
        after = entry->after;
        if (!server__options_equal(&entry->options, &first->options)) continue;
        if (used + entry->count > w->budget) break;
        server__flight_take(&b->flight, entry);
        memcpy(w->tokens + used, entry->tokens, entry->count * sizeof *entry->tokens);
        w->starts[n] = used;
        used += entry->count;
        w->batch[n++] = entry;
        for (server__item *item = entry->waiters; item; item = item->next)
            if (!item->job->started_ns) item->job->started_ns = now;
    }
    w->starts[n] = used;
    b->state.running_items += n;
    return n;
}

static bool all_finite(const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

/* Floats of an entry's result: a vector, or the states of its tokens. */
static size_t result_floats(const server__entry *entry)
{
    const size_t rows = entry->options.pooling == GTE_POOLING_NONE ? entry->count : 1;
    return rows * (size_t)entry->options.dims;
}

/* With the lock held: gives a vector, NULL for none, to all who wait for it. */
static void give(server__batcher *b, server__entry *entry, const float *vector, server__job **ended)
{
    for (server__item *item = entry->waiters; item; item = item->next) {
        item->entry = NULL;
        if (vector)
            memcpy(item->out, vector, result_floats(entry) * sizeof *vector);
        else
            item->job->failed = true;
        if (--item->job->left == 0) end_job(item->job, ended);
    }
    entry->waiters = NULL;
    server__flight_remove(&b->flight, entry);
}

static void run_batch(worker *w, size_t n)
{
    server__batcher *b = w->batcher;
    const server__vector_options *o = &w->batch[0]->options;
    gte_embed_options options = GTE_EMBED_OPTIONS_INIT;
    size_t tokens = w->starts[n];
    const float *vector = w->vectors;
    server__job *ended = NULL;
    uint64_t begin = server__now();
    options.dims = o->dims;
    options.pooling = o->pooling;
    options.no_normalize = o->no_normalize;
    bool good = gte_embed_tokens(w->context, w->tokens, w->starts, n, &options, w->vectors,
                                 w->budget * b->hidden, NULL) == GTE_OK;
    double seconds = (double)(server__now() - begin) / SECOND;

    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < n; i++) {
        const size_t floats = result_floats(w->batch[i]);
        give(b, w->batch[i], good && all_finite(vector, floats) ? vector : NULL, &ended);
        vector += floats;
    }
    double speed = seconds > 0 ? (double)tokens / seconds : 0;
    double late = b->state.tokens_per_second;
    b->state.tokens_per_second = late > 0 ? 0.9 * late + 0.1 * speed : speed;
    b->state.running_items -= n;
    b->state.batches++;
    b->state.items += n;
    b->state.tokens += tokens;
    pthread_mutex_unlock(&b->lock);
    tell(ended, SERVER__JOB_DONE);
    if (b->options.on_batch) b->options.on_batch(b->options.arg, n, tokens, seconds);
}

static void *worker_main(void *arg)
{
    worker *w = arg;
    server__batcher *b = w->batcher;
    for (;;) {
        pthread_mutex_lock(&b->lock);
        while (b->flight.queue.after == &b->flight.queue && !b->closed)
            pthread_cond_wait(&b->wake, &b->lock);
        size_t n = take_batch(w);
        pthread_mutex_unlock(&b->lock);
        if (n == 0) return NULL; /* closed, and nothing is left */
        run_batch(w, n);
    }
}

static gte_status start_worker(server__batcher *b, worker *w, const gte_model *model,
                               gte_error *err)
{
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    gte_context_info info;
    options.threads = b->options.threads;
    options.batch_tokens = b->options.batch_tokens;
    w->batcher = b;
    gte_status status = gte_context_create(&w->context, model, &options, err);
    if (status != GTE_OK) return status;
    gte_context_describe(w->context, &info, sizeof info);
    b->backend = info.backend;
    w->budget = (size_t)info.batch_tokens;
    w->batch = calloc(w->budget, sizeof(server__entry *));
    w->tokens = calloc(w->budget, sizeof *w->tokens);
    w->starts = calloc(w->budget + 1, sizeof *w->starts);
    w->vectors = calloc(w->budget * b->hidden, sizeof *w->vectors);
    if (w->batch && w->tokens && w->starts && w->vectors &&
        pthread_create(&w->thread, NULL, worker_main, w) == 0)
        return GTE_OK;
    err->status = GTE_E_MEMORY;
    strcpy(err->message, "no memory or threads for the encoder");
    return GTE_E_MEMORY;
}

static void free_worker(worker *w)
{
    gte_context_free(&w->context);
    free(w->batch);
    free(w->tokens);
    free(w->starts);
    free(w->vectors);
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
        if (start_worker(b, &b->workers[b->started], model, err) != GTE_OK) {
            free_worker(&b->workers[b->started]);
            server__batcher_free(&b);
            return NULL;
        }
        b->started++;
    }
    return b;
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
    tell(ended, SERVER__JOB_DEADLINE);
    while (b->started > 0) {
        worker *w = &b->workers[--b->started];
        pthread_join(w->thread, NULL);
        free_worker(w);
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
