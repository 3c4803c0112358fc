/* The seam of the linear layers: y = x W^T, and the two products of attention. Everything that
 * multiplies matrices for the encoder goes through this table; OpenBLAS stands behind it today,
 * packed kernels take their place beside it. Row-major; ld* are the distances between rows. */
#ifndef GTE_ENCODER_LINEAR_H
#define GTE_ENCODER_LINEAR_H

#include <stdbool.h>
#include <stddef.h>

typedef struct gte__linear {
    const char *name; /* "openblas" */

    /* c [m, n] = a [m, k] b[n, k]^T; c is not read. m, n, k >= 1 and at most 2^31 - 1. */
    void (*product_nt)(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                       size_t ldb, float *c, size_t ldc);
    /* c [m, n] = a [m, k] b [k, n]; c is not read. */
    void (*product_nn)(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                       size_t ldb, float *c, size_t ldc);

    /* The products run on the calling thread alone, so that the team's threads and the backend's
     * never fight. A member of the team calls thread_start once; a caller brackets its work with
     * enter and leave, which restore what was. */
    /* Whether this many threads can run at the same time: false where the backend would not find
     * the memory it takes at its first product. */
    bool (*ready)(int threads);
    void (*thread_start)(void);
    int (*enter)(void);
    void (*leave)(int token);
} gte__linear;

extern const gte__linear gte__linear_openblas;

/* What the backend says of itself; constant strings (see gte_runtime in gte.h). */
const char *gte__blas_version(void);
const char *gte__blas_core(void);
const char *gte__blas_threading(void);

#endif
