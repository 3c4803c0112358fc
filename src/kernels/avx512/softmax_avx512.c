/* Softmax of a row: the greatest element, then the exponentials and their sum, then the division.
 *
 * exp(scale (x - max)) = 2^(d s), d = x - max, s = scale log2(e). An FMA splits d s into its
 * nearest integer and the rest, r in [-1/2, 1/2], so that the only roundings that grow with the
 * exponent are those of d and s. 2^r is a polynomial of degree 6, relative error 0.35 e
 * (../fit_polynomials.py), with the constant 1: equal elements get exactly equal, exact weights. */
#include "kernels_avx512.h"

#include <math.h>

#define LOG2_E 1.44269504088896340736f

/* s is scale; least is the d from which on 2^(d s) is 0. */
typedef struct exponent {
    __m512 max, scale, least;
} exponent;

static inline __m512 greatest(const float *x, size_t n)
{
    __m512 m0 = _mm512_set1_ps(-INFINITY), m1 = m0, m2 = m0, m3 = m0;
    size_t i = 0;
    for (; n - i >= 4 * LANES; i += 4 * LANES) {
        m0 = _mm512_max_ps(m0, _mm512_loadu_ps(x + i));
        m1 = _mm512_max_ps(m1, _mm512_loadu_ps(x + i + 16));
        m2 = _mm512_max_ps(m2, _mm512_loadu_ps(x + i + 32));
        m3 = _mm512_max_ps(m3, _mm512_loadu_ps(x + i + 48));
    }
    for (; n - i >= LANES; i += LANES) m0 = _mm512_max_ps(m0, _mm512_loadu_ps(x + i));
    if (i < n)
        m1 = _mm512_mask_max_ps(m1, first_lanes(n - i), m1,
                                _mm512_maskz_loadu_ps(first_lanes(n - i), x + i));
    return _mm512_max_ps(_mm512_max_ps(m0, m1), _mm512_max_ps(m2, m3));
}

static inline __m512 exp_below(__m512 x, const exponent *e)
{
    /* max returns its second operand for a NaN. */
    const __m512 d = _mm512_max_ps(e->least, _mm512_sub_ps(x, e->max));
    const __m512 k = _mm512_roundscale_ps(_mm512_mul_ps(d, e->scale),
                                          _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m512 r = _mm512_fmsub_ps(d, e->scale, k);
    __m512 p = _mm512_set1_ps(0.000154698093f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.00134016422f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.00961802527f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.0555032268f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.240226507f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.693147182f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, k);
}

static inline exponent exponent_of(float max, float scale)
{
    const float s = scale * LOG2_E;
    return (exponent){_mm512_set1_ps(max), _mm512_set1_ps(s),
                      _mm512_set1_ps(-151.0f / s)}; /* 2^-151 rounds to 0 */
}

void gte__f32_softmax_avx512(float *x, float scale, size_t n)
{
    if (!n) return;
    const exponent e = exponent_of(_mm512_reduce_max_ps(greatest(x, n)), scale);
    const __mmask16 tail = first_lanes(n % LANES);
    __m512 sum = _mm512_setzero_ps();
    __m512 last = sum; /* the part-vector waits for its weight in a register */
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m512 p = exp_below(_mm512_loadu_ps(x + i), &e);
        _mm512_storeu_ps(x + i, p);
        sum = _mm512_add_ps(sum, p);
    }
    if (i < n) {
        last = _mm512_maskz_mov_ps(tail, exp_below(_mm512_maskz_loadu_ps(tail, x + i), &e));
        sum = _mm512_add_ps(sum, last);
    }
    const __m512 weight = _mm512_set1_ps(1.0f / _mm512_reduce_add_ps(sum));
    for (i = 0; n - i >= LANES; i += LANES)
        _mm512_storeu_ps(x + i, _mm512_mul_ps(_mm512_loadu_ps(x + i), weight));
    if (i < n) _mm512_mask_storeu_ps(x + i, tail, _mm512_mul_ps(last, weight));
}
