/* Rows to u8 on AVX-512: what the files of rows with and without BF16 share. */
#ifndef GTE_KERNELS_ROWS_AVX512_H
#define GTE_KERNELS_ROWS_AVX512_H

#include "kernels/rows.h"

#include <immintrin.h>
#include <math.h>
#include <stdbool.h>

#define INLINE static inline __attribute__((always_inline))

INLINE __mmask16 lanes(size_t left)
{
    return (__mmask16)(left < 16 ? (1u << left) - 1 : 0xffffu);
}

INLINE __m512i quantise(__m512 x, __m512 by, __m512 plus)
{
    return _mm512_cvtps_epi32(_mm512_fmadd_ps(x, by, plus));
}

INLINE gte__row_scale range_scale(float low, float high)
{
    return (gte__row_scale){(high - low) / 255, low};
}

INLINE void row_quantise(uint8_t *q, const float *x, size_t n, gte__row_scale scale)
{
    const float inverse = scale.scale > 0 ? 1 / scale.scale : 0;
    const __m512 by = _mm512_set1_ps(inverse), plus = _mm512_set1_ps(-scale.offset * inverse);
    /* packing works within 128-bit lanes: 32-bit groups a0 b0 c0 d0 a1 b1 ... come out */
    const __m512i order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        const __m512i a = quantise(_mm512_loadu_ps(x + i), by, plus);
        const __m512i b = quantise(_mm512_loadu_ps(x + i + 16), by, plus);
        const __m512i c = quantise(_mm512_loadu_ps(x + i + 32), by, plus);
        const __m512i d = quantise(_mm512_loadu_ps(x + i + 48), by, plus);
        const __m512i ab = _mm512_packus_epi32(a, b), cd = _mm512_packus_epi32(c, d);
        const __m512i mixed = _mm512_packus_epi16(ab, cd);
        _mm512_storeu_si512(q + i, _mm512_permutexvar_epi32(order, mixed));
    }
    for (; i < n; i += 16) {
        const __mmask16 k = lanes(n - i);
        const __m512i a = quantise(_mm512_maskz_loadu_ps(k, x + i), by, plus);
        const __m512i bounded = _mm512_max_epi32(a, _mm512_setzero_si512());
        _mm512_mask_cvtusepi32_storeu_epi8(q + i, k, bounded);
    }
}

INLINE void row_to_u8(const float *x, size_t n, const gte__row_copy *copy)
{
    __m512 low = _mm512_set1_ps(INFINITY), high = _mm512_set1_ps(-INFINITY);
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 k = lanes(n - i);
        const __m512 y = _mm512_maskz_loadu_ps(k, x + i);
        low = _mm512_mask_min_ps(low, k, low, y);
        high = _mm512_mask_max_ps(high, k, high, y);
    }
    *copy->scale = range_scale(_mm512_reduce_min_ps(low), _mm512_reduce_max_ps(high));
    row_quantise(copy->data, x, n, *copy->scale);
}

/* Sum of x, or of (x - m)^2; four chains, since an addition takes three cycles. */
INLINE float row_sum(const float *x, size_t n, float m, bool square)
{
    const __m512 mean = _mm512_set1_ps(m);
    __m512 sum[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                     _mm512_setzero_ps()};
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        for (size_t j = 0; j < 4; j++) {
            const __m512 y = _mm512_loadu_ps(x + i + 16 * j), d = _mm512_sub_ps(y, mean);
            sum[j] = square ? _mm512_fmadd_ps(d, d, sum[j]) : _mm512_add_ps(sum[j], y);
        }
    }
    for (; i < n; i += 16) {
        const __mmask16 k = lanes(n - i);
        const __m512 y = _mm512_maskz_loadu_ps(k, x + i), d = _mm512_maskz_sub_ps(k, y, mean);
        sum[0] = square ? _mm512_fmadd_ps(d, d, sum[0]) : _mm512_add_ps(sum[0], y);
    }
    const __m512 low = _mm512_add_ps(sum[0], sum[1]), high = _mm512_add_ps(sum[2], sum[3]);
    return _mm512_reduce_add_ps(_mm512_add_ps(low, high));
}

/* A row between its statistics and its end: z = (x - mean) by. */
typedef struct normal {
    __m512 mean, by;
} normal;

INLINE normal normal_of(const float *x, size_t n, float eps)
{
    const float mean = row_sum(x, n, 0, false) / (float)n;
    const float variance = row_sum(x, n, mean, true) / (float)n;
    return (normal){_mm512_set1_ps(mean), _mm512_set1_ps(1 / sqrtf(variance + eps))};
}

/* The range of z gain. */
INLINE gte__row_scale gain_range(const float *x, const float *gain, size_t n, normal r)
{
    __m512 low = _mm512_set1_ps(INFINITY), high = _mm512_set1_ps(-INFINITY);
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 k = lanes(n - i);
        const __m512 z =
            _mm512_mul_ps(_mm512_sub_ps(_mm512_maskz_loadu_ps(k, x + i), r.mean), r.by);
        const __m512 y = _mm512_mul_ps(z, _mm512_maskz_loadu_ps(k, gain + i));
        low = _mm512_mask_min_ps(low, k, low, y);
        high = _mm512_mask_max_ps(high, k, high, y);
    }
    return range_scale(_mm512_reduce_min_ps(low), _mm512_reduce_max_ps(high));
}

/* x = z gain + shift, and the copy of z copy->gain, in one pass. */
INLINE void layernorm_apart(float *x, const float *gain, const float *shift, size_t n, normal r,
                            const gte__row_copy *copy)
{
    const gte__row_scale scale = gain_range(x, copy->gain, n, r);
    const float inverse = scale.scale > 0 ? 1 / scale.scale : 0;
    const __m512 by = _mm512_mul_ps(r.by, _mm512_set1_ps(inverse));
    const __m512 plus = _mm512_set1_ps(-scale.offset * inverse);
    uint8_t *q = copy->data;
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 k = lanes(n - i);
        const __m512 d = _mm512_sub_ps(_mm512_maskz_loadu_ps(k, x + i), r.mean);
        const __m512 y = _mm512_fmadd_ps(_mm512_mul_ps(d, r.by), _mm512_maskz_loadu_ps(k, gain + i),
                                         _mm512_maskz_loadu_ps(k, shift + i));
        const __m512 g = _mm512_mul_ps(_mm512_maskz_loadu_ps(k, copy->gain + i), by);
        const __m512i a = _mm512_max_epi32(quantise(d, g, plus), _mm512_setzero_si512());
        _mm512_mask_storeu_ps(x + i, k, y);
        _mm512_mask_cvtusepi32_storeu_epi8(q + i, k, a);
    }
    *copy->scale = scale;
}

#endif
