/* The batcher's threads: each takes what waits, embeds it, and gives the vectors out. */
#include "server/batcher_own.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "server/gate.h"
#include "server/http.h"
#include "server/prediction.h"

#define SECOND 1e9

/* With the lock held: puts the entry on the encoder, as number n of its batch. */
static void take(server__worker *w, server__entry *entry, size_t n, size_t used, uint64_t now)
{
    server__flight_take(&w->batcher->flight, entry);
    if (!entry->prediction)
        memcpy(w->tokens + used, entry->tokens, entry->count * sizeof *entry->tokens);
    w->starts[n] = used;
    w->starts[n + 1] = used + entry->count;
    w->batch[n] = entry;
    for (server__item *item = entry->waiters; item; item = item->next)
        if (!item->job->started_ns) item->job->started_ns = now;
}

/* With the lock held: entries that fit the first one, in order, within the budget. A prediction may
 * be longer than that: the library takes it apart. */
static size_t take_batch(server__worker *w)
{
    server__batcher *b = w->batcher;
    server__entry *first = b->flight.queue.after, *entry = first, *after;
    const uint64_t now = server__now();
    size_t n = 0, used = 0;
    for (; entry != &b->flight.queue && used < w->budget; entry = after) {
        after = entry->after;
        if (!server__entries_fit(entry, first)) continue;
        if (used + entry->count > w->budget && !(entry->prediction && n == 0)) break;
        take(w, entry, n++, used, now);
        used += entry->count;
    }
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

/* The waiter's own makes room for the one that was answered. */
static void give_prediction(server__item *item, server__prediction *answered)
{
    if (item->prediction == answered) return;
    server__prediction_drop(&item->prediction);
    item->prediction = server__prediction_hold(answered);
}

/* With the lock held: gives what came of it to all who wait; of a vector NULL: nothing. */
static void give(server__batcher *b, server__entry *entry, const float *vector, server__job **ended)
{
    for (server__item *item = entry->waiters; item; item = item->next) {
        item->entry = NULL;
        if (entry->prediction)
            give_prediction(item, entry->prediction);
        else if (vector)
            memcpy(item->out, vector, result_floats(entry) * sizeof *vector);
        else
            item->job->failed = true;
        if (--item->job->left == 0) server__job_end_one(item->job, ended);
    }
    entry->waiters = NULL;
    server__flight_remove(&b->flight, entry);
}

static bool embed_batch(server__worker *w, size_t n)
{
    const server__vector_options *o = &w->batch[0]->options;
    gte_embed_options options = GTE_EMBED_OPTIONS_INIT;
    options.dims = o->dims;
    options.pooling = o->pooling;
    options.no_normalize = o->no_normalize;
    return gte_embed_tokens(w->context, w->tokens, w->starts, n, &options, w->vectors,
                            w->budget * w->batcher->hidden, NULL) == GTE_OK;
}

static void give_all(server__worker *w, size_t n, bool good, server__job **ended)
{
    const float *vector = w->vectors;
    for (size_t i = 0; i < n; i++) {
        const size_t floats = w->batch[i]->prediction ? 0 : result_floats(w->batch[i]);
        give(w->batcher, w->batch[i], good && all_finite(vector, floats) ? vector : NULL, ended);
        vector += floats;
    }
}

static void run_batch(server__worker *w, size_t n)
{
    server__batcher *b = w->batcher;
    size_t tokens = w->starts[n];
    server__job *ended = NULL;
    uint64_t begin = server__now();
    bool good = true;
    if (w->batch[0]->prediction)
        server__worker_predict(w, n);
    else
        good = embed_batch(w, n);
    double seconds = (double)(server__now() - begin) / SECOND;

    pthread_mutex_lock(&b->lock);
    give_all(w, n, good, &ended);
    double speed = seconds > 0 ? (double)tokens / seconds : 0;
    double late = b->state.tokens_per_second;
    b->state.tokens_per_second = late > 0 ? 0.9 * late + 0.1 * speed : speed;
    b->state.running_items -= n;
    b->state.batches++;
    b->state.items += n;
    b->state.tokens += tokens;
    pthread_mutex_unlock(&b->lock);
    server__job_tell(ended, SERVER__JOB_DONE);
    if (b->options.on_batch) b->options.on_batch(b->options.arg, n, tokens, seconds);
}

/* The batch is taken when its turn has come: what came meanwhile is in it. */
static void run_one(server__worker *w)
{
    server__batcher *b = w->batcher;
    struct server__gate *gate = b->options.gate;
    if (gate) server__gate_enter(gate);
    pthread_mutex_lock(&b->lock);
    const bool any = b->flight.queue.after != &b->flight.queue;
    size_t n = any ? take_batch(w) : 0;
    pthread_mutex_unlock(&b->lock);
    if (n) run_batch(w, n);
    if (gate) server__gate_leave(gate);
}

static void *worker_main(void *arg)
{
    server__worker *w = arg;
    server__batcher *b = w->batcher;
    for (;;) {
        pthread_mutex_lock(&b->lock);
        while (b->flight.queue.after == &b->flight.queue && !b->closed)
            pthread_cond_wait(&b->wake, &b->lock);
        const bool idle = b->flight.queue.after == &b->flight.queue;
        pthread_mutex_unlock(&b->lock);
        if (idle) return NULL; /* closed, and nothing is left */
        run_one(w);
    }
}

gte_status server__worker_start(server__batcher *b, server__worker *w, const gte_model *model,
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
    w->requests = calloc(w->budget, sizeof *w->requests);
    w->results = calloc(w->budget, sizeof(gte_result *));
    w->predictions = calloc(w->budget, sizeof(server__prediction *));
    if (w->batch && w->tokens && w->starts && w->vectors && w->requests && w->results &&
        w->predictions && pthread_create(&w->thread, NULL, worker_main, w) == 0)
        return GTE_OK;
    err->status = GTE_E_MEMORY;
    strcpy(err->message, "no memory or threads for the encoder");
    return GTE_E_MEMORY;
}

void server__worker_free(server__worker *w)
{
    gte_context_free(&w->context);
    free(w->batch);
    free(w->tokens);
    free(w->starts);
    free(w->vectors);
    free(w->requests);
    free(w->results);
    free(w->predictions);
}
