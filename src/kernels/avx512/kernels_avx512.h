/* What the AVX-512 kernels share: their declarations, the mask of a last part-vector, and exp.
 *
 * Every kernel walks whole vectors of 16 and finishes with one masked vector: masked lanes are
 * neither loaded nor stored, so that no byte outside an array is touched. */
#ifndef GTE_KERNELS_AVX512_H
#define GTE_KERNELS_AVX512_H

#include "kernels/kernels.h"

#include <immintrin.h>

#define GTE__KERNEL_AVX512(name, type, parameters) type gte__##name##_avx512 parameters;
GTE__KERNELS(GTE__KERNEL_AVX512)

enum { LANES = 16 };

/* The first `rest` lanes, rest <= 16. */
static inline __mmask16 first_lanes(size_t rest)
{
    return (__mmask16)((1u << rest) - 1u);
}

#endif
