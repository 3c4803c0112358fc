/* The kernels: small loops over rows of f32, one table of function pointers per instruction set.
 *
 * The scalar table is the definition; the others are optimisations of it and agree within the
 * bound on each line (checked by tests/checkkern). One contract for all:
 *  - any n >= 0 and any alignment; no byte outside [p, p + n) is read or written;
 *  - arrays are [n] unless said otherwise; an output may be the same array as an input (not
 *    overlap it otherwise) only where the line says "in place";
 *  - NaN in gives NaN out; denormals are kept, except where the line says otherwise; no function
 *    sets floating-point state;
 *  - no allocation, no globals; thread-safe;
 *  - the bounds hold while no sum or square on the way overflows f32.
 * e is 2^-24, the rounding unit of f32; each rounding of a denormal adds 2^-149. D is n / 8 + 8: no
 * table puts an element through more additions than that, whatever the order of its sum. The scalar
 * table is also the most accurate: it sums in double.
 * Rows that a kernel works on one after another are fastest when each begins a cache line. */
#ifndef GTE_KERNELS_KERNELS_H
#define GTE_KERNELS_KERNELS_H

#include <stddef.h>

/* X(name, return type, parameters) */
#define GTE__KERNELS(X)                                                                            \
    /* out = a + b + c; out may be any of them. Error: 2e (|a| + |b| + |c|). */                    \
    X(f32_add3, void, (float *out, const float *a, const float *b, const float *c, size_t n))      \
    /* x += bias, in place. Exact: one rounding. */                                                \
    X(f32_bias, void, (float *x, const float *bias, size_t n))                                     \
    /* x = gelu(x + bias), in place; gelu(v) = v/2 (1 + erf(v / sqrt 2)), the exact form of */     \
    /* Hendrycks & Gimpel, 2016. Absolute error within 1e-6 max(1, |v|), v = x + bias rounded. */  \
    X(f32_bias_gelu_erf, void, (float *x, const float *bias, size_t n))                            \
    /* x = gelu_tanh(x + bias), in place; v/2 (1 + tanh(sqrt(2/pi) (v + 0.044715 v^3))). Same */   \
    /* bound. */                                                                                   \
    X(f32_bias_gelu_tanh, void, (float *x, const float *bias, size_t n))                           \
    /* out = (x - mean) / sqrt(var + eps) * gain + shift, biased variance by two passes (Ba et */  \
    /* al., 2016). In place (out = x). Error: with m = (D + 2) e mean(|x|), the error of the */    \
    /* mean, and f = 1 / sqrt(var + eps): */                                                       \
    /* |gain| f (m + |x - mean| ((D + 8) e + f^2 m^2 / 2)) + 2e (|out| + |shift|). */              \
    X(f32_layernorm, void,                                                                         \
      (float *out, const float *x, const float *gain, const float *shift, size_t n, float eps))    \
    /* x = softmax(scale * x), in place: exp(y) / sum, y = scale (x - max), scale from 2^-64 to */ \
    /* 2^64. Relative error of each weight within (D + 16 + 3 |y|) e; weights below 2^-124 may */  \
    /* come as 0. A row with NaN or +inf, or of -inf only, becomes NaN. */                         \
    X(f32_softmax, void, (float *x, float scale, size_t n))                                        \
    /* acc += x. Exact: one rounding. */                                                           \
    X(f32_accumulate, void, (float *acc, const float *x, size_t n))                                \
    /* x *= s, in place. Exact: one rounding. */                                                   \
    X(f32_scale, void, (float *x, float s, size_t n))                                              \
    /* sum of a[i] b[i]; the order of the sum is the table's own. Error: D e sum |a b|. */         \
    X(f32_dot, float, (const float *a, const float *b, size_t n))

typedef struct gte__kernels {
    const char *isa; /* "scalar", "avx2", "avx512" */
#define GTE__KERNEL_POINTER(name, type, parameters) type(*name) parameters;
    GTE__KERNELS(GTE__KERNEL_POINTER)
#undef GTE__KERNEL_POINTER
} gte__kernels;

extern const gte__kernels gte__kernels_scalar;
#if defined(__x86_64__)
extern const gte__kernels gte__kernels_avx2;   /* needs AVX2 and FMA */
extern const gte__kernels gte__kernels_avx512; /* needs AVX-512 F, BW, DQ and VL */
#endif

#endif
