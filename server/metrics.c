/* Counters. Each is one atomic; nothing here waits. */
#include "server/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "server/metrics_own.h"
#include "server/process_stats.h"
#include "server/routes.h"

const char *const server__metric_tasks[SERVER__METRIC_TASKS] = {
    "embedding", "similarity", "rerank",    "tokenize",       "decode", "ner",
    "relation",  "event",      "sentiment", "classification", "qa",     "other",
};
const int server__metric_statuses[SERVER__METRIC_STATUSES] = {
    200, 400, 401, 404, 405, 413, 415, 422, 424, 429, 499, 500, 503, 504, 0,
};
const double server__time_bounds[SERVER__TIME_BOUNDS] = {
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
    0.05,    0.1,    0.25,    0.5,    1,     2.5,    5,     10,   60,
};
const double server__count_bounds[SERVER__COUNT_BOUNDS] = {
    1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 16384,
};

static void add(atomic_uint_least64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static void observe(server__histogram *h, const double *bounds, size_t count, double value,
                    double scale)
{
    size_t i = 0;
    while (i < count && value > bounds[i]) i++;
    add(&h->buckets[i], 1);
    add(&h->sum, (uint64_t)(value * scale));
}

static void observe_time(server__histogram *h, double seconds)
{
    observe(h, server__time_bounds, SERVER__TIME_BOUNDS, seconds, 1e9);
}

static void observe_count(server__histogram *h, size_t n)
{
    observe(h, server__count_bounds, SERVER__COUNT_BOUNDS, (double)n, 1);
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

static size_t task_number(const char *task)
{
    size_t i = 0;
    while (i + 1 < SERVER__METRIC_TASKS && (!task || strcmp(task, server__metric_tasks[i]) != 0))
        i++;
    return i;
}

static size_t status_number(int status)
{
    size_t i = 0;
    while (i + 1 < SERVER__METRIC_STATUSES && status != server__metric_statuses[i]) i++;
    return i;
}

/* Probes (SERVER__QUIET) are counted, but would hide in the window of response times what clients
 * wait for. */
void server__metrics_end(server__metrics *metrics, const server__request *request)
{
    const size_t task = task_number(request->task);
    const double seconds = (double)(server__now() - request->start_ns) * 1e-9;
    add(&metrics->requests[task][status_number(request->status)], 1);
    observe_time(&metrics->durations[task], seconds);
    add(&metrics->inputs, request->items);
    add(&metrics->tokens, request->tokens);
    if (request->status == 200) add(&metrics->truncated, request->truncated);
    if (request->status >= 400) add(&metrics->errors, 1);
    add(&metrics->ended, 1);
    if (request->route && (request->route->flags & SERVER__QUIET)) return;
    const uint64_t at = atomic_fetch_add_explicit(&metrics->window_count, 1, memory_order_relaxed);
    atomic_store_explicit(&metrics->window[at % SERVER__WINDOW],
                          (uint32_t)(seconds < 4000 ? seconds * 1e6 : 4e9), memory_order_relaxed);
}

void server__metrics_refused(server__metrics *metrics, server__refusal why)
{
    add(&metrics->refused[why], 1);
}

void server__metrics_cache(server__metrics *metrics, server__cache_result result, size_t n)
{
    add(&metrics->cache[result], n);
}

void server__metrics_batch(server__metrics *metrics, size_t items, size_t tokens, double seconds)
{
    observe_count(&metrics->batch_items, items);
    observe_count(&metrics->batch_tokens, tokens);
    observe_time(&metrics->batch_seconds, seconds);
}

void server__metrics_queued(server__metrics *metrics, double seconds)
{
    observe_time(&metrics->queue_seconds, seconds);
}

void server__metrics_tick(server__metrics *metrics, uint64_t now_ns)
{
    enum { EVERY_NS = 1000000000 };
    if (now_ns - metrics->sampled_ns < EVERY_NS) return;
    const double cpu = server__process_cpu_seconds();
    if (metrics->sampled_ns) {
        const double percent =
            (cpu - metrics->sampled_cpu) / ((double)(now_ns - metrics->sampled_ns) * 1e-9) * 100;
        atomic_store_explicit(&metrics->cpu_percent_x100,
                              (uint32_t)(percent > 0 ? percent * 100 : 0), memory_order_relaxed);
    }
    metrics->sampled_ns = now_ns;
    metrics->sampled_cpu = cpu;
}
