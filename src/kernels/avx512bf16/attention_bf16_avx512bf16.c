/* bf16 attention on AVX-512 BF16: packing and softmax; products by gemm_bf16_avx512bf16.c. */
#include "kernels/avx512/attention_avx512.h"

static void pack_keys(void *panels, const void *k, size_t stride, size_t keys, size_t head_size)
{
    pack_transposed(panels, k, stride, keys, head_size / 2);
}

/* Two keys make a unit: their rows of 32 columns are interleaved element by element. */
static void pack_values(void *panels, const void *v, size_t stride, size_t keys, size_t head_size)
{
    const size_t padded = gte__panel_count(keys) * GTE__PANEL_COLUMNS;
    const __m512i first =
        _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7, 38, 6,
                         37, 5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0);
    const __m512i second = _mm512_add_epi16(first, _mm512_set1_epi16(16));
    char *to = panels;
    for (size_t d = 0; d < head_size; d += GTE__PANEL_COLUMNS) {
        const size_t columns = head_size - d < 32 ? head_size - d : 32;
        const __mmask32 mask = columns == 32 ? ~0u : (1u << columns) - 1;
        const char *from = (const char *)v + d * 2;
        for (size_t key = 0; key < padded; key += 2, from += 2 * stride, to += GTE__LINE_BYTES) {
            __m512i even = _mm512_setzero_si512(), odd = even;
            if (key < keys) even = _mm512_maskz_loadu_epi16(mask, from);
            if (key + 1 < keys) odd = _mm512_maskz_loadu_epi16(mask, from + stride);
            _mm512_store_si512(to, _mm512_permutex2var_epi16(even, first, odd));
            _mm512_store_si512(to + 64, _mm512_permutex2var_epi16(even, second, odd));
        }
    }
}

static void softmax(const gte__softmax *s)
{
    softmax_rows(s, true);
}

static void scale_row(void *out, const float *x, float by, size_t columns, gte__element type)
{
    const __m512 times = _mm512_set1_ps(by);
    for (size_t i = 0; i < columns; i += 16) {
        const size_t left = columns - i;
        const __mmask16 mask = (__mmask16)(left < 16 ? (1u << left) - 1 : 0xffffu);
        const __m512 y = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, x + i), times);
        if (type == GTE__ELEMENT_BF16) {
            _mm256_mask_storeu_epi16((uint16_t *)out + i, mask, (__m256i)_mm512_cvtneps_pbh(y));
        } else {
            _mm512_mask_storeu_ps((float *)out + i, mask, y);
        }
    }
}

const gte__attention_kernel gte__attention_bf16_avx512bf16 = {
    .isa = "avx512bf16",
    .type = GTE__ELEMENT_BF16,
    .gemm = &gte__gemm_bf16_avx512bf16,
    .pack_keys = pack_keys,
    .pack_values = pack_values,
    .softmax = softmax,
    .scale_row = scale_row,
};
