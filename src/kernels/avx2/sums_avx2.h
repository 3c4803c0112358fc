/* The statistics of a row on AVX2. Each sum is kept in four parts to hide its latency. */
#ifndef GTE_KERNELS_SUMS_AVX2_H
#define GTE_KERNELS_SUMS_AVX2_H

#include "kernels_avx2.h"

static inline float total(__m256 s0, __m256 s1, __m256 s2, __m256 s3)
{
    return sum_lanes(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
}

static inline float sum_of(const float *x, size_t n)
{
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; n - i >= 4 * LANES; i += 4 * LANES) {
        s0 = _mm256_add_ps(s0, _mm256_loadu_ps(x + i));
        s1 = _mm256_add_ps(s1, _mm256_loadu_ps(x + i + 8));
        s2 = _mm256_add_ps(s2, _mm256_loadu_ps(x + i + 16));
        s3 = _mm256_add_ps(s3, _mm256_loadu_ps(x + i + 24));
    }
    for (; n - i >= LANES; i += LANES) s0 = _mm256_add_ps(s0, _mm256_loadu_ps(x + i));
    if (i < n) s1 = _mm256_add_ps(s1, _mm256_maskload_ps(x + i, first_lanes(n - i)));
    return total(s0, s1, s2, s3);
}

/* s + (x - mean)^2 */
static inline __m256 add_square(__m256 s, __m256 x, __m256 mean)
{
    const __m256 d = _mm256_sub_ps(x, mean);
    return _mm256_fmadd_ps(d, d, s);
}

/* sum of (x - mean)^2 */
static inline float squares_of(const float *x, float mean_x, size_t n)
{
    const __m256 mean = _mm256_set1_ps(mean_x);
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; n - i >= 4 * LANES; i += 4 * LANES) {
        s0 = add_square(s0, _mm256_loadu_ps(x + i), mean);
        s1 = add_square(s1, _mm256_loadu_ps(x + i + 8), mean);
        s2 = add_square(s2, _mm256_loadu_ps(x + i + 16), mean);
        s3 = add_square(s3, _mm256_loadu_ps(x + i + 24), mean);
    }
    for (; n - i >= LANES; i += LANES) s0 = add_square(s0, _mm256_loadu_ps(x + i), mean);
    if (i < n) {
        /* Absent lanes count as the mean. */
        const __m256i m = first_lanes(n - i);
        const __m256 last = _mm256_maskload_ps(x + i, m);
        s1 = add_square(s1, _mm256_blendv_ps(mean, last, _mm256_castsi256_ps(m)), mean);
    }
    return total(s0, s1, s2, s3);
}

#endif
