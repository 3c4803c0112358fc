/* How well labels were predicted: counts, and the figures made of them. */
#ifndef GTE_TRAIN_TALLY_H
#define GTE_TRAIN_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct train__counts {
    uint64_t right, claimed, present; /* said and so; said; so */
} train__counts;

typedef struct train__tally {
    train__counts *of; /* [k], the caller's */
    size_t k;
    uint64_t exact, total; /* examples whose labels are all right and no more; examples */
} train__tally;

/* One example of the scores [k]: the labels it has are labels[0 .. count - 1]. With `several` the
 * labels above 0 (a probability of a half) are predicted, else the highest. */
void train__tally_add(train__tally *tally, const float *scores, const uint32_t *labels,
                      size_t count, bool several);

double train__tally_accuracy(const train__tally *tally);

/* F1 = 2 right / (claimed + present), 0 where that is 0 / 0 */
double train__f1(const train__counts *counts);

/* The mean of F1 over the labels that are present or predicted, as scikit-learn has it. */
double train__tally_macro_f1(const train__tally *tally);

/* F1 of all labels together; of single labels this is the accuracy. */
double train__tally_micro_f1(const train__tally *tally);

#endif
