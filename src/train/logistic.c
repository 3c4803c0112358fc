/* Losses of scores and their derivatives: probability minus truth, for both. */
#include "logistic.h"

#include <math.h>

/* log(sum of exp) - score of the label; scores become softmax - 1 at the label. */
static double softmax_row(float *scores, size_t k, uint32_t label)
{
    float most = scores[0], sum = 0;
    for (size_t i = 1; i < k; i++) most = scores[i] > most ? scores[i] : most;
    const double chosen = (double)scores[label] - (double)most;
    for (size_t i = 0; i < k; i++) sum += scores[i] = expf(scores[i] - most);
    const float scale = 1 / sum;
    for (size_t i = 0; i < k; i++) scores[i] *= scale;
    scores[label] -= 1;
    return log((double)sum) - chosen;
}

static double softmax_run(const void *arg, size_t from, size_t to, float *scores,
                          const double *extra, double *extra_gradient)
{
    const train__truth *truth = arg;
    double sum = 0;
    (void)extra;
    (void)extra_gradient;
    for (size_t i = from; i < to; i++, scores += truth->k)
        sum += softmax_row(scores, truth->k, truth->labels[truth->starts[i]]);
    return sum;
}

/* log(1 + exp(-s)) of a true label's score s, log(1 + exp(s)) of another's. */
static double sigmoid_run(const void *arg, size_t from, size_t to, float *scores,
                          const double *extra, double *extra_gradient)
{
    const train__truth *truth = arg;
    double sum = 0;
    (void)extra;
    (void)extra_gradient;
    for (size_t i = from; i < to; i++, scores += truth->k) {
        for (uint32_t j = truth->starts[i]; j < truth->starts[i + 1]; j++)
            sum -= (double)scores[truth->labels[j]];
        for (size_t k = 0; k < truth->k; k++) {
            const float e = expf(-fabsf(scores[k]));
            sum += (double)(fmaxf(scores[k], 0) + log1pf(e));
            scores[k] = (scores[k] >= 0 ? 1 : e) / (1 + e);
        }
        for (uint32_t j = truth->starts[i]; j < truth->starts[i + 1]; j++)
            scores[truth->labels[j]] -= 1;
    }
    return sum;
}

train__loss train__softmax_loss(const train__truth *truth)
{
    return (train__loss){.run = softmax_run, .arg = truth};
}

train__loss train__sigmoid_loss(const train__truth *truth)
{
    return (train__loss){.run = sigmoid_run, .arg = truth};
}
