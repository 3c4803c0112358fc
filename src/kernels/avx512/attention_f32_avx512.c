/* f32 attention on AVX-512: packing and softmax; products by the tiles of gemm_f32_avx512.c. */
#include "kernels/avx512/attention_avx512.h"

static void pack_keys(void *panels, const void *k, size_t stride, size_t keys, size_t head_size)
{
    pack_transposed(panels, k, stride, keys, head_size);
}

static void pack_values(void *panels, const void *v, size_t stride, size_t keys, size_t head_size)
{
    const size_t padded = gte__panel_count(keys) * GTE__PANEL_COLUMNS;
    char *out = panels;
    for (size_t d = 0; d < head_size; d += 16) {
        const size_t columns = head_size - d < 16 ? head_size - d : 16;
        const __mmask16 mask = (__mmask16)((1u << columns) - 1);
        const char *from = (const char *)v + d * 4;
        char *to = out + d / GTE__PANEL_COLUMNS * padded * GTE__LINE_BYTES + d % 32 * 4;
        for (size_t key = 0; key < padded; key++, from += stride, to += GTE__LINE_BYTES) {
            __m512i row = _mm512_setzero_si512();
            if (key < keys) row = _mm512_maskz_loadu_epi32(mask, from);
            _mm512_store_si512(to, row);
        }
    }
    if (head_size % 32 == 0 || head_size % 32 > 16) return;
    char *last = out + head_size / 32 * padded * GTE__LINE_BYTES + 64; /* no columns in it */
    for (size_t key = 0; key < padded; key++, last += GTE__LINE_BYTES) {
        _mm512_store_si512(last, _mm512_setzero_si512());
    }
}

static void softmax(const gte__softmax *s)
{
    softmax_rows(s, false);
}

static void scale_row(void *out, const float *x, float by, size_t columns, gte__element type)
{
    float *to = out;
    (void)type; /* a kernel of type f32 writes f32 */
    for (size_t i = 0; i < columns; i++) to[i] = x[i] * by;
}

const gte__attention_kernel gte__attention_f32_avx512 = {
    .isa = "avx512",
    .type = GTE__ELEMENT_F32,
    .gemm = &gte__gemm_f32_avx512,
    .pack_keys = pack_keys,
    .pack_values = pack_values,
    .softmax = softmax,
    .scale_row = scale_row,
};
