/* The probes of perf/bench, sampled for the context that is profiled. */
#include "perf/profile/roofs.h"

#include <stdint.h>
#include <string.h>

#include "perf/bench/processor.h"

/* The best of some samples: what other processes take away is no property of the machine. */
#define SAMPLES 7

#define MIB ((size_t)1 << 20)

const char *profile__level_name(bench_level level)
{
    static const char *const names[BENCH_LEVELS] = {"L2", "L3", "RAM"};
    return (unsigned)level < BENCH_LEVELS ? names[level] : "unknown";
}

static void choose_units(bench_unit *unit, const gte_model_info *model, const gte_runtime *runtime,
                         const gte_context_info *context)
{
    unit[PROFILE_ELEMENTS] = bench__unit_of("f32", runtime->isa);
    if (strcmp(context->backend, "openblas") == 0) {
        unit[PROFILE_LINEAR] = unit[PROFILE_ATTENTION] = bench__unit_best_f32();
        return;
    }
    /* int8 is for weights: activations among themselves are multiplied as in a bf16 model */
    const char *among = strcmp(model->dtype, "int8") == 0 ? "bf16" : model->dtype;
    unit[PROFILE_LINEAR] = bench__unit_of(model->dtype, runtime->isa);
    unit[PROFILE_ATTENTION] = bench__unit_of(among, runtime->isa);
}

static double best_peak(bench_unit unit, int threads)
{
    double best = 0;
    for (int i = 0; i < SAMPLES; i++) {
        const double rate = bench__probe_peak(unit, threads) / threads;
        if (rate > best) best = rate;
    }
    return best;
}

static double best_bandwidth(bench_memory *memory, bench_level level, int threads)
{
    const int samples = level == BENCH_DRAM ? 3 : SAMPLES;
    double best = 0;
    for (int i = 0; i < samples; i++) {
        const double rate = bench__probe_bandwidth(memory, level, threads) / threads;
        if (rate > best) best = rate;
    }
    return best;
}

void profile__roofs_measure(profile_roofs *out, const gte_model_info *model,
                            const gte_runtime *runtime, const gte_context_info *context)
{
    const int threads = context->threads;
    memset(out, 0, sizeof *out);
    bench__processor_name(out->processor, sizeof out->processor);
    choose_units(out->unit, model, runtime, context);
    for (int i = 0; i < PROFILE_KINDS; i++) {
        for (int k = 0; k < i && out->peak[i] <= 0; k++)
            if (out->unit[k] == out->unit[i]) out->peak[i] = out->peak[k];
        if (out->peak[i] <= 0) out->peak[i] = best_peak(out->unit[i], threads);
    }
    out->cache[BENCH_L2] = bench__cache_size(2, MIB);
    out->cache[BENCH_L3] = bench__cache_size(3, 8 * MIB);
    out->cache[BENCH_DRAM] = SIZE_MAX;
    bench_memory *memory = bench__memory_create(threads);
    for (int i = 0; memory && i < BENCH_LEVELS; i++)
        out->bandwidth[i] = best_bandwidth(memory, (bench_level)i, threads);
    bench__memory_free(memory);
}
