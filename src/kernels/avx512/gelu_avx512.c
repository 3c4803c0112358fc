/* Both forms of GELU from one table of polynomials per form.
 *
 * gelu(v) = max(v, 0) - h(|v|), where h(a) = a (1 - Phi(a)) serves both signs, is at most 0.17 and
 * falls to nothing: its error is absolute and the sum keeps large v exact. h is cut into 16
 * segments of width 3/8 around their centres, one polynomial of degree 5 each, and a beyond the
 * last centre counts as that centre, where h is set to 0.
 *
 * max(v, 0) is written |v|/2 + v/2: the same for every finite v, and it carries a NaN and makes
 * gelu(-inf) NaN, as the definition (-inf times 0) does.
 *
 * Fitted by ../fit_polynomials.py (Remez exchange, then f32). Largest error of h: erf 5.2e-8, tanh
 * 1.6e-8. */
#include "kernels_avx512.h"

enum { DEGREE = 5 };

/* [t^d][segment] */
static const float erf_h[DEGREE + 1][LANES] __attribute__((aligned(64))) = {
    {0.0f, 0.132686332f, 0.169970512f, 0.146581337f, 0.100210808f, 0.056993179f, 0.0275050607f,
     0.0113726743f, 0.00404969323f, 0.00124563975f, 0.000331565039f, 7.64642173e-05f,
     1.52896118e-05f, 2.65223525e-06f, 3.99268458e-07f, 0.0f},
    {0.5f, 0.214384601f, 0.000774300366f, -0.108066708f, -0.127469197f, -0.0985779166f,
     -0.059189748f, -0.0290685259f, -0.0119456444f, -0.00415719626f, -0.00123381638f,
     -0.000313692814f, -6.85293344e-05f, -1.2891257e-05f, -2.09142331e-06f, -1.42060853e-05f},
    {-0.398940504f, -0.345705062f, -0.216444179f, -0.0778031126f, 0.0161863193f, 0.0521266311f,
     0.0486025587f, 0.0311158132f, 0.0155120101f, 0.00629701931f, 0.00212648627f, 0.000604593777f,
     0.000145808939f, 2.9977442e-05f, 5.27259817e-06f, -0.000592830067f},
    {-6.81268939e-05f, 0.0896913186f, 0.129390955f, 0.108627625f, 0.0566661209f, 0.0104140546f,
     -0.0126456795f, -0.0160920471f, -0.0110801533f, -0.00557557913f, -0.00221752515f,
     -0.000720657816f, -0.000194770648f, -4.42450691e-05f, -8.5071124e-06f, -0.00886621978f},
    {0.0673949718f, 0.0467282534f, 0.00488078082f, -0.028404301f, -0.0358327739f, -0.0236089546f,
     -0.00777430972f, 0.00162903359f, 0.00402153889f, 0.0030146155f, 0.00152596517f,
     0.000592074241f, 0.000184593897f, 4.73462424e-05f, 1.01284713e-05f, -0.0540315621f},
    {-0.00501494575f, -0.0189407077f, -0.0226335134f, -0.0112565616f, 0.00262770546f,
     0.00883411895f, 0.00714816106f, 0.00289213681f, 2.55083996e-05f, -0.000835008046f,
     -0.00067149254f, -0.00033503311f, -0.000124557162f, -3.66609456e-05f, -8.79198342e-06f,
     -0.115273245f}};

static const float tanh_h[DEGREE + 1][LANES] __attribute__((aligned(64))) = {
    {0.0f, 0.132692233f, 0.170039445f, 0.146775216f, 0.100428432f, 0.0570009649f, 0.0272013284f,
     0.0109039098f, 0.00363739091f, 0.000995028298f, 0.000219252281f, 3.81554892e-05f,
     5.13683426e-06f, 5.23784195e-07f, 3.95899562e-08f, 0.0f},
    {0.5f, 0.214444339f, 0.00106176652f, -0.107771724f, -0.127710804f, -0.0993877724f,
     -0.0599145368f, -0.0291908477f, -0.0115841636f, -0.0037180332f, -0.000951359514f,
     -0.000190613966f, -2.93224966e-05f, -3.39299413e-06f, -2.89206014e-07f, -5.964053e-07f},
    {-0.398940474f, -0.345490724f, -0.216155604f, -0.0781692341f, 0.0152559495f, 0.0517239571f,
     0.0491901301f, 0.0319689773f, 0.0158844311f, 0.00618180353f, 0.00187999778f, 0.000441203738f,
     7.85661032e-05f, 1.04177325e-05f, 1.0083852e-06f, -2.46183172e-05f},
    {-6.96514981e-05f, 0.0899670571f, 0.129128486f, 0.107871965f, 0.0566058382f, 0.0112949135f,
     -0.0119756404f, -0.0162816383f, -0.0116141746f, -0.00585483247f, -0.00220144587f,
     -0.000621424639f, -0.000130581713f, -2.01373332e-05f, -2.24068322e-06f, -0.000368861685f},
    {0.0677443817f, 0.0466505326f, 0.00436826376f, -0.0283639822f, -0.0350928642f, -0.0233080685f,
     -0.00826999173f, 0.00115123694f, 0.00404155487f, 0.00325012463f, 0.00165309256f,
     0.000592389202f, 0.000152818771f, 2.83428217e-05f, 3.74237811e-06f, -0.00224693376f},
    {-0.00512824301f, -0.0192855671f, -0.0226321127f, -0.0107596209f, 0.00272934884f,
     0.00835772883f, 0.00690038456f, 0.00311332894f, 0.000255770865f, -0.000832757622f,
     -0.000756709022f, -0.000376340671f, -0.00012368524f, -2.7965807e-05f, -4.37913059e-06f,
     -0.00479477784f}};

typedef struct table {
    __m512 c[DEGREE + 1];
} table;

static inline table load(const float h[DEGREE + 1][LANES])
{
    table p;
    for (int d = 0; d <= DEGREE; d++) p.c[d] = _mm512_load_ps(h[d]);
    return p;
}

static inline __m512 gelu(__m512 v, const table *p)
{
    const __m512 width = _mm512_set1_ps(0.375f), half = _mm512_set1_ps(0.5f);
    /* Added to a number below 2^22, 1.5 * 2^23 leaves its nearest integer in the low bits. */
    const __m512 round = _mm512_set1_ps(12582912.0f);
    const __m512 size = _mm512_abs_ps(v);
    /* min returns its second operand for a NaN: the segment is in range in any case. */
    const __m512 a = _mm512_min_ps(size, _mm512_set1_ps(15.0f * 0.375f));
    const __m512 k = _mm512_fmadd_ps(a, _mm512_set1_ps(1.0f / 0.375f), round);
    const __m512i segment = _mm512_castps_si512(k);
    const __m512 t = _mm512_fnmadd_ps(_mm512_sub_ps(k, round), width, a);
    __m512 h = _mm512_permutexvar_ps(segment, p->c[DEGREE]);
    for (int d = DEGREE - 1; d >= 0; d--)
        h = _mm512_fmadd_ps(h, t, _mm512_permutexvar_ps(segment, p->c[d]));
    return _mm512_sub_ps(_mm512_fmadd_ps(size, half, _mm512_mul_ps(v, half)), h);
}

static inline void bias_gelu(float *x, const float *bias, size_t n,
                             const float h[DEGREE + 1][LANES])
{
    const table p = load(h);
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m512 v = _mm512_add_ps(_mm512_loadu_ps(x + i), _mm512_loadu_ps(bias + i));
        _mm512_storeu_ps(x + i, gelu(v, &p));
    }
    if (i == n) return;
    const __mmask16 m = first_lanes(n - i);
    const __m512 v =
        _mm512_add_ps(_mm512_maskz_loadu_ps(m, x + i), _mm512_maskz_loadu_ps(m, bias + i));
    _mm512_mask_storeu_ps(x + i, m, gelu(v, &p));
}

void gte__f32_bias_gelu_erf_avx512(float *x, const float *bias, size_t n)
{
    bias_gelu(x, bias, n, erf_h);
}

void gte__f32_bias_gelu_tanh_avx512(float *x, const float *bias, size_t n)
{
    bias_gelu(x, bias, n, tanh_h);
}
