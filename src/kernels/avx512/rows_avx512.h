/* Rows to u8 on AVX-512: what the files of rows with and without BF16 share. */
#ifndef GTE_KERNELS_ROWS_AVX512_H
#define GTE_KERNELS_ROWS_AVX512_H

#include "kernels/rows.h"

#include <immintrin.h>
#include <math.h>

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

#endif
