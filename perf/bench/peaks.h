/* The probes of a run: samples are taken again and again between the measurements, and a rate is
 * compared with their median, so that a clock that drifts does so on both sides. */
#ifndef PERF_BENCH_PEAKS_H
#define PERF_BENCH_PEAKS_H

#include "probe.h"
#include "samples.h"

enum { BENCH_MAX_THREAD_COUNTS = 17 };

typedef struct bench_peaks {
    int threads[BENCH_MAX_THREAD_COUNTS]; /* thread counts that are probed; the first is 1 */
    size_t thread_counts;
    bench_samples units[BENCH_UNITS][BENCH_MAX_THREAD_COUNTS];
    bench_samples levels[BENCH_LEVELS][BENCH_MAX_THREAD_COUNTS];
    bench_samples clock;
    bench_memory *memory;
} bench_peaks;

/* For 1 thread and those of `threads`. Returns 0 when memory is short. */
int bench__peaks_open(bench_peaks *peaks, const int *threads, size_t count);
void bench__peaks_close(bench_peaks *peaks);

/* One sample; 0 when memory or threads are short. The bandwidth of BENCH_DRAM empties the caches
 * of what was there. */
int bench__peaks_probe(bench_peaks *peaks, bench_unit unit, int threads);
int bench__peaks_probe_level(bench_peaks *peaks, bench_level level, int threads);
/* One of everything that is here. */
int bench__peaks_probe_all(bench_peaks *peaks);

/* Medians: operations per second, bytes per second, cycles per second; 0 without samples. */
double bench__peak(bench_peaks *peaks, bench_unit unit, int threads);
double bench__bandwidth(bench_peaks *peaks, bench_level level, int threads);
double bench__clock(bench_peaks *peaks);

#endif
