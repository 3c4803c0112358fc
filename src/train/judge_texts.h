/* Judging a classifier of texts on rows it was not trained on. */
#ifndef GTE_TRAIN_JUDGE_TEXTS_H
#define GTE_TRAIN_JUDGE_TEXTS_H

#include "choose_c.h"
#include "logistic.h"
#include "tally.h"

typedef struct train__text_judge {
    const train__rows *rows;
    const train__truth *truth;
    bool several; /* labels a text: see train__tally_add */
} train__text_judge;

/* Counts the rows from .. to - 1 by scores of w [k, d] and bias [k]. Errors: GTE_E_MEMORY. */
gte_status train__tally_texts(const train__text_judge *judge, const float *w, const float *bias,
                              size_t from, size_t to, train__tally *tally, gte_error *err);

/* For train__choose_c: accuracy and macro F1; of several labels micro F1 is the merit. The judge
 * must outlive it. */
train__judge train__judge_of_texts(const train__text_judge *judge);

/* Weights and biases as floats, n of them. */
void train__narrow(const double *weights, float *out, size_t n);

#endif
