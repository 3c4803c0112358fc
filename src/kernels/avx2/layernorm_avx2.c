/* Layer normalisation in two passes over the statistics and one over the output; the row is in the
 * first-level cache after the first pass. */
#include "kernels_avx2.h"
#include "sums_avx2.h"

#include <math.h>

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
