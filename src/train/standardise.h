/* Features of mean 0 and deviation 1, on which L-BFGS needs a fraction of the iterations,
 * and the way back: the same layer for the features as they were. */
#ifndef GTE_TRAIN_STANDARDISE_H
#define GTE_TRAIN_STANDARDISE_H

#include <stddef.h>

/* x [rows, d] in place; mean and scale, [d] each, are filled: x was mean + scale * x. A feature
 * that does not vary becomes 0. */
void train__standardise(float *x, size_t rows, size_t d, double *mean, double *scale);

/* w [k, d] and bias [k] of standardised features, in place, to those of the features before. */
void train__restore(double *w, double *bias, size_t k, size_t d, const double *mean,
                    const double *scale);

#endif
