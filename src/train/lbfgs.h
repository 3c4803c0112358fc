/* Unconstrained minimisation of a smooth function. Knows nothing of what is minimised. */
#ifndef GTE_TRAIN_LBFGS_H
#define GTE_TRAIN_LBFGS_H

#include <stdbool.h>
#include <stddef.h>

#include "gte.h"

typedef struct train__function {
    size_t size; /* number of variables */
    /* The value and the gradient at x. What it returns other than GTE_OK ends the minimisation
     * and is returned by it: a failure, or GTE_E_CANCELLED. */
    gte_status (*evaluate)(void *arg, const double *x, double *value, double *gradient,
                           gte_error *err);
    void *arg;
    double noise; /* relative rounding error of the value: less than that is no rise */
} train__function;

typedef struct train__limits {
    double gradient; /* done when no component of the gradient is larger */
    int iterations;
} train__limits;

typedef struct train__outcome {
    double value, gradient; /* the last value, and the largest component of its gradient */
    int iterations, evaluations;
    bool converged; /* the gradient is below its limit */
} train__outcome;

/* From the start in x to the minimum, by L-BFGS with ten pairs. *outcome is filled also where the
 * limits end it. Errors: GTE_E_MEMORY, those of evaluate. */
gte_status train__minimise(const train__function *function, const train__limits *limits, double *x,
                           train__outcome *outcome, gte_error *err);

#endif
