/* What happens to whole rows between two products: layer norm and the conversion to what the next
 * product reads. One row at a time, in L1. */
#ifndef GTE_KERNELS_ROWS_H
#define GTE_KERNELS_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/gemm.h"

/* The smallest value of GELU is -0.16997 (erf) or -0.17004 (tanh); bf16 rounds it to no less
 * than this. */
#define GTE__GELU_LOW (-0.171f)

/* A row as the next product reads it. */
typedef struct gte__row_copy {
    gte__element type;     /* f32: nothing is written */
    void *data;            /* [n] bf16 or u8; that of `copy` may begin where x does */
    gte__row_scale *scale; /* int8 */
    const float *gain;     /* [n], int8, layernorm: see there; or NULL */
} gte__row_copy;

typedef struct gte__row_kernels {
    const char *isa;
    /* x = z gain + shift, z = (x - mean) / sqrt(var + eps), two passes, as f32_layernorm; and a
     * copy, of x or, where copy->gain is given, of z copy->gain: channels that are large in x need
     * not be so in what is quantised (the file's weights have the inverse, its bias the shift). */
    void (*layernorm)(float *x, const float *gain, const float *shift, size_t n, float eps,
                      const gte__row_copy *copy);
    /* A copy of x. u8: scale = (max - min) / 255, offset = min, q to nearest; a constant row has
     * scale 0. A NaN makes a u8 row's values, scale and offset any. */
    void (*copy)(const float *x, size_t n, const gte__row_copy *copy);
    /* u8 of a row of GELU's results in bf16: offset = GTE__GELU_LOW, scale from the largest; q may
     * begin where x does. */
    void (*quantise_gelu)(uint8_t *q, gte__row_scale *scale, const uint16_t *x, size_t n);
} gte__row_kernels;

/* gte__rows_scalar defines. Those of levels whose products neither read nor write bf16 (the field
 * `wide` of a product is f32) have no bf16 copies, and a NULL for quantise_gelu. */
extern const gte__row_kernels gte__rows_scalar;
#if defined(__x86_64__)
extern const gte__row_kernels gte__rows_avx2, gte__rows_avx512, gte__rows_avx512bf16;
#endif

#endif
