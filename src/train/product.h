/* The two products of a linear layer's training, and the one place of the room where they are
 * computed. Rows are vectors of `d` floats without gaps; k outputs. */
#ifndef GTE_TRAIN_PRODUCT_H
#define GTE_TRAIN_PRODUCT_H

#include <stddef.h>

/* Once, before any product: OpenBLAS runs on the calling thread alone from here on. */
void train__product_setup(void);

/* scores [rows, k] += x [rows, d] w^T, w being [k, d] */
void train__product_scores(const float *x, size_t rows, size_t d, const float *w, size_t k,
                           float *scores);

/* gradient [k, d] += residual^T x, residual being [rows, k] and x [rows, d] */
void train__product_gradient(const float *x, size_t rows, size_t d, const float *residual, size_t k,
                             float *gradient);

#endif
