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

INLINE gte__row_scale scale_between(float low, float high)
{
    return (gte__row_scale){(high - low) / 255, low};
}

/* 64 values in 0..255 as bytes. Packing works within 128-bit lanes: 32-bit groups a0 b0 c0 d0 a1 b1
 * ... come out. */
INLINE __m512i pack(const __m512i q[4])
{
    const __m512i order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    const __m512i ab = _mm512_packus_epi32(q[0], q[1]), cd = _mm512_packus_epi32(q[2], q[3]);
    return _mm512_permutexvar_epi32(order, _mm512_packus_epi16(ab, cd));
}

/* The last, up to 16. */
INLINE void store_part(uint8_t *q, __mmask16 k, __m512i x)
{
    const __m512i bounded = _mm512_max_epi32(x, _mm512_setzero_si512());
    _mm512_mask_cvtusepi32_storeu_epi8(q, k, bounded);
}

INLINE void row_quantise(uint8_t *q, const float *x, size_t n, gte__row_scale scale)
{
    const float inverse = scale.scale > 0 ? 1 / scale.scale : 0;
    const __m512 by = _mm512_set1_ps(inverse), plus = _mm512_set1_ps(-scale.offset * inverse);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        __m512i part[4];
        for (size_t j = 0; j < 4; j++)
            part[j] = quantise(_mm512_loadu_ps(x + i + 16 * j), by, plus);
        _mm512_storeu_si512(q + i, pack(part));
    }
    for (; i < n; i += 16) {
        const __mmask16 k = lanes(n - i);
        store_part(q + i, k, quantise(_mm512_maskz_loadu_ps(k, x + i), by, plus));
    }
}

/* The least and the largest so far, in four chains each. */
typedef struct range {
    __m512 low[4], high[4];
} range;

INLINE range range_none(void)
{
    const __m512 low = _mm512_set1_ps(INFINITY), high = _mm512_set1_ps(-INFINITY);
    return (range){{low, low, low, low}, {high, high, high, high}};
}

INLINE void range_add(range *r, size_t chain, __mmask16 k, __m512 x)
{
    r->low[chain] = _mm512_mask_min_ps(r->low[chain], k, r->low[chain], x);
    r->high[chain] = _mm512_mask_max_ps(r->high[chain], k, r->high[chain], x);
}

INLINE gte__row_scale range_scale(const range *r)
{
    const __m512 low =
        _mm512_min_ps(_mm512_min_ps(r->low[0], r->low[1]), _mm512_min_ps(r->low[2], r->low[3]));
    const __m512 high =
        _mm512_max_ps(_mm512_max_ps(r->high[0], r->high[1]), _mm512_max_ps(r->high[2], r->high[3]));
    return scale_between(_mm512_reduce_min_ps(low), _mm512_reduce_max_ps(high));
}

INLINE void row_to_u8(const float *x, size_t n, const gte__row_copy *copy)
{
    range r = range_none();
    size_t i = 0;
    for (; i + 64 <= n; i += 64)
        for (size_t j = 0; j < 4; j++) range_add(&r, j, 0xffff, _mm512_loadu_ps(x + i + 16 * j));
    for (; i < n; i += 16)
        range_add(&r, 0, lanes(n - i), _mm512_maskz_loadu_ps(lanes(n - i), x + i));
    const gte__row_scale scale = range_scale(&r); /* data may begin where x does */
    row_quantise(copy->data, x, n, scale);
    *copy->scale = scale;
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
    const float share = 1.0f / (float)n;
    const float mean = row_sum(x, n, 0, false) * share;
    const float variance = row_sum(x, n, mean, true) * share;
    return (normal){_mm512_set1_ps(mean), _mm512_set1_ps(1 / sqrtf(variance + eps))};
}

/* (x - mean) for 16 columns or fewer */
INLINE __m512 centred(const float *x, __mmask16 k, normal r)
{
    return _mm512_sub_ps(_mm512_maskz_loadu_ps(k, x), r.mean);
}

/* The range of z gain. */
INLINE gte__row_scale gain_range(const float *x, const float *gain, size_t n, normal r)
{
    range all = range_none();
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        for (size_t j = 0; j < 4; j++) {
            const size_t at = i + 16 * j;
            const __m512 by = _mm512_mul_ps(_mm512_loadu_ps(gain + at), r.by);
            range_add(&all, j, 0xffff, _mm512_mul_ps(centred(x + at, 0xffff, r), by));
        }
    }
    for (; i < n; i += 16) {
        const __mmask16 k = lanes(n - i);
        const __m512 by = _mm512_mul_ps(_mm512_maskz_loadu_ps(k, gain + i), r.by);
        range_add(&all, 0, k, _mm512_mul_ps(centred(x + i, k, r), by));
    }
    return range_scale(&all);
}

/* What both results of a row are made with. */
typedef struct apart {
    const float *gain, *shift, *copy_gain;
    normal r;
    __m512 by, plus; /* of the copy */
} apart;

/* x = z gain + shift in its place; returns z copy_gain, quantised. */
INLINE __m512i apart_step(float *x, const apart *p, size_t i, __mmask16 k)
{
    const __m512 d = centred(x + i, k, p->r);
    const __m512 gain = _mm512_mul_ps(_mm512_maskz_loadu_ps(k, p->gain + i), p->r.by);
    const __m512 copy_gain = _mm512_mul_ps(_mm512_maskz_loadu_ps(k, p->copy_gain + i), p->by);
    _mm512_mask_storeu_ps(x + i, k,
                          _mm512_fmadd_ps(d, gain, _mm512_maskz_loadu_ps(k, p->shift + i)));
    return quantise(d, copy_gain, p->plus);
}

/* x = z gain + shift, and the copy of z copy->gain, in one pass. */
INLINE void layernorm_apart(float *x, const float *gain, const float *shift, size_t n, normal r,
                            const gte__row_copy *copy)
{
    const gte__row_scale scale = gain_range(x, copy->gain, n, r);
    const float inverse = scale.scale > 0 ? 1 / scale.scale : 0;
    const apart p = {gain,
                     shift,
                     copy->gain,
                     r,
                     _mm512_mul_ps(r.by, _mm512_set1_ps(inverse)),
                     _mm512_set1_ps(-scale.offset * inverse)};
    uint8_t *q = copy->data;
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        __m512i part[4];
        for (size_t j = 0; j < 4; j++) part[j] = apart_step(x, &p, i + 16 * j, 0xffff);
        _mm512_storeu_si512(q + i, pack(part));
    }
    for (; i < n; i += 16) {
        const __mmask16 k = lanes(n - i);
        store_part(q + i, k, apart_step(x, &p, i, k));
    }
    *copy->scale = scale;
}

#endif
