/* What the AVX2 kernels share: their declarations, part-vectors and sums across a vector.
 *
 * Every kernel walks whole vectors of 8 and finishes with one masked vector: masked lanes are
 * neither loaded nor stored, so that no byte outside an array is touched. */
#ifndef GTE_KERNELS_AVX2_H
#define GTE_KERNELS_AVX2_H

#include "kernels/kernels.h"

#include <immintrin.h>
#include <stdint.h>

#define GTE__KERNEL_AVX2(name, type, parameters) type gte__##name##_avx2 parameters;
GTE__KERNELS(GTE__KERNEL_AVX2)

enum { LANES = 8 };

/* The first `rest` lanes, rest <= 8. */
static inline __m256i first_lanes(size_t rest)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)rest), lane);
}

static inline float sum_lanes(__m256 v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

static inline float max_lanes(__m256 v)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

#endif
