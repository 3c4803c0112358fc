/* How far to go along a direction: a step with the strong Wolfe conditions. */
#ifndef GTE_TRAIN_LINE_SEARCH_H
#define GTE_TRAIN_LINE_SEARCH_H

#include "lbfgs.h"

typedef struct train__step {
    double length, value, slope;
} train__step;

typedef struct train__line {
    const train__function *function;
    const double *x, *direction; /* the start and where to go */
    double *to, *gradient;       /* the point probed last, and its gradient */
    train__step start;           /* length 0 */
    int evaluations;
} train__line;

/* Tries `first` and then what the values suggest. *found: whether there is such a step; line->to,
 * line->gradient and *taken are then of it. Errors: those of evaluate. */
gte_status train__line_search(train__line *line, double first, bool *found, train__step *taken,
                              gte_error *err);

double train__dot(const double *a, const double *b, size_t n);

#endif
