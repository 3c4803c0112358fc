/* Layer normalisation in two passes over the statistics and one over the output; the row is in the
 * first-level cache after the first pass. */
#include "kernels_avx512.h"

#include <math.h>

/* The four partial sums of a pass: four, to hide the latency of the addition. */
typedef struct sums {
    __m512 s[4];
} sums;

static inline float total(const sums *p)
{
    return _mm512_reduce_add_ps(
        _mm512_add_ps(_mm512_add_ps(p->s[0], p->s[1]), _mm512_add_ps(p->s[2], p->s[3])));
}

static float sum_of(const float *x, size_t n)
{
    sums p = {{_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()}};
    size_t i = 0;
    for (; n - i >= 4 * LANES; i += 4 * LANES)
        for (size_t u = 0; u < 4; u++)
            p.s[u] = _mm512_add_ps(p.s[u], _mm512_loadu_ps(x + i + u * LANES));
    for (; n - i >= LANES; i += LANES) p.s[0] = _mm512_add_ps(p.s[0], _mm512_loadu_ps(x + i));
    if (i < n) p.s[1] = _mm512_add_ps(p.s[1], _mm512_maskz_loadu_ps(first_lanes(n - i), x + i));
    return total(&p);
}

/* sum of (x - mean)^2 */
static float squares_of(const float *x, float mean_x, size_t n)
{
    const __m512 mean = _mm512_set1_ps(mean_x);
    sums p = {{_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()}};
    size_t i = 0;
    for (; n - i >= 4 * LANES; i += 4 * LANES)
        for (size_t u = 0; u < 4; u++) {
            const __m512 d = _mm512_sub_ps(_mm512_loadu_ps(x + i + u * LANES), mean);
            p.s[u] = _mm512_fmadd_ps(d, d, p.s[u]);
        }
    for (; n - i >= LANES; i += LANES) {
        const __m512 d = _mm512_sub_ps(_mm512_loadu_ps(x + i), mean);
        p.s[0] = _mm512_fmadd_ps(d, d, p.s[0]);
    }
    if (i < n) {
        const __mmask16 m = first_lanes(n - i);
        const __m512 d = _mm512_maskz_sub_ps(m, _mm512_maskz_loadu_ps(m, x + i), mean);
        p.s[1] = _mm512_fmadd_ps(d, d, p.s[1]);
    }
    return total(&p);
}

/* The rest of the work, once the sum of x is known. */
static void normalise(float *out, const float *x, float sum, const float *gain, const float *shift,
                      size_t n, float eps)
{
    const float share = 1.0f / (float)n;
    const float mean_x = sum * share;
    const float variance = squares_of(x, mean_x, n) * share;
    const __m512 mean = _mm512_set1_ps(mean_x);
    const __m512 factor = _mm512_set1_ps(1.0f / sqrtf(variance + eps));
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m512 d = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(x + i), mean), factor);
        const __m512 y = _mm512_fmadd_ps(d, _mm512_loadu_ps(gain + i), _mm512_loadu_ps(shift + i));
        _mm512_storeu_ps(out + i, y);
    }
    if (i == n) return;
    const __mmask16 m = first_lanes(n - i);
    const __m512 d = _mm512_mul_ps(_mm512_sub_ps(_mm512_maskz_loadu_ps(m, x + i), mean), factor);
    const __m512 y =
        _mm512_fmadd_ps(d, _mm512_maskz_loadu_ps(m, gain + i), _mm512_maskz_loadu_ps(m, shift + i));
    _mm512_mask_storeu_ps(out + i, m, y);
}

void gte__f32_layernorm_avx512(float *out, const float *x, const float *gain, const float *shift,
                               size_t n, float eps)
{
    if (n) normalise(out, x, sum_of(x, n), gain, shift, n, eps);
}
