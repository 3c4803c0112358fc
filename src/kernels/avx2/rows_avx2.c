/* Rows to u8 on AVX2 (kernels/rows.h); wide activations are f32 at this level, so there are no bf16
 * copies. */
#include "kernels/rows.h"

#include <math.h>
#include <string.h>

#include "kernels_avx2.h"
#include "sums_avx2.h"

/* x at n, or `absent` in the lanes past the row. */
static inline __m256 load(const float *x, size_t left, __m256 absent)
{
    if (left >= LANES) return _mm256_loadu_ps(x);
    const __m256i m = first_lanes(left);
    return _mm256_blendv_ps(absent, _mm256_maskload_ps(x, m), _mm256_castsi256_ps(m));
}

static inline gte__row_scale range_scale(__m256 low, __m256 high)
{
    const float least = -max_lanes(_mm256_sub_ps(_mm256_setzero_ps(), low));
    return (gte__row_scale){(max_lanes(high) - least) / 255, least};
}

static gte__row_scale row_range(const float *x, size_t n)
{
    __m256 low = _mm256_set1_ps(INFINITY), high = _mm256_set1_ps(-INFINITY);
    for (size_t i = 0; i < n; i += LANES) {
        low = _mm256_min_ps(low, load(x + i, n - i, low));
        high = _mm256_max_ps(high, load(x + i, n - i, high));
    }
    return range_scale(low, high);
}

static inline __m256i quantise(const float *x, size_t left, __m256 by, __m256 plus)
{
    const __m256 y = load(x, left, _mm256_setzero_ps());
    return _mm256_cvtps_epi32(_mm256_fmadd_ps(y, by, plus));
}

/* 32 values; packing works within 128-bit lanes, a permutation puts the fours in order. */
static inline __m256i quantise_32(const float *x, size_t left, __m256 by, __m256 plus)
{
    __m256i part[4];
    for (size_t i = 0; i < 4; i++) {
        const size_t at = i * LANES < left ? i * LANES : 0, rest = left - at;
        part[i] = quantise(x + at, rest, by, plus);
    }
    const __m256i ab = _mm256_packus_epi32(part[0], part[1]);
    const __m256i cd = _mm256_packus_epi32(part[2], part[3]);
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    return _mm256_permutevar8x32_epi32(_mm256_packus_epi16(ab, cd), order);
}

static void row_quantise(uint8_t *q, const float *x, size_t n, gte__row_scale scale)
{
    const float inverse = scale.scale > 0 ? 1 / scale.scale : 0;
    const __m256 by = _mm256_set1_ps(inverse), plus = _mm256_set1_ps(-scale.offset * inverse);
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        _mm256_storeu_si256((__m256i *)(void *)(q + i), quantise_32(x + i, 32, by, plus));
    }
    if (i < n) {
        const __m256i rest = quantise_32(x + i, n - i, by, plus);
        memcpy(q + i, &rest, n - i);
    }
}

static void row_copy(const float *x, size_t n, const gte__row_copy *copy)
{
    if (copy->type != GTE__ELEMENT_INT8) return;
    *copy->scale = row_range(x, n);
    row_quantise(copy->data, x, n, *copy->scale);
}

/* x = z = (x - mean) / sqrt(var + eps) */
static void standardise(float *x, size_t n, float eps)
{
    const float mean = sum_of(x, n) / (float)n;
    const float by = 1.0f / sqrtf(squares_of(x, mean, n) / (float)n + eps);
    for (size_t i = 0; i < n; i++) x[i] = (x[i] - mean) * by;
}

/* The range of z gain. */
static gte__row_scale gain_range(const float *z, const float *gain, size_t n)
{
    const __m256 one = _mm256_set1_ps(1.0f);
    __m256 low = _mm256_set1_ps(INFINITY), high = _mm256_set1_ps(-INFINITY);
    for (size_t i = 0; i < n; i += LANES) {
        const __m256 g = load(gain + i, n - i, one);
        low = _mm256_min_ps(low, _mm256_mul_ps(load(z + i, n - i, low), g));
        high = _mm256_max_ps(high, _mm256_mul_ps(load(z + i, n - i, high), g));
    }
    return range_scale(low, high);
}

/* Of a row z: the copy of z copy->gain, and z gain + shift in its place. */
static void finish_apart(float *z, const float *gain, const float *shift, size_t n,
                         const gte__row_copy *copy)
{
    enum { BLOCK = 32 };
    const gte__row_scale scale = gain_range(z, copy->gain, n);
    uint8_t *q = copy->data;
    float part[BLOCK];
    for (size_t i = 0; i < n; i += BLOCK) {
        const size_t left = n - i < BLOCK ? n - i : BLOCK;
        for (size_t j = i; j < i + left; j++) {
            part[j - i] = z[j] * copy->gain[j];
            z[j] = z[j] * gain[j] + shift[j];
        }
        row_quantise(q + i, part, left, scale);
    }
    *copy->scale = scale;
}

static void layernorm(float *x, const float *gain, const float *shift, size_t n, float eps,
                      const gte__row_copy *copy)
{
    if (copy->type == GTE__ELEMENT_INT8 && copy->gain) {
        standardise(x, n, eps);
        finish_apart(x, gain, shift, n, copy);
        return;
    }
    gte__f32_layernorm_avx2(x, x, gain, shift, n, eps);
    row_copy(x, n, copy);
}

const gte__row_kernels gte__rows_avx2 = {.isa = "avx2", .layernorm = layernorm, .copy = row_copy};
