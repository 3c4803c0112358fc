/* Sums and scaling, element by element, 8 at a time. */
#include "kernels_avx2.h"

void gte__f32_add3_avx2(float *out, const float *a, const float *b, const float *c, size_t n)
{
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m256 ab = _mm256_add_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
        _mm256_storeu_ps(out + i, _mm256_add_ps(ab, _mm256_loadu_ps(c + i)));
    }
    if (i == n) return;
    const __m256i m = first_lanes(n - i);
    const __m256 ab = _mm256_add_ps(_mm256_maskload_ps(a + i, m), _mm256_maskload_ps(b + i, m));
    _mm256_maskstore_ps(out + i, m, _mm256_add_ps(ab, _mm256_maskload_ps(c + i, m)));
}

void gte__f32_accumulate_avx2(float *acc, const float *x, size_t n)
{
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m256 v = _mm256_add_ps(_mm256_loadu_ps(acc + i), _mm256_loadu_ps(x + i));
        _mm256_storeu_ps(acc + i, v);
    }
    if (i == n) return;
    const __m256i m = first_lanes(n - i);
    const __m256 v = _mm256_add_ps(_mm256_maskload_ps(acc + i, m), _mm256_maskload_ps(x + i, m));
    _mm256_maskstore_ps(acc + i, m, v);
}

/* The same sum: the two kernels differ in what they mean to the caller. */
void gte__f32_bias_avx2(float *x, const float *bias, size_t n)
{
    gte__f32_accumulate_avx2(x, bias, n);
}

void gte__f32_scale_avx2(float *x, float s, size_t n)
{
    const __m256 factor = _mm256_set1_ps(s);
    size_t i = 0;
    for (; n - i >= LANES; i += LANES)
        _mm256_storeu_ps(x + i, _mm256_mul_ps(_mm256_loadu_ps(x + i), factor));
    if (i == n) return;
    const __m256i m = first_lanes(n - i);
    _mm256_maskstore_ps(x + i, m, _mm256_mul_ps(_mm256_maskload_ps(x + i, m), factor));
}
