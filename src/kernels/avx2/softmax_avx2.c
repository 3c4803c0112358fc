/* Softmax of a row: the greatest element, then the exponentials and their sum, then the division.
 *
 * exp(scale (x - max)) = 2^(d s), d = x - max, s = scale log2(e). An FMA splits d s into its
 * nearest integer and the rest, r in [-1/2, 1/2], so that the only roundings that grow with the
 * exponent are those of d and s. 2^r is a polynomial of degree 6, relative error 0.35 e
 * (../fit_polynomials.py), with the constant 1: equal elements get exactly equal, exact weights.
 * What would be a denormal becomes 0. */
#include "kernels_avx2.h"

#include <math.h>

#define LOG2_E 1.44269504088896340736f

/* s is scale; least is the d from which on 2^(d s) is 0. */
typedef struct exponent {
    __m256 max, scale, least;
} exponent;

static inline float greatest(const float *x, size_t n)
{
    const __m256 nothing = _mm256_set1_ps(-INFINITY);
    __m256 m0 = nothing, m1 = nothing, m2 = nothing, m3 = nothing;
    size_t i = 0;
    for (; n - i >= 4 * LANES; i += 4 * LANES) {
        m0 = _mm256_max_ps(m0, _mm256_loadu_ps(x + i));
        m1 = _mm256_max_ps(m1, _mm256_loadu_ps(x + i + 8));
        m2 = _mm256_max_ps(m2, _mm256_loadu_ps(x + i + 16));
        m3 = _mm256_max_ps(m3, _mm256_loadu_ps(x + i + 24));
    }
    for (; n - i >= LANES; i += LANES) m0 = _mm256_max_ps(m0, _mm256_loadu_ps(x + i));
    if (i < n) {
        const __m256i m = first_lanes(n - i);
        const __m256 last = _mm256_maskload_ps(x + i, m);
        m1 = _mm256_max_ps(m1, _mm256_blendv_ps(nothing, last, _mm256_castsi256_ps(m)));
    }
    return max_lanes(_mm256_max_ps(_mm256_max_ps(m0, m1), _mm256_max_ps(m2, m3)));
}

static inline __m256 exp_below(__m256 x, const exponent *e)
{
    const __m256 d = _mm256_sub_ps(x, e->max);
    /* Not less: true for a NaN, which then stays one. */
    const __m256 counts = _mm256_cmp_ps(d, e->least, _CMP_NLT_UQ);
    const __m256 k =
        _mm256_round_ps(_mm256_mul_ps(d, e->scale), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m256 r = _mm256_fmsub_ps(d, e->scale, k);
    __m256 p = _mm256_set1_ps(0.000154698093f);
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.00134016422f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.00961802527f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.0555032268f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.240226507f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.693147182f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
    /* Times 2^k: k is added to the exponent of p, which d >= least keeps above the denormals. */
    const __m256i power = _mm256_slli_epi32(_mm256_cvtps_epi32(k), 23);
    const __m256i scaled = _mm256_add_epi32(_mm256_castps_si256(p), power);
    return _mm256_and_ps(_mm256_castsi256_ps(scaled), counts);
}

static inline exponent exponent_of(float max, float scale)
{
    const float s = scale * LOG2_E;
    return (exponent){_mm256_set1_ps(max), _mm256_set1_ps(s), _mm256_set1_ps(-125.0f / s)};
}

void gte__f32_softmax_avx2(float *x, float scale, size_t n)
{
    if (!n) return;
    const exponent e = exponent_of(greatest(x, n), scale);
    const __m256i tail = first_lanes(n % LANES);
    __m256 sum = _mm256_setzero_ps();
    __m256 last = sum; /* the part-vector waits for its weight in a register */
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m256 p = exp_below(_mm256_loadu_ps(x + i), &e);
        _mm256_storeu_ps(x + i, p);
        sum = _mm256_add_ps(sum, p);
    }
    if (i < n) {
        const __m256 p = exp_below(_mm256_maskload_ps(x + i, tail), &e);
        last = _mm256_and_ps(p, _mm256_castsi256_ps(tail));
        sum = _mm256_add_ps(sum, last);
    }
    const __m256 weight = _mm256_set1_ps(1.0f / sum_lanes(sum));
    for (i = 0; n - i >= LANES; i += LANES)
        _mm256_storeu_ps(x + i, _mm256_mul_ps(_mm256_loadu_ps(x + i), weight));
    if (i < n) _mm256_maskstore_ps(x + i, tail, _mm256_mul_ps(last, weight));
}
