/* Chooses the kernels for a level. The levels themselves are found in base/cpu.c. */
#include "kernels/dispatch.h"

#include <stdbool.h>
#include <stddef.h>

const gte__kernels *gte__kernels_for(gte__isa isa)
{
#if defined(__x86_64__)
    switch (isa) {
    case GTE__ISA_AVX512BF16: /* only products and what feeds them gain */
    case GTE__ISA_AVX512:
        return &gte__kernels_avx512;
    case GTE__ISA_AVX2:
        return &gte__kernels_avx2;
    case GTE__ISA_SCALAR:
        break;
    }
#else
    (void)isa;
#endif
    return &gte__kernels_scalar;
}

const gte__gemm_kernel *gte__gemm_kernel_for(gte__element weights, gte__isa isa)
{
    const bool bf16 = weights == GTE__ELEMENT_BF16;
#if defined(__x86_64__)
    if (isa >= GTE__ISA_AVX512BF16 && bf16) return &gte__gemm_bf16_avx512bf16;
    if (isa >= GTE__ISA_AVX512) return bf16 ? &gte__gemm_bf16_avx512 : &gte__gemm_f32_avx512;
    if (isa >= GTE__ISA_AVX2) return bf16 ? &gte__gemm_bf16_avx2 : &gte__gemm_f32_avx2;
#else
    (void)isa;
#endif
    return bf16 ? &gte__gemm_bf16_scalar : &gte__gemm_f32_scalar;
}

const gte__attention_kernel *gte__attention_kernel_for(gte__element type, gte__isa isa)
{
#if defined(__x86_64__)
    if (type == GTE__ELEMENT_BF16) return &gte__attention_bf16_avx512bf16;
    if (isa >= GTE__ISA_AVX512) return &gte__attention_f32_avx512;
    if (isa >= GTE__ISA_AVX2) return &gte__attention_f32_avx2;
#else
    (void)type;
    (void)isa;
#endif
    return &gte__attention_f32_scalar;
}

const gte__row_kernels *gte__row_kernels_for(gte__element type)
{
#if defined(__x86_64__)
    if (type == GTE__ELEMENT_BF16) return &gte__rows_avx512bf16;
#else
    (void)type;
#endif
    return NULL;
}
