/* Which example is held back when: an order of the examples in which each fold stands together, so
 * that training on the others needs no copy of their vectors. */
#ifndef GTE_TRAIN_FOLDS_H
#define GTE_TRAIN_FOLDS_H

#include "examples.h"

#define TRAIN__MOST_FOLDS 20u

typedef struct train__folds {
    unsigned count;                       /* 0: none is held back */
    size_t bounds[TRAIN__MOST_FOLDS + 1]; /* fold f is the examples bounds[f] .. bounds[f+1] - 1 */
} train__folds;

/* Puts the examples in such an order and fills *folds. Within every fold labels are as frequent as
 * in the whole; an example of several is counted for the rarest of them, one of none for none; for
 * sentences (`stratified` false) chance alone decides. The same `seed`, the same order. Errors:
 * GTE_E_MEMORY. */
gte_status train__folds_arrange(train__examples *examples, unsigned count, bool stratified,
                                uint64_t seed, train__folds *folds, gte_error *err);

#endif
