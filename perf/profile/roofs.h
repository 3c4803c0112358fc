/* What bounds a step on this machine: the rates that perf/bench/probe.h measures, per thread while
 * as many threads as the context has do the same. */
#ifndef PERF_PROFILE_ROOFS_H
#define PERF_PROFILE_ROOFS_H

#include "gte.h"
#include "perf/bench/probe.h"

/* What a step multiplies with. */
enum profile_kind {
    PROFILE_LINEAR,    /* products with weights */
    PROFILE_ATTENTION, /* products of activations */
    PROFILE_ELEMENTS,  /* sums over rows: f32 */
    PROFILE_KINDS
};

typedef struct profile_roofs {
    char processor[128];
    bench_unit unit[PROFILE_KINDS];
    double peak[PROFILE_KINDS];     /* FLOP/s */
    double bandwidth[BENCH_LEVELS]; /* bytes/s */
    size_t cache[BENCH_LEVELS];     /* bytes: what fits is read from there; DRAM: all that is */
} profile_roofs;

/* Takes about half a second. Where memory is short the bandwidths are 0. */
void profile__roofs_measure(profile_roofs *out, const gte_model_info *model,
                            const gte_runtime *runtime, const gte_context_info *context);

/* "L2", "L3", "RAM"; constant strings. */
const char *profile__level_name(bench_level level);

#endif
