/* Choosing C by cross-validation: each value trains on all folds but one and is judged on that one.
 * What is trained and how it is judged is the caller's. */
#ifndef GTE_TRAIN_CHOOSE_C_H
#define GTE_TRAIN_CHOOSE_C_H

#include "folds.h"
#include "linear_fit.h"

typedef struct train__figures {
    double accuracy, f1;
    double merit; /* the one of them that is to be as high as possible */
} train__figures;

/* Judges the weights of train__linear_fit on the rows from .. to - 1. */
typedef struct train__judge {
    gte_status (*run)(const void *arg, const double *weights, size_t from, size_t to,
                      train__figures *out, gte_error *err);
    const void *arg;
} train__judge;

/* What came of one C: means over the folds, and standard deviations. */
typedef struct train__trial {
    double c;
    train__figures mean, spread;
} train__trial;

#define TRAIN__MOST_TRIALS 16u

typedef struct train__trials {
    train__trial of[TRAIN__MOST_TRIALS];
    size_t count, best;
} train__trials;

/* Tries the `count` values of C, which ascend: every fold starts where it ended at the value
 * before, and after two values that are no better than the best the rest is left out. Of equal ones
 * the smaller is the best. The rows of fold f are bounds[f] .. bounds[f + 1] - 1. The hole of *rows
 * and the C of *options are not read. Errors: those of train__linear_fit and of the judge. */
gte_status train__choose_c(const train__rows *rows, const train__loss *loss,
                           const train__options *options, const size_t *bounds, unsigned folds,
                           const train__judge *judge, const double *c, size_t count,
                           train__trials *trials, gte_error *err);

#endif
