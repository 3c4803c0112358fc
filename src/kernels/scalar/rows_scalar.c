/* Rows between products, in plain C: the definition that every instruction set is checked against
 * (kernels/rows.h has the contract). */
#include "kernels/rows.h"

#include <math.h>

#include "bf16_scalar.h"
#include "kernels_scalar.h"

/* To the nearest step of the range that begins at scale.offset. */
static uint8_t quantise(float x, gte__row_scale scale)
{
    if (!(scale.scale > 0)) return 0;
    const float step = nearbyintf((x - scale.offset) / scale.scale);
    if (!(step > 0)) return 0;
    if (step >= 255) return 255;
    return (uint8_t)step;
}

static void row_copy(const float *x, size_t n, const gte__row_copy *copy)
{
    float low = INFINITY, high = -INFINITY;
    uint16_t *narrow = copy->data;
    uint8_t *q = copy->data;
    if (copy->type == GTE__ELEMENT_BF16)
        for (size_t i = 0; i < n; i++) narrow[i] = bf16_round(x[i]);
    if (copy->type != GTE__ELEMENT_INT8) return;
    for (size_t i = 0; i < n; i++) {
        low = fminf(low, x[i]);
        high = fmaxf(high, x[i]);
    }
    *copy->scale = (gte__row_scale){(high - low) / 255, low};
    for (size_t i = 0; i < n; i++) q[i] = quantise(x[i], *copy->scale);
}

/* The copy of z copy->gain, of a row before its norm. */
static void copy_apart(const float *x, size_t n, float eps, const gte__row_copy *copy)
{
    double mean = 0, squares = 0;
    float low = INFINITY, high = -INFINITY;
    uint8_t *q = copy->data;
    for (size_t i = 0; i < n; i++) mean += (double)x[i] / (double)n;
    for (size_t i = 0; i < n; i++) squares += ((double)x[i] - mean) * ((double)x[i] - mean);
    const double by = 1 / sqrt(squares / (double)n + (double)eps);
    for (size_t i = 0; i < n; i++) {
        const float y = (float)(((double)x[i] - mean) * by) * copy->gain[i];
        low = fminf(low, y);
        high = fmaxf(high, y);
    }
    *copy->scale = (gte__row_scale){(high - low) / 255, low};
    for (size_t i = 0; i < n; i++)
        q[i] = quantise((float)(((double)x[i] - mean) * by) * copy->gain[i], *copy->scale);
}

static void layernorm(float *x, const float *gain, const float *shift, size_t n, float eps,
                      const gte__row_copy *copy)
{
    if (copy->gain) copy_apart(x, n, eps, copy);
    gte__f32_layernorm_scalar(x, x, gain, shift, n, eps);
    if (!copy->gain) row_copy(x, n, copy);
}

/* A NaN is passed on: as the scale. */
static void quantise_gelu(uint8_t *q, gte__row_scale *scale, const uint16_t *x, size_t n)
{
    float top = 0;
    for (size_t i = 0; i < n; i++) {
        const float y = bf16_widen(x[i]);
        if (y > top || isnan(y)) top = y;
        if (isnan(top)) break;
    }
    *scale = (gte__row_scale){(top - GTE__GELU_LOW) / 255, GTE__GELU_LOW};
    for (size_t i = 0; i < n; i++) q[i] = quantise(bf16_widen(x[i]), *scale);
}

const gte__row_kernels gte__rows_scalar = {
    .isa = "scalar",
    .layernorm = layernorm,
    .copy = row_copy,
    .quantise_gelu = quantise_gelu,
};
