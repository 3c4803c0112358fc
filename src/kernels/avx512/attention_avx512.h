/* The parts of attention that the f32 and bf16 kernels share on AVX-512: transposing keys, the
 * softmax. Inlined, with the element type as a constant. */
#ifndef GTE_KERNELS_ATTENTION_AVX512_H
#define GTE_KERNELS_ATTENTION_AVX512_H

#include <immintrin.h>
#include <math.h>

#include "kernels/attention.h"

#define INLINE static inline __attribute__((always_inline))

/* 16 rows of 16 units to 16 columns of 16: unpack pairs, then quads, then whole 128-bit lanes. */
INLINE void transpose(__m512i r[16])
{
    __m512i t[16];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
        r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
        r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
        r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
    }
}

/* [keys, units] with a stride to panels [keys / 32][units][32]. */
INLINE void pack_transposed(char *out, const char *k, size_t stride, size_t keys, size_t units)
{
    const size_t padded = gte__panel_count(keys) * GTE__PANEL_COLUMNS;
    for (size_t key = 0; key < padded; key += 16) {
        const size_t rows = keys > key ? (keys - key < 16 ? keys - key : 16) : 0;
        char *panel = out + key / GTE__PANEL_COLUMNS * units * GTE__LINE_BYTES + key % 32 * 4;
        for (size_t u = 0; u < units; u += 16) {
            const size_t columns = units - u < 16 ? units - u : 16;
            const __mmask16 mask = (__mmask16)((1u << columns) - 1);
            const char *from = k + key * stride + u * 4;
            __m512i r[16];
            for (size_t i = 0; i < 16; i++) {
                r[i] = _mm512_setzero_si512();
                if (i < rows) r[i] = _mm512_maskz_loadu_epi32(mask, from + i * stride);
            }
            transpose(r);
            for (size_t i = 0; i < 16; i++) {
                if (i < columns) _mm512_store_si512(panel + (u + i) * GTE__LINE_BYTES, r[i]);
            }
        }
    }
}

/* x[i] = 2^(x[i] by - less) for `count` registers, step by step together: the chain of one is 30
 * cycles long and the scheduler holds too few of them otherwise. The exponent is at most 0.
 * Relative error 1.6e-7 (degree 5), 1.0e-4 (degree 3: a weight that is rounded to bf16, 3.9e-3).
 * Coefficients: minimax for 2^f = 1 + f q(f), |f| <= 1/2. The padding's huge
 * negative exponents are integers, so f is 0, and out of range, so the result is 0. */
INLINE void exp2_negative(__m512 *x, int count, __m512 by, __m512 less, bool coarse)
{
    static const float fine[5] = {0.693147004f, 0.240222424f, 0.0555073358f, 0.00967151299f,
                                  0.00132647273f};
    static const float rough[3] = {0.693282902f, 0.242210954f, 0.0550089292f};
    const float *c = coarse ? rough : fine;
    const int top = coarse ? 2 : 4;
    __m512 n[4], q[4];
    for (int i = 0; i < count; i++) x[i] = _mm512_fmsub_ps(x[i], by, less);
    for (int i = 0; i < count; i++) n[i] = _mm512_roundscale_ps(x[i], _MM_FROUND_TO_NEAREST_INT);
    for (int i = 0; i < count; i++) x[i] = _mm512_sub_ps(x[i], n[i]);
    for (int i = 0; i < count; i++) q[i] = _mm512_set1_ps(c[top]);
    for (int d = top - 1; d >= 0; d--) {
        for (int i = 0; i < count; i++) q[i] = _mm512_fmadd_ps(q[i], x[i], _mm512_set1_ps(c[d]));
    }
    for (int i = 0; i < count; i++) q[i] = _mm512_fmadd_ps(q[i], x[i], _mm512_set1_ps(1));
    for (int i = 0; i < count; i++) x[i] = _mm512_scalef_ps(q[i], n[i]);
}

INLINE __m512i to_bf16(__m512 lo, __m512 hi)
{
#if defined(__AVX512BF16__)
    return (__m512i)_mm512_cvtne2ps_pbh(hi, lo);
#else
    (void)hi;
    return _mm512_castps_si512(lo);
#endif
}

INLINE float row_top(const float *x, size_t padded, float top)
{
    __m512 a = _mm512_load_ps(x), b = _mm512_load_ps(x + 16);
    for (size_t i = 32; i < padded; i += 32) {
        a = _mm512_max_ps(a, _mm512_load_ps(x + i));
        b = _mm512_max_ps(b, _mm512_load_ps(x + i + 16));
    }
    const float high = _mm512_reduce_max_ps(_mm512_max_ps(a, b));
    return high > top ? high : top;
}

/* `count` registers of scores at x become weights at `out`; their sums are added to sum[count]. */
INLINE void weights(const float *x, char *out, int count, __m512 by, __m512 less, __m512 *sum,
                    bool bf16)
{
    __m512 w[4];
    for (int i = 0; i < count; i++) w[i] = _mm512_load_ps(x + 16 * i);
    exp2_negative(w, count, by, less, bf16);
    for (int i = 0; i < count; i++) sum[i] = _mm512_add_ps(sum[i], w[i]);
    for (int i = 0; i < count; i += bf16 ? 2 : 1) {
        if (bf16)
            _mm512_store_si512(out + 32 * i, to_bf16(w[i], w[i + 1]));
        else
            _mm512_store_ps(out + 64 * i, w[i]);
    }
}

/* Weights of a row in place; returns their sum. */
INLINE float row_weights(float *x, size_t padded, float scale, float top, bool bf16)
{
    const __m512 by = _mm512_set1_ps(scale), less = _mm512_set1_ps(scale * top);
    __m512 sum[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                     _mm512_setzero_ps()};
    char *out = (char *)x;
    size_t i = 0;
    for (; i + 64 <= padded; i += 64, out += bf16 ? 128 : 256) {
        weights(x + i, out, 4, by, less, sum, bf16);
    }
    if (i < padded) weights(x + i, out, 2, by, less, sum, bf16);
    const __m512 low = _mm512_add_ps(sum[0], sum[1]), high = _mm512_add_ps(sum[2], sum[3]);
    return _mm512_reduce_add_ps(_mm512_add_ps(low, high));
}

/* All maxima first: a row's weights wait for the whole row's maximum, but not for each other. */
INLINE void softmax_rows(const gte__softmax *s, bool bf16)
{
    const size_t padded = gte__panel_count(s->keys) * GTE__PANEL_COLUMNS;
    for (size_t r = 0; r < s->rows; r++) {
        float *x = (float *)(void *)((char *)s->scores + r * s->stride);
        for (size_t i = s->keys; i < padded; i++) x[i] = -1e30f;
        const float top = row_top(x, padded, s->top[r]);
        s->keep[r] = s->sum[r] > 0 ? exp2f((s->top[r] - top) * s->scale) : 0;
        s->top[r] = top;
    }
    for (size_t r = 0; r < s->rows; r++) {
        float *x = (float *)(void *)((char *)s->scores + r * s->stride);
        const float sum = row_weights(x, padded, s->scale, s->top[r], bf16);
        s->sum[r] = s->sum[r] * s->keep[r] + sum;
    }
}

#endif
