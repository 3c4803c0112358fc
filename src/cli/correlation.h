/* How well two rankings agree. */
#ifndef GTE_CLI_CORRELATION_H
#define GTE_CLI_CORRELATION_H

#include <stddef.h>

/* Pearson's r of x[n] and y[n]; NaN when one of them does not vary. */
double cli__pearson(const double *x, const double *y, size_t n);

/* Spearman's rho: Pearson's r of the ranks, equal values sharing the mean of their ranks. Returns 0
 * without *out when memory is short. */
int cli__spearman(const double *x, const double *y, size_t n, double *out);

#endif
