/* The losses of logistic regression: multinomial (Hastie, Tibshirani and Friedman, The Elements of
 * Statistical Learning, 4.4; Bishop, Pattern Recognition and Machine Learning, 4.3.4), and one
 * against the rest for examples that may have several labels or none.
 *
 * Two classes are trained as two rows, as the formula says; scikit-learn trains one there, which is
 * the same model at twice the C. */
#ifndef GTE_TRAIN_LOGISTIC_H
#define GTE_TRAIN_LOGISTIC_H

#include "linear_fit.h"

/* The labels of example i are labels[starts[i] .. starts[i + 1] - 1]; exactly one where the loss is
 * multinomial. All below k. */
typedef struct train__truth {
    const uint32_t *starts, *labels;
    size_t k;
} train__truth;

/* Loss functions of the truth, which must outlive them. */
train__loss train__softmax_loss(const train__truth *truth);
train__loss train__sigmoid_loss(const train__truth *truth);

#endif
