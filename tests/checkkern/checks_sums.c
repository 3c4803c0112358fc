/* The element-wise kernels and the dot product. Where the contract says exact, the sum or product
 * of two f32 is rounded from double: exact there, so that the rounding is the only one. */
#include "checkkern.h"

#include <float.h>
#include <math.h>

static void call_add3(const gte__kernels *k, float *const *a, size_t n, float p)
{
    (void)p;
    k->f32_add3(a[0], a[1], a[2], a[3], n);
}

static void oracle_add3(double *want, double *bound, const float *const *a, size_t n, float p)
{
    (void)p;
    for (size_t i = 0; i < n; i++) {
        const double x = (double)a[1][i], y = (double)a[2][i], z = (double)a[3][i];
        const double size = fabs(x) + fabs(y) + fabs(z);
        want[i] = x + y + z;
        bound[i] = isfinite(size) && size > (double)FLT_MAX ? INFINITY : 2.0 * ROUNDING * size;
        if (isinf(size)) bound[i] = 0.0; /* then NaN or an infinity is asked for, exactly */
    }
}

const check check_f32_add3 = {.name = "f32_add3",
                              .arrays = 4,
                              .may_be = 1u << 1 | 1u << 2 | 1u << 3,
                              .call = call_add3,
                              .oracle = oracle_add3};

static void call_bias(const gte__kernels *k, float *const *a, size_t n, float p)
{
    (void)p;
    k->f32_bias(a[0], a[1], n);
}

static void call_accumulate(const gte__kernels *k, float *const *a, size_t n, float p)
{
    (void)p;
    k->f32_accumulate(a[0], a[1], n);
}

static void oracle_sum(double *want, double *bound, const float *const *a, size_t n, float p)
{
    (void)p;
    for (size_t i = 0; i < n; i++) {
        want[i] = (double)(float)((double)a[0][i] + (double)a[1][i]);
        bound[i] = 0.0;
    }
}

const check check_f32_bias = {
    .name = "f32_bias", .arrays = 2, .updates = true, .call = call_bias, .oracle = oracle_sum};

const check check_f32_accumulate = {.name = "f32_accumulate",
                                    .arrays = 2,
                                    .updates = true,
                                    .call = call_accumulate,
                                    .oracle = oracle_sum};

static void call_scale(const gte__kernels *k, float *const *a, size_t n, float p)
{
    k->f32_scale(a[0], p, n);
}

static void oracle_scale(double *want, double *bound, const float *const *a, size_t n, float p)
{
    for (size_t i = 0; i < n; i++) {
        want[i] = (double)(float)((double)a[0][i] * (double)p);
        bound[i] = 0.0;
    }
}

const check check_f32_scale = {.name = "f32_scale",
                               .arrays = 1,
                               .updates = true,
                               .params = 4,
                               .param = {1.0f, 0.3f, -1e20f, 1e-30f},
                               .call = call_scale,
                               .oracle = oracle_scale};

static void call_dot(const gte__kernels *k, float *const *a, size_t n, float p)
{
    (void)p;
    a[0][0] = k->f32_dot(a[1], a[2], n);
}

/* Error: D roundings of sums that are at most sum |a b|, and one of a denormal each. */
static void oracle_dot(double *want, double *bound, const float *const *a, size_t n, float p)
{
    (void)p;
    double sum = 0.0, size = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double product = (double)a[1][i] * (double)a[2][i];
        sum += product;
        size += fabs(product);
    }
    want[0] = sum;
    bound[0] = ADDITIONS(n) * ROUNDING * size + (double)(n + 1) * DENORMAL;
    if (!isfinite(size))
        bound[0] = 0.0;
    else if (size > (double)FLT_MAX)
        bound[0] = INFINITY;
}

const check check_f32_dot = {
    .name = "f32_dot", .arrays = 3, .one_result = true, .call = call_dot, .oracle = oracle_dot};
