/* Counters. Each is one atomic; nothing here waits. */
#include "server/metrics.h"

#include <stdatomic.h>
#include <stdlib.h>

struct server__metrics {
    atomic_uint_least64_t begun, ended, errors;
    atomic_uint_least64_t refused[SERVER__REFUSALS];
    atomic_uint_least64_t cache[SERVER__CACHE_RESULTS];
    atomic_uint_least64_t truncated, batches, batch_items, batch_tokens;
};

static void add(atomic_uint_least64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

server__metrics *server__metrics_create(void)
{
    return calloc(1, sizeof(server__metrics));
}

void server__metrics_free(server__metrics **metrics)
{
    free(*metrics);
    *metrics = NULL;
}

void server__metrics_begin(server__metrics *metrics)
{
    add(&metrics->begun, 1);
}

void server__metrics_end(server__metrics *metrics, const server__request *request)
{
    add(&metrics->ended, 1);
    if (request->status >= 400) add(&metrics->errors, 1);
}

void server__metrics_refused(server__metrics *metrics, server__refusal why)
{
    add(&metrics->refused[why], 1);
}

void server__metrics_cache(server__metrics *metrics, server__cache_result result, size_t n)
{
    add(&metrics->cache[result], n);
}

void server__metrics_truncated(server__metrics *metrics, size_t n)
{
    add(&metrics->truncated, n);
}

void server__metrics_batch(server__metrics *metrics, size_t items, size_t tokens, double seconds)
{
    (void)seconds;
    add(&metrics->batches, 1);
    add(&metrics->batch_items, items);
    add(&metrics->batch_tokens, tokens);
}
