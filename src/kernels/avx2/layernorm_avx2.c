/* Layer normalisation in two passes over the statistics and one over the output; the row is in the
 * first-level cache after the first pass. Each sum is kept in four parts to hide its latency. */
#include "kernels_avx2.h"

#include <math.h>

static inline float total(__m256 s0, __m256 s1, __m256 s2, __m256 s3)
{
    return sum_lanes(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
}

static float sum_of(const float *x, size_t n)
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
static float squares_of(const float *x, float mean_x, size_t n)
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

/* The rest of the work, once the sum of x is known. */
static void normalise(float *out, const float *x, float sum, const float *gain, const float *shift,
                      size_t n, float eps)
{
    const float share = 1.0f / (float)n;
    const float mean_x = sum * share;
    const float variance = squares_of(x, mean_x, n) * share;
    const __m256 mean = _mm256_set1_ps(mean_x);
    const __m256 factor = _mm256_set1_ps(1.0f / sqrtf(variance + eps));
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m256 d = _mm256_mul_ps(_mm256_sub_ps(_mm256_loadu_ps(x + i), mean), factor);
        const __m256 y = _mm256_fmadd_ps(d, _mm256_loadu_ps(gain + i), _mm256_loadu_ps(shift + i));
        _mm256_storeu_ps(out + i, y);
    }
    if (i == n) return;
    const __m256i m = first_lanes(n - i);
    const __m256 d = _mm256_mul_ps(_mm256_sub_ps(_mm256_maskload_ps(x + i, m), mean), factor);
    const __m256 y =
        _mm256_fmadd_ps(d, _mm256_maskload_ps(gain + i, m), _mm256_maskload_ps(shift + i, m));
    _mm256_maskstore_ps(out + i, m, y);
}

void gte__f32_layernorm_avx2(float *out, const float *x, const float *gain, const float *shift,
                             size_t n, float eps)
{
    if (n) normalise(out, x, sum_of(x, n), gain, shift, n, eps);
}

/* residual + (x + bias), stored; returns it. */
static inline __m256 add_in(float *residual, const float *x, const float *bias)
{
    const __m256 a = _mm256_add_ps(_mm256_loadu_ps(x), _mm256_loadu_ps(bias));
    const __m256 r = _mm256_add_ps(_mm256_loadu_ps(residual), a);
    _mm256_storeu_ps(residual, r);
    return r;
}
