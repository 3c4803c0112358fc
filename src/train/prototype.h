/* A classifier from a few examples: the mean of each label's vectors, and cosines to it (Snell,
 * Swersky and Zemel, Prototypical Networks for Few-shot Learning, with cosines). */
#ifndef GTE_TRAIN_PROTOTYPE_H
#define GTE_TRAIN_PROTOTYPE_H

#include "judge_texts.h"

typedef struct train__prototypes {
    double temperature; /* what cosines are divided by: the softmax is of w x */
    uint64_t judged;    /* examples in *tally: those that are not the only one of their label */
} train__prototypes;

/* Vectors of length 1, one label each. w [k, d] gets the means, each of length 1 / temperature.
 * Every example is judged by prototypes made without it, into *tally; the temperature is the one
 * of a few under which the labels are likeliest then. Errors: GTE_E_MEMORY. */
gte_status train__prototypes_make(const train__rows *rows, const train__truth *truth, float *w,
                                  train__prototypes *out, train__tally *tally, gte_error *err);

#endif
