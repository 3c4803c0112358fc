/* What metrics.c counts and metrics_text.c writes. */
#ifndef SERVER_METRICS_OWN_H
#define SERVER_METRICS_OWN_H

#include <stdatomic.h>

#include "server/metrics.h"

enum {
    SERVER__METRIC_TASKS = 12,    /* the last is what belongs to none */
    SERVER__METRIC_STATUSES = 15, /* the last is any other */
    SERVER__TIME_BOUNDS = 18,
    SERVER__COUNT_BOUNDS = 14,
    SERVER__WINDOW = 1000, /* response times that average and percentiles are of */
};

extern const char *const server__metric_tasks[SERVER__METRIC_TASKS];
extern const int server__metric_statuses[SERVER__METRIC_STATUSES];
extern const double server__time_bounds[SERVER__TIME_BOUNDS]; /* seconds */
extern const double server__count_bounds[SERVER__COUNT_BOUNDS];

typedef struct server__histogram {
    atomic_uint_least64_t buckets[SERVER__TIME_BOUNDS + 1]; /* not cumulative; the last: more */
    atomic_uint_least64_t sum;                              /* nanoseconds, or the unit itself */
} server__histogram;

struct server__metrics {
    atomic_uint_least64_t ended, errors, inputs, tokens;
    atomic_uint_least64_t requests[SERVER__METRIC_TASKS][SERVER__METRIC_STATUSES];
    atomic_uint_least64_t refused[SERVER__REFUSALS];
    atomic_uint_least64_t cache[SERVER__CACHE_RESULTS];
    atomic_uint_least64_t truncated;
    server__histogram durations[SERVER__METRIC_TASKS];
    server__histogram queue_seconds, batch_seconds, batch_items, batch_tokens;
    atomic_uint_least64_t window_count;
    atomic_uint_least32_t window[SERVER__WINDOW]; /* microseconds */
    atomic_uint_least32_t cpu_percent_x100;
    uint64_t sampled_ns; /* of the tick's thread alone */
    double sampled_cpu;
};

#endif
