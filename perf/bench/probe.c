/* Which instruction stands for which kernel, and timing the loops. */
#include "probe.h"

#include <string.h>

#include "crew.h"
#include "probe_units.h"
#include "stopwatch.h"

#define SAMPLE_SECONDS 1e-3

const char *bench__unit_name(bench_unit unit)
{
    static const char *const names[BENCH_UNITS] = {
        "f32 plain C",         "f32 fma ymm",       "f32 fma zmm",      "bf16 vdpbf16ps zmm",
        "int8 vpmaddubsw ymm", "int8 vpdpbusd ymm", "int8 vpdpbusd zmm"};
    return (unsigned)unit < BENCH_UNITS ? names[unit] : "unknown";
}

bool bench__unit_here(bench_unit unit)
{
    return unit == BENCH_UNIT_PLAIN || bench__unit_on_x86(unit);
}

bench_unit bench__unit_of(const char *dtype, const char *isa)
{
    const bool zmm = strncmp(isa, "avx512", 6) == 0, ymm = strncmp(isa, "avx", 3) == 0;
    bench_unit unit = zmm ? BENCH_UNIT_FMA_ZMM : ymm ? BENCH_UNIT_FMA_YMM : BENCH_UNIT_PLAIN;
    if (strcmp(dtype, "bf16") == 0 && strcmp(isa, "avx512bf16") == 0) unit = BENCH_UNIT_BF16_ZMM;
    if (strcmp(dtype, "int8") == 0 && ymm) {
        unit = BENCH_UNIT_MADD_YMM;
        if (strcmp(isa, "avxvnni") == 0) unit = BENCH_UNIT_VNNI_YMM;
        if (strcmp(isa, "avx512vnni") == 0 || strcmp(isa, "avx512bf16") == 0)
            unit = BENCH_UNIT_VNNI_ZMM;
    }
    return bench__unit_here(unit) ? unit : BENCH_UNIT_PLAIN;
}

bench_unit bench__unit_best_f32(void)
{
    if (bench__unit_here(BENCH_UNIT_FMA_ZMM)) return BENCH_UNIT_FMA_ZMM;
    return bench__unit_here(BENCH_UNIT_FMA_YMM) ? BENCH_UNIT_FMA_YMM : BENCH_UNIT_PLAIN;
}

static bench_loop loop_of(bench_unit unit)
{
    return unit == BENCH_UNIT_PLAIN ? bench__loop_plain() : bench__loop_x86(unit);
}

/* The first runs find out how many rounds a sample takes, and bring the clock to where it stays
 * under this load. */
static double peak_of_thread(void *arg, int thread)
{
    const bench_loop loop = *(const bench_loop *)arg;
    long rounds = 256;
    double taken = 0;
    (void)thread;
    while (taken < SAMPLE_SECONDS / 8) {
        const double start = bench__thread_seconds();
        loop.run(rounds *= 2);
        taken = bench__thread_seconds() - start;
        if (rounds > 1L << 40) return 0;
    }
    rounds = (long)((double)rounds * SAMPLE_SECONDS / taken) + 1;
    const double start = bench__thread_seconds();
    loop.run(rounds);
    taken = bench__thread_seconds() - start;
    return taken > 0 ? loop.operations * (double)rounds / taken : 0;
}

double bench__probe_peak(bench_unit unit, int threads)
{
    bench_loop loop = loop_of(unit);
    if (!bench__unit_here(unit) || !loop.run) return 0;
    return bench__crew_run(threads, peak_of_thread, &loop);
}

double bench__probe_clock(void)
{
    enum { ROUNDS = 20000, CHAIN = 16, CYCLES = 3, SAMPLES = 9 };
    double best = 0;
    for (int i = 0; i < SAMPLES; i++) {
        const double start = bench__thread_seconds();
        if (!bench__clock_chain_x86(ROUNDS)) return 0;
        const double taken = bench__thread_seconds() - start;
        const double rate = taken > 0 ? (double)ROUNDS * CHAIN * CYCLES / taken : 0;
        if (rate > best) best = rate;
    }
    return best;
}
