/* Both forms of GELU, against libm's double erfc and tanh. */
#include "checkkern.h"

#include <math.h>

/* kernels.h: within 1e-6 max(1, |v|). */
static double gelu_bound(double v)
{
    return isfinite(v) ? 1e-6 * fmax(1.0, fabs(v)) : 0.0;
}

static void call_erf(const gte__kernels *k, float *const *a, size_t n, float p)
{
    (void)p;
    k->f32_bias_gelu_erf(a[0], a[1], n);
}

/* 1 + erf(z) = erfc(-z) keeps its precision where v is negative. */
static void oracle_erf(double *want, double *bound, const float *const *a, size_t n, float p)
{
    (void)p;
    for (size_t i = 0; i < n; i++) {
        const double v = (double)(float)((double)a[0][i] + (double)a[1][i]);
        want[i] = 0.5 * v * erfc(-v * 0.70710678118654752440);
        bound[i] = gelu_bound(v);
    }
}

const check check_f32_bias_gelu_erf = {.name = "f32_bias_gelu_erf",
                                       .arrays = 2,
                                       .updates = true,
                                       .call = call_erf,
                                       .oracle = oracle_erf};

static void call_tanh(const gte__kernels *k, float *const *a, size_t n, float p)
{
    (void)p;
    k->f32_bias_gelu_tanh(a[0], a[1], n);
}

static void oracle_tanh(double *want, double *bound, const float *const *a, size_t n, float p)
{
    (void)p;
    for (size_t i = 0; i < n; i++) {
        const double v = (double)(float)((double)a[0][i] + (double)a[1][i]);
        const double u = 0.79788456080286535588 * (v + 0.044715 * v * v * v);
        want[i] = 0.5 * v * (1.0 + tanh(u));
        bound[i] = gelu_bound(v);
    }
}

const check check_f32_bias_gelu_tanh = {.name = "f32_bias_gelu_tanh",
                                        .arrays = 2,
                                        .updates = true,
                                        .call = call_tanh,
                                        .oracle = oracle_tanh};
