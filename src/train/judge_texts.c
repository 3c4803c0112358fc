/* Scores of held-back texts, block by block, into a tally. */
#include "judge_texts.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/status.h"

#define BLOCK_ROWS 512

void train__narrow(const double *weights, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = (float)weights[i];
}

gte_status train__tally_texts(const train__text_judge *judge, const float *w, const float *bias,
                              size_t from, size_t to, train__tally *tally, gte_error *err)
{
    const train__truth *truth = judge->truth;
    const size_t k = truth->k;
    float *scores = calloc(k, BLOCK_ROWS * sizeof *scores);
    if (!scores) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for scores");
    while (from < to) {
        const size_t end = to - from < BLOCK_ROWS ? to : from + BLOCK_ROWS;
        train__linear_scores(judge->rows, w, bias, from, end, scores);
        for (size_t i = from; i < end; i++)
            train__tally_add(tally, scores + (i - from) * k, truth->labels + truth->starts[i],
                             truth->starts[i + 1] - truth->starts[i], judge->several);
        from = end;
    }
    free(scores);
    return GTE_OK;
}

static gte_status run(const void *arg, const double *weights, size_t from, size_t to,
                      train__figures *out, gte_error *err)
{
    const train__text_judge *judge = arg;
    const size_t k = judge->truth->k, n = k * judge->rows->d + k;
    train__tally tally = {.of = calloc(k, sizeof *tally.of), .k = k};
    float *w = calloc(n, sizeof *w);
    gte_status status = w && tally.of
                            ? GTE_OK
                            : gte__fail(err, GTE_E_MEMORY, 0, "out of memory for %zu weights", n);
    if (status == GTE_OK) {
        train__narrow(weights, w, n);
        status = train__tally_texts(judge, w, w + n - k, from, to, &tally, err);
    }
    if (status == GTE_OK) {
        out->accuracy = train__tally_accuracy(&tally);
        out->f1 = train__tally_macro_f1(&tally);
        out->merit = judge->several ? train__tally_micro_f1(&tally) : out->accuracy;
    }
    free(tally.of);
    free(w);
    return status;
}

train__judge train__judge_of_texts(const train__text_judge *judge)
{
    return (train__judge){run, judge};
}
