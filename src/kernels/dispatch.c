/* Chooses the kernel table for a level. The levels themselves are found in base/cpu.c. */
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
