/* Both forms of GELU from one table of polynomials per form.
 *
 * gelu(v) = max(v, 0) - h(|v|), where h(a) = a (1 - Phi(a)) serves both signs, is at most 0.17 and
 * falls to nothing: its error is absolute and the sum keeps large v exact. h is cut into 8
 * segments of width 13/16 around their centres, one polynomial of degree 6 each, and a beyond the
 * last centre counts as that centre, where h is set to 0.
 *
 * max(v, 0) is written |v|/2 + v/2: the same for every finite v, and it carries a NaN and makes
 * gelu(-inf) NaN, as the definition (-inf times 0) does.
 *
 * Fitted by ../fit_polynomials.py (Remez exchange, then f32). Largest error of h: erf 7.6e-8, tanh
 * 7.2e-8. */
#include "kernels_avx2.h"

enum { DEGREE = 6 };

/* [t^d][segment] */
static const float erf_h[DEGREE + 1][LANES] __attribute__((aligned(32))) = {
    {0.0f, 0.16920507f, 0.0846320763f, 0.0180243533f, 0.00187533221f, 9.86171581e-05f,
     2.65216977e-06f, 0.0f},
    {0.5f, -0.0247605965f, -0.121044196f, -0.0424587801f, -0.00601726491f, -0.000398331933f,
     -1.28959955e-05f, -6.70531062e-06f},
    {-0.398941159f, -0.192125812f, 0.03412541f, 0.0403064229f, 0.00868674181f, 0.000754363078f,
     2.99978947e-05f, -0.000186011574f},
    {-2.66692732e-05f, 0.129647791f, 0.0392620638f, -0.016131293f, -0.00721827755f,
     -0.000880164502f, -4.40260592e-05f, -0.0019606126f},
    {0.0667159259f, -0.00218480546f, -0.0333409384f, -0.00195935322f, 0.00352250738f,
     0.000697484822f, 4.60748524e-05f, -0.00930132717f},
    {-0.000841478177f, -0.0209976602f, 0.00540659577f, 0.00501409452f, -0.000666735519f,
     -0.000389716617f, -3.8797185e-05f, -0.0203553922f},
    {-0.00871938094f, 0.00332956319f, 0.00345379021f, -0.00191163993f, -0.000268019328f,
     0.000136339586f, 2.25206295e-05f, -0.0166991632f}};

static const float tanh_h[DEGREE + 1][LANES] __attribute__((aligned(32))) = {
    {0.0f, 0.169293031f, 0.0848050267f, 0.017609125f, 0.00156862778f, 5.19536661e-05f,
     5.23704728e-07f, 0.0f},
    {0.5f, -0.024440622f, -0.121515267f, -0.0429071188f, -0.00556422211f, -0.000253670325f,
     -3.39862208e-06f, -2.40160489e-07f},
    {-0.3989411f, -0.191898704f, 0.0332441367f, 0.0411519483f, 0.00869837124f, 0.000572456163f,
     1.04398314e-05f, -6.5426475e-06f},
    {-2.79514352e-05f, 0.129255012f, 0.0395820178f, -0.0158968214f, -0.00761425868f,
     -0.000782432035f, -1.98772887e-05f, -6.92748945e-05f},
    {0.0670558438f, -0.00269167707f, -0.0326022916f, -0.00257118209f, 0.00373980147f,
     0.000711118337f, 2.70641067e-05f, -0.000328071445f},
    {-0.00088175881f, -0.0208885316f, 0.00527316937f, 0.00502608577f, -0.000589829695f,
     -0.000440610864f, -3.0501009e-05f, -0.000718382478f},
    {-0.00888753682f, 0.00359826232f, 0.00316064479f, -0.00169519661f, -0.000367311091f,
     0.000160791751f, 2.19924023e-05f, -0.000588499126f}};

static inline __m256 gelu(__m256 v, const float c[DEGREE + 1][LANES])
{
    const __m256 half = _mm256_set1_ps(0.5f);
    /* Added to a number below 2^22, 1.5 * 2^23 leaves its nearest integer in the low bits. */
    const __m256 round = _mm256_set1_ps(12582912.0f);
    const __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v);
    /* min returns its second operand for a NaN: the segment is in range in any case. */
    const __m256 a = _mm256_min_ps(size, _mm256_set1_ps(7.0f * 0.8125f));
    const __m256 k = _mm256_fmadd_ps(a, _mm256_set1_ps(1.0f / 0.8125f), round);
    const __m256i segment = _mm256_castps_si256(k);
    const __m256 t = _mm256_fnmadd_ps(_mm256_sub_ps(k, round), _mm256_set1_ps(0.8125f), a);
    /* Coefficients come from memory: 7 vectors of them and the rest would not fit 16 registers. */
    __m256 h = _mm256_permutevar8x32_ps(_mm256_load_ps(c[DEGREE]), segment);
    for (int d = DEGREE - 1; d >= 0; d--)
        h = _mm256_fmadd_ps(h, t, _mm256_permutevar8x32_ps(_mm256_load_ps(c[d]), segment));
    return _mm256_sub_ps(_mm256_fmadd_ps(size, half, _mm256_mul_ps(v, half)), h);
}

static inline void bias_gelu(float *x, const float *bias, size_t n,
                             const float c[DEGREE + 1][LANES])
{
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m256 v = _mm256_add_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(bias + i));
        _mm256_storeu_ps(x + i, gelu(v, c));
    }
    if (i == n) return;
    const __m256i m = first_lanes(n - i);
    const __m256 v = _mm256_add_ps(_mm256_maskload_ps(x + i, m), _mm256_maskload_ps(bias + i, m));
    _mm256_maskstore_ps(x + i, m, gelu(v, c));
}

void gte__f32_bias_gelu_erf_avx2(float *x, const float *bias, size_t n)
{
    bias_gelu(x, bias, n, erf_h);
}

void gte__f32_bias_gelu_tanh_avx2(float *x, const float *bias, size_t n)
{
    bias_gelu(x, bias, n, tanh_h);
}
