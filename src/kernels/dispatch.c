/* Chooses the kernels for a level. The levels themselves are found in base/cpu.c. */
#include "kernels/dispatch.h"

#include <stddef.h>

const gte__kernels *gte__kernels_for(gte__isa isa)
{
#if defined(__x86_64__)
    if (isa >= GTE__ISA_AVX512) return &gte__kernels_avx512;
    if (isa >= GTE__ISA_AVX2) return &gte__kernels_avx2;
#else
    (void)isa;
#endif
    return &gte__kernels_scalar;
}

static const gte__gemm_kernel *f32_kernel(gte__isa isa)
{
#if defined(__x86_64__)
    if (isa >= GTE__ISA_AVX512) return &gte__gemm_f32_avx512;
    if (isa >= GTE__ISA_AVX2) return &gte__gemm_f32_avx2;
#else
    (void)isa;
#endif
    return &gte__gemm_f32_scalar;
}

static const gte__gemm_kernel *bf16_kernel(gte__isa isa)
{
#if defined(__x86_64__)
    if (isa >= GTE__ISA_AVX512BF16) return &gte__gemm_bf16_avx512bf16;
    if (isa >= GTE__ISA_AVX512) return &gte__gemm_bf16_avx512;
    if (isa >= GTE__ISA_AVX2) return &gte__gemm_bf16_avx2;
#else
    (void)isa;
#endif
    return &gte__gemm_bf16_scalar;
}

/* AVX-512 without VNNI has nothing better than AVX2's: it may lack AVX-VNNI, too. */
static const gte__gemm_kernel *int8_kernel(gte__isa isa)
{
#if defined(__x86_64__)
    if (isa >= GTE__ISA_AVX512BF16) return &gte__gemm_int8_avx512bf16;
    if (isa >= GTE__ISA_AVX512VNNI) return &gte__gemm_int8_avx512vnni;
    if (isa == GTE__ISA_AVXVNNI) return &gte__gemm_int8_avxvnni;
    if (isa >= GTE__ISA_AVX2) return &gte__gemm_int8_avx2;
#else
    (void)isa;
#endif
    return &gte__gemm_int8_scalar;
}

const gte__gemm_kernel *gte__gemm_kernel_for(gte__element weights, gte__isa isa)
{
    if (weights == GTE__ELEMENT_INT8) return int8_kernel(isa);
    return weights == GTE__ELEMENT_BF16 ? bf16_kernel(isa) : f32_kernel(isa);
}

const gte__attention_kernel *gte__attention_kernel_for(gte__element wide, gte__isa isa)
{
#if defined(__x86_64__)
    if (wide == GTE__ELEMENT_BF16) return &gte__attention_bf16_avx512bf16;
    if (isa >= GTE__ISA_AVX512) return &gte__attention_f32_avx512;
    if (isa >= GTE__ISA_AVX2) return &gte__attention_f32_avx2;
#else
    (void)wide;
    (void)isa;
#endif
    return &gte__attention_f32_scalar;
}

const gte__row_kernels *gte__row_kernels_for(gte__element type, gte__isa isa)
{
    if (type == GTE__ELEMENT_F32) return NULL;
#if defined(__x86_64__)
    if (isa >= GTE__ISA_AVX512BF16) return &gte__rows_avx512bf16;
    if (isa >= GTE__ISA_AVX512) return &gte__rows_avx512;
    if (isa >= GTE__ISA_AVX2) return &gte__rows_avx2;
#else
    (void)isa;
#endif
    return &gte__rows_scalar;
}
