/* Quantiles for samples.h. */
#include "samples.h"

#include <stdlib.h>

int bench__samples_add(bench_samples *samples, double value)
{
    if (samples->count == samples->capacity) {
        const size_t capacity = samples->capacity ? 2 * samples->capacity : 64;
        double *values = realloc(samples->values, capacity * sizeof *values);
        if (!values) return 0;
        samples->values = values;
        samples->capacity = capacity;
    }
    samples->values[samples->count++] = value;
    return 1;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench__samples_quantile(bench_samples *samples, double q)
{
    if (!samples->count) return 0;
    qsort(samples->values, samples->count, sizeof *samples->values, ascending);
    const double place = q * (double)(samples->count - 1);
    const size_t low = (size_t)place, high = low + 1 < samples->count ? low + 1 : low;
    const double part = place - (double)low;
    return samples->values[low] * (1 - part) + samples->values[high] * part;
}

void bench__samples_free(bench_samples *samples)
{
    free(samples->values);
    *samples = (bench_samples){0};
}
