/* Extractive question answering (gte_predict with a SPAN head): against all spans of all windows,
 * one after the other, from the logits it keeps; against tests/golden/heads/qa; and with logits put
 * in by hand, where the span_answer is known. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "handle.h"
#include "span_fixture.h"
#include "support.h"

#define FOLDER SPAN_FOLDER
#define BEST 20
#define BOUND 1e-5

/* ---- all spans ------------------------------------------------------------------------------ */

typedef struct span {
    uint32_t start, end;
    double score;
} span;

/* Code points of a text. */
typedef struct points {
    uint32_t *at;
    uint32_t count;
} points;

static points points_of(const char *text)
{
    points p = {calloc(strlen(text) + 1, sizeof *p.at), 0};
    CU_ASSERT_PTR_NOT_NULL_FATAL(p.at);
    for (const uint8_t *c = (const uint8_t *)text; *c; c++) {
        if (*c < 0x80)
            p.at[p.count++] = *c;
        else if (*c >= 0xC0)
            p.at[p.count++] = *c & (*c >= 0xF0 ? 7u : *c >= 0xE0 ? 15u : 31u);
        else
            p.at[p.count - 1] = p.at[p.count - 1] << 6 | (*c & 63u);
    }
    return p;
}

static int is_letter(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c >= 0xC0 && c < 0x250) || c == 0x1F600; /* a symbol belongs to the word beside it */
}

/* To the ends of the words that it begins and ends in. */
static void widen(const points *p, span *s)
{
    while (s->start && is_letter(p->at[s->start]) && is_letter(p->at[s->start - 1])) s->start--;
    while (s->end < p->count && is_letter(p->at[s->end - 1]) && is_letter(p->at[s->end])) s->end++;
}

static int by_score(const void *a, const void *b)
{
    const double x = ((const span *)a)->score, y = ((const span *)b)->score;
    return (x < y) - (x > y);
}

/* All spans of all windows in rows of logits, the best first, each part of the text once. Returns
 * how many; *none is the least at [CLS]. */
static size_t every_span(const gte_result_info *info, const points *text, int32_t cls, int32_t sep,
                         size_t longest, span *out, double *none)
{
    const gte_token *t = info->logit_tokens;
    const float *x = info->logits;
    size_t count = 0;
    *none = INFINITY;
    for (size_t i = 0; i < info->logit_rows; i++) {
        if (t[i].id == cls) *none = fmin(*none, (double)(x[2 * i] + x[2 * i + 1]));
        if (t[i].type != 1 || t[i].id == sep) continue;
        for (size_t j = i; j < info->logit_rows && j < i + longest && t[j].id != sep; j++) {
            span s = {t[i].start, t[j].end, (double)(x[2 * i] + x[2 * j + 1])};
            widen(text, &s);
            size_t k = 0;
            while (k < count && (out[k].start != s.start || out[k].end != s.end)) k++;
            if (k == count) out[count++] = s;
            out[k].score = fmax(out[k].score, s.score);
        }
    }
    qsort(out, count, sizeof *out, by_score);
    return count;
}

static void compare(const gte_result_info *info, const span *want, size_t count, double none)
{
    double sum = exp(none - want[0].score);
    CU_ASSERT_EQUAL_FATAL(info->span_count, count < BEST ? count : BEST);
    for (size_t i = 0; i < info->span_count; i++) sum += exp(want[i].score - want[0].score);
    for (size_t i = 0; i < info->span_count; i++) {
        const double chance = exp(want[i].score - want[0].score) / sum;
        const gte_span *got = &info->spans[i];
        const bool tie = (i && want[i - 1].score - want[i].score < BOUND) ||
                         (i + 1 < count && want[i].score - want[i + 1].score < BOUND);
        CU_ASSERT(tie || (got->start == want[i].start && got->end == want[i].end));
        CU_ASSERT_DOUBLE_EQUAL(got->score, chance, BOUND);
    }
    CU_ASSERT_DOUBLE_EQUAL(info->null_score, exp(none - want[0].score) / sum, BOUND);
}

static void test_all_spans(void)
{
    static const char *const questions[] = {"谁?", "Is OpenAI in New York?", "第一位校长是谁?"};
    static const int lengths[] = {1, 5, 30}, windows[][2] = {{0, 0}, {40, 8}, {24, 0}, {31, 5}};
    span_fixture *f = span_open();
    const gte__tokenizer_header *t = f->model->tokenizer.header;
    char *context = span_repeated(span_place, 3);
    const points text = points_of(context);
    span *spans = calloc(1 << 16, sizeof *spans);
    CU_ASSERT_PTR_NOT_NULL_FATAL(spans);
    for (size_t q = 0; q < 3; q++)
        for (size_t n = 0; n < 3; n++)
            for (size_t w = 0; w < 4; w++) {
                gte_request request = span_ask(questions[q], context);
                double none;
                request.max_answer_tokens = lengths[n];
                request.window_tokens = windows[w][0];
                request.stride_tokens = windows[w][1];
                request.best = BEST;
                request.null_threshold = 1e6f;
                request.flags = GTE_KEEP_LOGITS;
                const gte_result_info info = span_answer(f, f->head, &request);
                const size_t count =
                    every_span(&info, &text, (int32_t)t->cls_id, (int32_t)t->sep_id,
                               (size_t)lengths[n], spans, &none);
                CU_ASSERT_FATAL(info.windows > 3 && count > BEST);
                compare(&info, spans, count, none);
            }
    free(spans);
    free(text.at);
    free(context);
    span_close(f);
}

/* What is kept are the logits of the inputs, one by one. */
static void test_kept_logits(void)
{
    span_fixture *f = span_open();
    gte_request request = span_ask("谁?", span_place);
    request.flags = GTE_KEEP_LOGITS;
    request.window_tokens = 40;
    const gte_result_info info = span_answer(f, f->head, &request);
    const int32_t cls = (int32_t)f->model->tokenizer.header->cls_id;
    CU_ASSERT_EQUAL_FATAL(info.logit_rows, info.tokens);
    CU_ASSERT_EQUAL_FATAL(info.logit_columns, 2);
    size_t windows = 0;
    for (size_t begin = 0, end; begin < info.logit_rows; begin = end, windows++) {
        float logits[2 * 64];
        for (end = begin + 1; end < info.logit_rows && info.logit_tokens[end].id != cls;) end++;
        CU_ASSERT_FATAL(info.logit_tokens[begin].id == cls && end - begin <= 40);
        const size_t starts[2] = {0, end - begin};
        CU_ASSERT_EQUAL_FATAL(gte_logits_tokens(f->ctx, f->head, info.logit_tokens + begin, starts,
                                                1, NULL, logits, 2 * 64, NULL),
                              GTE_OK);
        CU_ASSERT(support_max_difference(logits, info.logits + 2 * begin, 2 * (end - begin)) <
                  BOUND);
    }
    CU_ASSERT_EQUAL(windows, info.windows);
    span_close(f);
}

/* ---- the golden folder ---------------------------------------------------------------------- */

static void check_windows(const json_t *c, const gte_result_info *info)
{
    size_t i, k, row = 0;
    json_t *window, *id;
    json_array_foreach(json_object_get(c, "windows"), i, window)
    {
        const json_t *begin = json_object_get(window, "start"),
                     *end = json_object_get(window, "end");
        json_array_foreach(json_object_get(window, "ids"), k, id)
        {
            CU_ASSERT_FATAL(row < info->logit_rows);
            CU_ASSERT_EQUAL(info->logit_tokens[row].id, json_integer_value(id));
            CU_ASSERT_DOUBLE_EQUAL(info->logits[2 * row],
                                   json_number_value(json_array_get(begin, k)), BOUND);
            CU_ASSERT_DOUBLE_EQUAL(info->logits[2 * row + 1],
                                   json_number_value(json_array_get(end, k)), BOUND);
            row++;
        }
    }
    CU_ASSERT_EQUAL(row, info->logit_rows);
}

/* The expected spans, with whole words, are what the answers begin with: as far as 20 spans of
 * tokens tell, which are fewer once their words are whole. */
static void check_spans(const json_t *c, const gte_result_info *info)
{
    const points text = points_of(json_string_value(json_object_get(c, "context")));
    span seen[BEST];
    size_t i, count = 0;
    json_t *item;
    json_array_foreach(json_object_get(c, "spans"), i, item)
    {
        span s = {(uint32_t)json_integer_value(json_object_get(item, "start")),
                  (uint32_t)json_integer_value(json_object_get(item, "end")),
                  json_number_value(json_object_get(item, "score"))};
        widen(&text, &s);
        size_t k = 0;
        while (k < count && (seen[k].start != s.start || seen[k].end != s.end)) k++;
        if (k == count) seen[count++] = s;
    }
    CU_ASSERT(count > 5);
    CU_ASSERT_FATAL(info->span_count >= count);
    const double none = json_number_value(json_object_get(c, "null_score"));
    for (i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(info->spans[i].start, seen[i].start);
        CU_ASSERT_EQUAL(info->spans[i].end, seen[i].end);
        /* chances of one softmax: their ratios tell the scores */
        CU_ASSERT_DOUBLE_EQUAL(log((double)info->spans[i].score / (double)info->null_score),
                               seen[i].score - none, 1e-3);
    }
    free(text.at);
}

static void test_golden(void)
{
    span_fixture *f = span_open();
    const gte_head *head = gte_model_head(f->model);
    json_t *reference = json_load_file(FOLDER "/reference.json", 0, NULL), *c;
    size_t i, checked = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(reference);
    CU_ASSERT_PTR_NOT_NULL_FATAL(head);
    json_array_foreach(json_object_get(reference, "cases"), i, c)
    {
        const long stride = (long)json_integer_value(json_object_get(c, "stride"));
        const bool one = json_array_size(json_object_get(c, "windows")) == 1;
        if (stride == 0 && !one) continue; /* 0 asks for what suits */
        gte_request request = span_ask(json_string_value(json_object_get(c, "question")),
                                       json_string_value(json_object_get(c, "context")));
        request.window_tokens = (int)json_integer_value(json_object_get(reference, "longest"));
        request.stride_tokens = (int)stride;
        request.max_answer_tokens =
            (int)json_integer_value(json_object_get(reference, "longest_answer"));
        request.best = BEST;
        request.flags = GTE_KEEP_LOGITS;
        const gte_result_info info = span_answer(f, head, &request);
        check_windows(c, &info);
        check_spans(c, &info);
        checked++;
    }
    CU_ASSERT_EQUAL(checked, 7);
    json_decref(reference);
    span_close(f);
}

int main(void)
{
    static const support_case cases[] = {
        {"all spans", test_all_spans},
        {"kept logits", test_kept_logits},
        {"golden", test_golden},
    };
    return SUPPORT_MAIN("span", cases);
}
