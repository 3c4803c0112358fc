/* Sums and scaling, element by element, 16 at a time. */
#include "kernels_avx512.h"

void gte__f32_add3_avx512(float *out, const float *a, const float *b, const float *c, size_t n)
{
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m512 ab = _mm512_add_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
        _mm512_storeu_ps(out + i, _mm512_add_ps(ab, _mm512_loadu_ps(c + i)));
    }
    if (i == n) return;
    const __mmask16 m = first_lanes(n - i);
    const __m512 ab =
        _mm512_add_ps(_mm512_maskz_loadu_ps(m, a + i), _mm512_maskz_loadu_ps(m, b + i));
    _mm512_mask_storeu_ps(out + i, m, _mm512_add_ps(ab, _mm512_maskz_loadu_ps(m, c + i)));
}

void gte__f32_accumulate_avx512(float *acc, const float *x, size_t n)
{
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m512 v = _mm512_add_ps(_mm512_loadu_ps(acc + i), _mm512_loadu_ps(x + i));
        _mm512_storeu_ps(acc + i, v);
    }
    if (i == n) return;
    const __mmask16 m = first_lanes(n - i);
    const __m512 v =
        _mm512_add_ps(_mm512_maskz_loadu_ps(m, acc + i), _mm512_maskz_loadu_ps(m, x + i));
    _mm512_mask_storeu_ps(acc + i, m, v);
}

/* The same sum: the two kernels differ in what they mean to the caller. */
void gte__f32_bias_avx512(float *x, const float *bias, size_t n)
{
    gte__f32_accumulate_avx512(x, bias, n);
}

void gte__f32_scale_avx512(float *x, float s, size_t n)
{
    const __m512 factor = _mm512_set1_ps(s);
    size_t i = 0;
    for (; n - i >= LANES; i += LANES)
        _mm512_storeu_ps(x + i, _mm512_mul_ps(_mm512_loadu_ps(x + i), factor));
    if (i == n) return;
    const __mmask16 m = first_lanes(n - i);
    _mm512_mask_storeu_ps(x + i, m, _mm512_mul_ps(_mm512_maskz_loadu_ps(m, x + i), factor));
}
