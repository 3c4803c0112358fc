/* Sums and scaling, element by element: the definition. */
#include "kernels_scalar.h"

void gte__f32_add3_scalar(float *out, const float *a, const float *b, const float *c, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = a[i] + b[i] + c[i];
}

void gte__f32_bias_scalar(float *x, const float *bias, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] += bias[i];
}

void gte__f32_accumulate_scalar(float *acc, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) acc[i] += x[i];
}

void gte__f32_scale_scalar(float *x, float s, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] *= s;
}
