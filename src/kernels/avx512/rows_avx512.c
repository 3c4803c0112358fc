/* Rows to u8 on AVX-512 (kernels/rows.h); wide activations are f32 at this level, so there are no
 * bf16 copies. */
#include "kernels/avx512/rows_avx512.h"

#include "kernels/avx512/kernels_avx512.h"

static void row_copy(const float *x, size_t n, const gte__row_copy *copy)
{
    if (copy->type == GTE__ELEMENT_INT8) row_to_u8(x, n, copy);
}

static void layernorm(float *x, const float *gain, const float *shift, size_t n, float eps,
                      const gte__row_copy *copy)
{
    if (copy->type == GTE__ELEMENT_INT8 && copy->gain) {
        layernorm_apart(x, gain, shift, n, normal_of(x, n, eps), copy);
        return;
    }
    gte__f32_layernorm_avx512(x, x, gain, shift, n, eps);
    row_copy(x, n, copy);
}

const gte__row_kernels gte__rows_avx512 = {
    .isa = "avx512", .layernorm = layernorm, .copy = row_copy};
