/* Chooses the kernels for a level. The levels themselves are found in base/cpu.c. */
#include "kernels/dispatch.h"

const gte__kernels *gte__kernels_for(gte__isa isa)
{
#if defined(__x86_64__)
    switch (isa) {
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
    (void)weights; /* f32 */
#if defined(__x86_64__)
    if (isa >= GTE__ISA_AVX512) return &gte__gemm_f32_avx512;
    if (isa >= GTE__ISA_AVX2) return &gte__gemm_f32_avx2;
#else
    (void)isa;
#endif
    return &gte__gemm_f32_scalar;
}

const gte__attention_kernel *gte__attention_kernel_for(gte__isa isa)
{
#if defined(__x86_64__)
    if (isa >= GTE__ISA_AVX512) return &gte__attention_f32_avx512;
    if (isa >= GTE__ISA_AVX2) return &gte__attention_f32_avx2;
#else
    (void)isa;
#endif
    return &gte__attention_f32_scalar;
}
