/* Rows between products on AVX-512 with BF16: layer norm, bf16 and u8 copies (kernels/rows.h). */
#include "kernels/avx512/rows_avx512.h"

static void row_narrow(uint16_t *out, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        const __m512 a = _mm512_loadu_ps(x + i), b = _mm512_loadu_ps(x + i + 16);
        _mm512_storeu_si512(out + i, (__m512i)_mm512_cvtne2ps_pbh(b, a));
    }
    for (; i < n; i += 16) {
        const __mmask16 k = lanes(n - i);
        const __m512 a = _mm512_maskz_loadu_ps(k, x + i);
        _mm256_mask_storeu_epi16(out + i, k, (__m256i)_mm512_cvtneps_pbh(a));
    }
}

/* x = (x - mean) by gain + shift for 16 columns or fewer, and its range. */
INLINE void normalise(float *x, const float *gain, const float *shift, __mmask16 k, normal r,
                      range *all, size_t chain)
{
    const __m512 by = _mm512_mul_ps(_mm512_maskz_loadu_ps(k, gain), r.by);
    const __m512 y = _mm512_fmadd_ps(centred(x, k, r), by, _mm512_maskz_loadu_ps(k, shift));
    _mm512_mask_storeu_ps(x, k, y);
    range_add(all, chain, k, y);
}

static void layernorm(float *x, const float *gain, const float *shift, size_t n, float eps,
                      const gte__row_copy *copy)
{
    const normal r = normal_of(x, n, eps);
    if (copy->type == GTE__ELEMENT_INT8 && copy->gain) {
        layernorm_apart(x, gain, shift, n, r, copy);
        return;
    }
    range all = range_none();
    size_t i = 0;
    for (; i + 64 <= n; i += 64)
        for (size_t j = 0; j < 64; j += 16)
            normalise(x + i + j, gain + i + j, shift + i + j, 0xffff, r, &all, j / 16);
    for (; i < n; i += 16) normalise(x + i, gain + i, shift + i, lanes(n - i), r, &all, 0);
    if (copy->type == GTE__ELEMENT_BF16) row_narrow(copy->data, x, n);
    if (copy->type == GTE__ELEMENT_INT8) {
        *copy->scale = range_scale(&all);
        row_quantise(copy->data, x, n, *copy->scale);
    }
}

static void row_copy(const float *x, size_t n, const gte__row_copy *copy)
{
    if (copy->type == GTE__ELEMENT_BF16) row_narrow(copy->data, x, n);
    if (copy->type == GTE__ELEMENT_INT8) row_to_u8(x, n, copy);
}

/* 32 values of bf16, even ones and odd ones apart, back together as 16-bit integers. */
INLINE __m512i quantise_bf16(__m512i x, __m512 by, __m512 plus)
{
    const __m512 even = _mm512_castsi512_ps(_mm512_slli_epi32(x, 16));
    const __m512 odd = _mm512_castsi512_ps(_mm512_and_si512(x, _mm512_set1_epi32((int)0xffff0000)));
    const __m512i high = _mm512_slli_epi32(quantise(odd, by, plus), 16);
    return _mm512_or_si512(quantise(even, by, plus), high);
}

/* The largest value, at least 0: bf16 compares as int16 where it is positive, a NaN above all. */
static float bf16_top(const uint16_t *x, size_t n)
{
    __m512i a = _mm512_setzero_si512(), b = a;
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        a = _mm512_max_epi16(a, _mm512_loadu_si512(x + i));
        b = _mm512_max_epi16(b, _mm512_loadu_si512(x + i + 32));
    }
    for (; i < n; i += 32) {
        const __mmask32 k = n - i < 32 ? (1u << (n - i)) - 1 : ~0u;
        a = _mm512_max_epi16(a, _mm512_maskz_loadu_epi16(k, x + i));
    }
    a = _mm512_max_epi16(a, b);
    const __m512i even = _mm512_slli_epi32(a, 16);
    const __m512i top = _mm512_max_epi32(even, a); /* the low half only breaks ties upwards */
    const int bits = _mm512_reduce_max_epi32(top) & (int)0xffff0000;
    return _mm512_cvtss_f32(_mm512_castsi512_ps(_mm512_set1_epi32(bits)));
}

static void quantise_gelu(uint8_t *q, gte__row_scale *scale, const uint16_t *x, size_t n)
{
    *scale = scale_between(GTE__GELU_LOW, bf16_top(x, n));
    const float inverse = 1 / scale->scale;
    const __m512 by = _mm512_set1_ps(inverse), plus = _mm512_set1_ps(-GTE__GELU_LOW * inverse);
    const __m512i order = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        const __m512i a = quantise_bf16(_mm512_loadu_si512(x + i), by, plus);
        const __m512i b = quantise_bf16(_mm512_loadu_si512(x + i + 32), by, plus);
        const __m512i mixed = _mm512_packus_epi16(a, b);
        _mm512_storeu_si512(q + i, _mm512_permutexvar_epi64(order, mixed));
    }
    for (; i < n; i += 32) {
        const __mmask32 k = n - i < 32 ? (1u << (n - i)) - 1 : ~0u;
        const __m512i a = quantise_bf16(_mm512_maskz_loadu_epi16(k, x + i), by, plus);
        _mm512_mask_cvtusepi16_storeu_epi8(q + i, k, a);
    }
}

const gte__row_kernels gte__rows_avx512bf16 = {
    .isa = "avx512bf16",
    .layernorm = layernorm,
    .copy = row_copy,
    .quantise_gelu = quantise_gelu,
};
