/* The samples of peaks.h. */
#include "peaks.h"

#include <string.h>

int bench__peaks_open(bench_peaks *peaks, const int *threads, size_t count)
{
    int most = 1;
    memset(peaks, 0, sizeof *peaks);
    peaks->threads[peaks->thread_counts++] = 1;
    for (size_t i = 0; i < count; i++) {
        if (threads[i] > most) most = threads[i];
        bool known = peaks->thread_counts == BENCH_MAX_THREAD_COUNTS;
        for (size_t j = 0; j < peaks->thread_counts; j++) known |= peaks->threads[j] == threads[i];
        if (!known) peaks->threads[peaks->thread_counts++] = threads[i];
    }
    peaks->memory = bench__memory_create(most);
    return peaks->memory != NULL;
}

void bench__peaks_close(bench_peaks *peaks)
{
    for (size_t t = 0; t < BENCH_MAX_THREAD_COUNTS; t++) {
        for (int u = 0; u < BENCH_UNITS; u++) bench__samples_free(&peaks->units[u][t]);
        for (int l = 0; l < BENCH_LEVELS; l++) bench__samples_free(&peaks->levels[l][t]);
    }
    bench__samples_free(&peaks->clock);
    bench__memory_free(peaks->memory);
    memset(peaks, 0, sizeof *peaks);
}

static size_t place_of(const bench_peaks *peaks, int threads)
{
    size_t i = 0;
    while (i + 1 < peaks->thread_counts && peaks->threads[i] != threads) i++;
    return i;
}

static int keep(bench_samples *samples, double rate)
{
    return rate > 0 && bench__samples_add(samples, rate);
}

int bench__peaks_probe(bench_peaks *peaks, bench_unit unit, int threads)
{
    return keep(&peaks->units[unit][place_of(peaks, threads)], bench__probe_peak(unit, threads));
}

int bench__peaks_probe_level(bench_peaks *peaks, bench_level level, int threads)
{
    return keep(&peaks->levels[level][place_of(peaks, threads)],
                bench__probe_bandwidth(peaks->memory, level, threads));
}

int bench__peaks_probe_all(bench_peaks *peaks)
{
    const double clock = bench__probe_clock();
    if (clock > 0 && !bench__samples_add(&peaks->clock, clock)) return 0;
    for (size_t t = 0; t < peaks->thread_counts; t++) {
        const int threads = peaks->threads[t];
        for (int u = 0; u < BENCH_UNITS; u++)
            if (bench__unit_here((bench_unit)u) &&
                !bench__peaks_probe(peaks, (bench_unit)u, threads))
                return 0;
        for (int l = 0; l < BENCH_LEVELS; l++)
            if (!bench__peaks_probe_level(peaks, (bench_level)l, threads)) return 0;
    }
    return 1;
}

double bench__peak(bench_peaks *peaks, bench_unit unit, int threads)
{
    return bench__samples_quantile(&peaks->units[unit][place_of(peaks, threads)], 0.5);
}

double bench__bandwidth(bench_peaks *peaks, bench_level level, int threads)
{
    return bench__samples_quantile(&peaks->levels[level][place_of(peaks, threads)], 0.5);
}

double bench__clock(bench_peaks *peaks)
{
    return bench__samples_quantile(&peaks->clock, 0.5);
}
