/* Numbers that are measured again and again, and their quantiles. */
#ifndef PERF_BENCH_SAMPLES_H
#define PERF_BENCH_SAMPLES_H

#include <stddef.h>

/* Zero: empty. */
typedef struct bench_samples {
    double *values;
    size_t count, capacity;
} bench_samples;

/* Returns 0 when memory is short. */
int bench__samples_add(bench_samples *samples, double value);
/* The value that a share q of the samples stays at or below, between neighbours by proportion; 0
 * without samples. Sorts the samples. */
double bench__samples_quantile(bench_samples *samples, double q);
void bench__samples_free(bench_samples *samples);

#endif
