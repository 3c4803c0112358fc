/* The kernels that look at a whole row: layer normalisation and softmax. */
#include "checkkern.h"

#include <float.h>
#include <math.h>

/* The bound of kernels.h, term by term: m is the error of the mean, by which every x - mean is off;
 * the variance is off by its own roundings and, the sum of x - mean no longer being 0, by m^2. */
static void oracle_row(double *want, double *bound, const float *x, const float *gain,
                       const float *shift, size_t n, double eps)
{
    double sum = 0.0, size = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i];
        size += fabs((double)x[i]);
    }
    const double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) squares += ((double)x[i] - mean) * ((double)x[i] - mean);
    const double f = 1.0 / sqrt(squares / (double)n + eps);
    const double m = (ADDITIONS(n) + 2.0) * (ROUNDING * size / (double)n + DENORMAL);
    const double relative = (ADDITIONS(n) + 8.0) * ROUNDING + f * f * m * m / 2.0;
    const bool overflow = size > (double)FLT_MAX || squares > (double)FLT_MAX;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)x[i] - mean, g = fabs((double)gain[i]);
        want[i] = d * f * (double)gain[i] + (double)shift[i];
        bound[i] = g * (f * (m + fabs(d) * relative) + DENORMAL) +
                   2.0 * ROUNDING * (fabs(want[i]) + fabs((double)shift[i])) + DENORMAL;
        if (isfinite(size) && overflow)
            bound[i] = INFINITY;
        else if (!isfinite(want[i]))
            bound[i] = 0.0;
    }
}

static void call_layernorm(const gte__kernels *k, float *const *a, size_t n, float p)
{
    k->f32_layernorm(a[0], a[1], a[2], a[3], n, p);
}

static void oracle_layernorm(double *want, double *bound, const float *const *a, size_t n, float p)
{
    oracle_row(want, bound, a[1], a[2], a[3], n, (double)p);
}

const check check_f32_layernorm = {.name = "f32_layernorm",
                                   .arrays = 4,
                                   .may_be = 1u << 1,
                                   .params = 2,
                                   .param = {1e-12f, 1e-5f},
                                   .call = call_layernorm,
                                   .oracle = oracle_layernorm};

static void call_softmax(const gte__kernels *k, float *const *a, size_t n, float p)
{
    k->f32_softmax(a[0], p, n);
}

static void oracle_softmax(double *want, double *bound, const float *const *a, size_t n, float p)
{
    double max = -INFINITY, sum = 0.0;
    for (size_t i = 0; i < n; i++) max = fmax(max, (double)a[0][i]);
    for (size_t i = 0; i < n; i++) {
        want[i] = exp((double)p * ((double)a[0][i] - max));
        sum += want[i];
    }
    for (size_t i = 0; i < n; i++) {
        const double y = (double)p * ((double)a[0][i] - max);
        want[i] /= sum;
        bound[i] = 0x1p-124;
        if (want[i] > 0.0) bound[i] += want[i] * (ADDITIONS(n) + 16.0 + 3.0 * fabs(y)) * ROUNDING;
    }
}

const check check_f32_softmax = {.name = "f32_softmax",
                                 .arrays = 1,
                                 .updates = true,
                                 .params = 6,
                                 .param = {0.125f, 1.0f, 0.17677669f, 20.0f, 0x1p-64f, 0x1p64f},
                                 .call = call_softmax,
                                 .oracle = oracle_softmax};
