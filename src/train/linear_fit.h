/* Training a linear layer: the objective that L-BFGS minimises, whatever the loss of its scores is.
 *
 *     1 / (2 C n) |W|^2  +  1 / n sum of losses          n: rows that are trained on
 *
 * which is scikit-learn's 1/2 |W|^2 + C sum of losses divided by C n, as scikit-learn divides it
 * before it compares the gradient with its tolerance. Biases are not penalised. */
#ifndef GTE_TRAIN_LINEAR_FIT_H
#define GTE_TRAIN_LINEAR_FIT_H

#include <stdint.h>

#include "lbfgs.h"

/* What makes a loss of the scores of rows. `run` is given the scores [to - from, k] of the rows
 * from .. to - 1, returns the sum of their losses and leaves in place of each score the loss's
 * derivative by it. A loss may have parameters of its own, `extra` of them, penalised like W; it
 * adds their derivatives to extra_gradient. */
typedef struct train__loss {
    double (*run)(const void *arg, size_t from, size_t to, float *scores, const double *extra,
                  double *extra_gradient);
    const void *arg;
    size_t extra;
    /* Rows that one call must see together: unit u is the rows units[u] .. units[u + 1] - 1. NULL:
     * every row stands alone. */
    const uint32_t *units;
    size_t unit_count;
} train__loss;

/* The rows that are trained on: all of x [rows, d] but hole_from .. hole_to - 1, which are whole
 * units. */
typedef struct train__rows {
    const float *x;
    size_t rows, d, k; /* k scores a row */
    size_t hole_from, hole_to;
} train__rows;

typedef struct train__options {
    double c;         /* C above: the inverse of the penalty's strength */
    double tolerance; /* of the gradient's largest component; 0: 1e-5 */
    int iterations;   /* at most; 0: 1000 */
    /* Called between blocks of rows; a return other than 0 ends training with GTE_E_CANCELLED. */
    int (*poll)(void *arg);
    void *poll_arg;
} train__options;

/* Numbers of weights: W [k, d], then the biases [k], then the loss's own. */
static inline size_t train__weight_count(const train__rows *rows, const train__loss *loss)
{
    return rows->k * rows->d + rows->k + loss->extra;
}

/* Trains from the weights given (zeros are a good start) to the minimum. Errors: GTE_E_ARGUMENT
 * (nothing to train on, a value of x that is not finite), GTE_E_MEMORY, GTE_E_CANCELLED. */
gte_status train__linear_fit(const train__rows *rows, const train__loss *loss,
                             const train__options *options, double *weights,
                             train__outcome *outcome, gte_error *err);

/* The scores [to - from, k] of rows. `w` is [k, d], `bias` [k]. */
void train__linear_scores(const train__rows *rows, const float *w, const float *bias, size_t from,
                          size_t to, float *scores);

#endif
