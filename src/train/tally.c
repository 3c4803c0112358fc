/* Accuracy and F1. */
#include "tally.h"

static bool holds(const uint32_t *labels, size_t count, size_t label)
{
    for (size_t i = 0; i < count; i++)
        if (labels[i] == label) return true;
    return false;
}

static size_t highest(const float *scores, size_t k)
{
    size_t best = 0;
    for (size_t i = 1; i < k; i++)
        if (scores[i] > scores[best]) best = i;
    return best;
}

void train__tally_add(train__tally *tally, const float *scores, const uint32_t *labels,
                      size_t count, bool several)
{
    const size_t best = several ? tally->k : highest(scores, tally->k);
    bool exact = true;
    for (size_t i = 0; i < tally->k; i++) {
        const bool claimed = several ? scores[i] > 0 : i == best;
        const bool present = holds(labels, count, i);
        tally->of[i].claimed += claimed;
        tally->of[i].present += present;
        tally->of[i].right += claimed && present;
        if (claimed != present) exact = false;
    }
    tally->exact += exact;
    tally->total++;
}

double train__tally_accuracy(const train__tally *tally)
{
    return tally->total ? (double)tally->exact / (double)tally->total : 0;
}

double train__f1(const train__counts *counts)
{
    const uint64_t sum = counts->claimed + counts->present;
    return sum ? 2 * (double)counts->right / (double)sum : 0;
}

double train__tally_macro_f1(const train__tally *tally)
{
    double sum = 0;
    size_t labels = 0;
    for (size_t i = 0; i < tally->k; i++) {
        if (!tally->of[i].claimed && !tally->of[i].present) continue;
        sum += train__f1(&tally->of[i]);
        labels++;
    }
    return labels ? sum / (double)labels : 0;
}

double train__tally_micro_f1(const train__tally *tally)
{
    train__counts all = {0, 0, 0};
    for (size_t i = 0; i < tally->k; i++) {
        all.right += tally->of[i].right;
        all.claimed += tally->of[i].claimed;
        all.present += tally->of[i].present;
    }
    return train__f1(&all);
}
