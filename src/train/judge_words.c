/* Sentences through the layer and Viterbi, spans into a tally. */
#include "judge_words.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "judge_texts.h"

void train__words_free(train__words *words)
{
    free(words->x);
    free(words->units);
    free(words->labels);
    free(words->first);
    free(words->last);
    memset(words, 0, sizeof *words);
}

/* Room for the longest sentence. */
typedef struct desk {
    float *w, *scores;              /* [k, hidden] and biases; [rows, k] */
    uint32_t *path, *labels;        /* [rows], [words] */
    train__span *spans, *predicted; /* [words], [rows] */
    void *block;
} desk;

static gte_status lay_desk(const train__word_judge *judge, desk *d, gte_error *err)
{
    const size_t k = judge->crf->k, rows = judge->crf->longest;
    gte__plan plan = {0};
    size_t words = 1;
    for (size_t i = 0; i < judge->examples->count; i++)
        if (judge->examples->items[i].count > words) words = judge->examples->items[i].count;
    const size_t w = gte__plan_add(&plan, k * (judge->hidden + 1), sizeof(float));
    const size_t scores = gte__plan_add(&plan, rows * k, sizeof(float));
    const size_t path = gte__plan_add(&plan, rows, sizeof(uint32_t));
    const size_t labels = gte__plan_add(&plan, words, sizeof(uint32_t));
    const size_t spans = gte__plan_add(&plan, words, sizeof(train__span));
    const size_t predicted = gte__plan_add(&plan, rows, sizeof(train__span));
    char *block = plan.bad ? NULL : gte__block_alloc(plan.total);
    if (!block) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for sentences");
    *d = (desk){(float *)(void *)(block + w),
                (float *)(void *)(block + scores),
                (uint32_t *)(void *)(block + path),
                (uint32_t *)(void *)(block + labels),
                (train__span *)(void *)(block + spans),
                (train__span *)(void *)(block + predicted),
                block};
    return GTE_OK;
}

/* The annotated spans of a sentence, by the model's types. */
static size_t truth_of(const train__word_judge *judge, size_t sentence, desk *d)
{
    const train__example *example = &judge->examples->items[sentence];
    for (uint32_t i = 0; i < example->count; i++)
        d->labels[i] = judge->examples->marks[example->first + i].label;
    const size_t count = train__tags_spans(judge->truth, d->labels, example->count, d->spans);
    for (size_t i = 0; i < count; i++) d->spans[i].type = judge->types[d->spans[i].type];
    return count;
}

static void judge_sentence(const train__word_judge *judge, const train__rows *rows,
                           const double *extra, size_t sentence, desk *d, train__tally *tally)
{
    const train__words *words = judge->words;
    const size_t from = words->units[sentence], n = words->units[sentence + 1] - from;
    const size_t present = truth_of(judge, sentence, d);
    size_t claimed = 0;
    if (n) {
        train__linear_scores(rows, d->w, d->w + rows->k * rows->d, from, from + n, d->scores);
        train__crf_decode(judge->crf, d->scores, n, extra, d->path);
        claimed = train__tags_spans(judge->crf->chains->tags, d->path, n, d->predicted);
    }
    for (size_t i = 0; i < claimed; i++) { /* rows to words */
        d->predicted[i].end = words->last[from + d->predicted[i].end - 1] + 1;
        d->predicted[i].start = words->first[from + d->predicted[i].start];
    }
    for (size_t i = 0; i < n; i++) tally->exact += d->path[i] == words->labels[from + i];
    tally->total += n;
    train__spans_tally(d->spans, present, d->predicted, claimed, tally);
}

gte_status train__tally_words(const train__word_judge *judge, const double *weights, size_t from,
                              size_t to, train__tally *tally, gte_error *err)
{
    const train__words *words = judge->words;
    const size_t k = judge->crf->k, n = k * judge->hidden + k, count = judge->examples->count;
    const train__rows rows = {words->x, words->rows, judge->hidden, k, 0, 0};
    desk d = {0};
    gte_status status = lay_desk(judge, &d, err);
    if (status != GTE_OK) return status;
    train__narrow(weights, d.w, n);
    for (size_t s = 0; s < count; s++)
        if (words->units[s] >= from && words->units[s + 1] <= to)
            judge_sentence(judge, &rows, judge->transitions ? weights + n : NULL, s, &d, tally);
    free(d.block);
    return GTE_OK;
}

static gte_status run(const void *arg, const double *weights, size_t from, size_t to,
                      train__figures *out, gte_error *err)
{
    const train__word_judge *judge = arg;
    train__tally tally = {.k = judge->crf->chains->tags->types.count};
    tally.of = calloc(tally.k + 1, sizeof *tally.of);
    gte_status status = tally.of ? train__tally_words(judge, weights, from, to, &tally, err)
                                 : gte__fail(err, GTE_E_MEMORY, 0, "out of memory for types");
    if (status == GTE_OK) {
        out->accuracy = train__tally_accuracy(&tally);
        out->f1 = out->merit = train__tally_micro_f1(&tally);
    }
    free(tally.of);
    return status;
}

train__judge train__judge_of_words(const train__word_judge *judge)
{
    return (train__judge){run, judge};
}
