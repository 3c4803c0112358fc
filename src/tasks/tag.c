/* Heads that label tokens (BertForTokenClassification; RaNER with its CRF): named entities.
 *
 * A long text goes through in windows that overlap, and its logits are one sequence again before
 * anything is decided, so that no window can cut or double an entity. Without a CRF labels become
 * entities as HuggingFace's TokenClassificationPipeline defines its aggregation_strategy:
 *
 *     none      every token that is not O, by its whole label
 *     simple    every token by its best label; neighbours of one type are one entity
 *     first     the same of words, each labelled by its first token
 *     average   by the mean of its tokens' probabilities
 *     max       by the token that is surest
 *
 * An entity's score is the mean of its words' (tokens') probabilities. With a CRF all words of the
 * text are labelled together (crf.c). What labels mean is tag_spans.c's. */
#include <math.h>

#include "tasks/tags.h"

/* Of two tokens next to each other in the text one window always saw 32 on either side, more than
 * an entity has; 64 of 510 are read twice. */
#define OVERLAP 64
/* A model of short windows: a quarter of each, so that it goes forward. */
#define OVERLAP_SHARE 4

enum { UNITS, SPANS, STEPS, ROWS }; /* of result->scratch */

static gte_status no_memory(gte_error *err)
{
    return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for the labels of tokens");
}

static gte_status plan(const gte__run *run, gte_error *err)
{
    const gte_token first = {(int32_t)run->tokenizer->header->cls_id, 0, 0, 0};
    size_t window = SIZE_MAX, stride = 0;
    if (run->result->text.pair)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "entities are of one text, not of a pair");
    gte__windows_sizes(run, &window, &stride);
    if (run->request->stride_tokens <= 0)
        stride = window / OVERLAP_SHARE < OVERLAP ? window / OVERLAP_SHARE : OVERLAP;
    gte_status status = gte__run_tokenize(run, err);
    if (status != GTE_OK) return status;
    return gte__windows_plan(run, &first, 1, window, stride, 0, err);
}

/* ---- labels of words ------------------------------------------------------------------------ */

/* The first of the highest. */
static uint32_t best_of(const float *row, size_t k)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < k; i++)
        if (row[i] > row[best]) best = i;
    return best;
}

/* softmax(row)[best], and `best` is the highest. */
static float probability_of_best(const float *row, size_t k, uint32_t best)
{
    double sum = 0.0;
    for (size_t i = 0; i < k; i++) sum += (double)expf(row[i] - row[best]);
    return (float)(1.0 / sum);
}

/* The token that is surest of its label. */
static void label_by_surest(const float *logits, size_t k, gte__unit *unit)
{
    unit->score = -1.0f;
    for (uint32_t t = unit->first; t <= unit->last; t++) {
        const float *row = logits + t * k;
        const uint32_t label = best_of(row, k);
        const float score = probability_of_best(row, k, label);
        if (score <= unit->score) continue;
        unit->score = score;
        unit->label = label;
    }
}

/* The mean of the tokens' probabilities, in `mean` [2, k]. */
static void label_by_mean(const float *logits, size_t k, gte__unit *unit, float *mean)
{
    const float share = 1.0f / (float)(unit->last - unit->first + 1);
    float *one = mean + k;
    for (size_t i = 0; i < k; i++) mean[i] = 0.0f;
    for (uint32_t t = unit->first; t <= unit->last; t++) {
        for (size_t i = 0; i < k; i++) one[i] = logits[t * k + i];
        gte__scores_softmax(one, k);
        for (size_t i = 0; i < k; i++) mean[i] += share * one[i];
    }
    unit->label = best_of(mean, k);
    unit->score = mean[unit->label];
}

/* Tokens, or words with all their tokens; labels are not chosen. */
static size_t gather_units(const gte__run *run, bool words, gte__unit *units)
{
    const gte_result *r = run->result;
    const gte_token *content = r->content.data;
    size_t count = 0;
    for (size_t i = 0; i < r->content_count; i++) {
        const uint32_t t = (uint32_t)i;
        if (words && i && !gte__begins_word(run->tokenizer, &content[i]))
            units[count - 1].last = t;
        else
            units[count++] = (gte__unit){t, t, 0, t, -1.0f};
    }
    return count;
}

static gte_status label_units(const gte__run *run, const float *logits, gte_aggregation how,
                              gte__unit *units, size_t count, gte_error *err)
{
    const size_t k = run->head->header->labels;
    gte__buffer *rows = &run->result->scratch[ROWS];
    if (!gte__buffer_reserve(rows, 2 * k, sizeof(float))) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        const bool alone = units[i].first == units[i].last;
        if (!alone && how == GTE_AGGREGATION_MAX)
            label_by_surest(logits, k, &units[i]);
        else if (!alone && how == GTE_AGGREGATION_AVERAGE)
            label_by_mean(logits, k, &units[i], rows->data);
        else
            units[i].label = best_of(logits + units[i].first * k, k);
    }
    return GTE_OK;
}

/* ---- entities ------------------------------------------------------------------------------- */

/* Of the few units that are entities only: exponentials cost more than all the rest here. */
static float score_of(const float *logits, size_t k, const gte__unit *unit)
{
    if (unit->score >= 0.0f) return unit->score;
    return probability_of_best(logits + unit->shown * k, k, unit->label);
}

static void score_spans(const float *logits, size_t k, const gte__unit *units, gte__tag_span *spans,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double sum = 0.0;
        for (uint32_t u = spans[i].first; u <= spans[i].last; u++)
            sum += (double)score_of(logits, k, &units[u]);
        spans[i].score = sum / (spans[i].last - spans[i].first + 1);
    }
}

/* In the order of the text and apart: two tokens may lie within one character. */
static gte_status add_spans(const gte__run *run, const gte__unit *units, const gte__tag_span *spans,
                            size_t count, gte_error *err)
{
    const gte_token *content = run->result->content.data;
    const bool marks_ends = gte__tags_mark_ends(run->head);
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        const gte__unit *first = &units[spans[i].first], *last = &units[spans[i].last];
        const size_t end = content[last->last].end;
        size_t start = content[first->first].start;
        if (start < done) start = done;
        if (start >= end) continue;
        gte_status status =
            gte__result_add_span(run->result, gte__tag_of(run->head, marks_ends, first->label).type,
                                 start, end, (float)spans[i].score, -1, err);
        if (status != GTE_OK) return status;
        done = end;
    }
    return GTE_OK;
}

static gte_status add_tokens(const gte__run *run, const float *logits, const gte__unit *units,
                             size_t count, gte_error *err)
{
    const gte_token *content = run->result->content.data;
    const size_t k = run->head->header->labels;
    gte_status status = GTE_OK;
    for (size_t i = 0; i < count && status == GTE_OK; i++) {
        const char *label = run->head->labels[units[i].label];
        const gte_token *token = &content[units[i].first];
        if (label[0] == 'O' && !label[1]) continue;
        status = gte__result_add_span(run->result, label, token->start, token->end,
                                      score_of(logits, k, &units[i]), -1, err);
    }
    return status;
}

static gte_status decode(const gte__run *run, const float *logits, gte_error *err)
{
    gte_result *r = run->result;
    const gte_head *head = run->head;
    const size_t k = head->header->labels;
    const bool crf = head->header->flags & GTE__HEAD_CRF;
    const gte_aggregation how = run->request->aggregation;
    const bool words = crf || (how != GTE_AGGREGATION_NONE && how != GTE_AGGREGATION_SIMPLE);
    const gte__crf_memory memory = {&r->scratch[STEPS], &r->scratch[ROWS]};
    gte_status status = gte__windows_merge(run, logits, k, err);
    if (status != GTE_OK) return status;
    const float *merged = r->merged.data;
    if (run->request->flags & GTE_KEEP_LOGITS) {
        status = gte__result_keep_logits(r, merged, r->content_count, k, r->content.data, err);
        if (status != GTE_OK) return status;
        gte__result_points(r, r->logit_tokens.data, r->logit_rows);
    }
    if (!gte__buffer_reserve(&r->scratch[UNITS], r->content_count + 1, sizeof(gte__unit)) ||
        !gte__buffer_reserve(&r->scratch[SPANS], r->content_count + 1, sizeof(gte__tag_span)))
        return no_memory(err);
    gte__unit *units = r->scratch[UNITS].data;
    gte__tag_span *spans = r->scratch[SPANS].data;
    const size_t count = gather_units(run, words, units);
    if (crf) r->engine = "crf";
    status = crf ? gte__crf_decode(head, merged, units, count, memory, err)
                 : label_units(run, merged, how, units, count, err);
    if (status != GTE_OK) return status;
    if (!crf && how == GTE_AGGREGATION_NONE) return add_tokens(run, merged, units, count, err);
    const size_t found = gte__tag_spans(head, units, count, spans);
    if (crf)
        status = gte__crf_scores(head, merged, units, count, spans, found, memory, err);
    else
        score_spans(merged, k, units, spans, found);
    if (status != GTE_OK) return status;
    return add_spans(run, units, spans, found, err);
}

const gte__decoder gte__tag_decoder = {"token-classifier", plan, decode};
