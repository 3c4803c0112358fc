/* Extraction by pointers (gte_predict with a POINTER head) against a plain route that shares
 * nothing: each window with each hint by itself, from its tokens on, and spans found by looking at
 * all pairs. Texts of any length. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "golden_cases.h"
#include "pointer_fixture.h"
#include "support.h"

#define TINY "tests/golden/tiny"
#define MADE "build/golden/heads-of-32"
#define BOUND 1e-5

/* ---- a schema -------------------------------------------------------------------------------- */

static const gte_schema_node schema[] = {
    {"w7 w8", -1}, {"w9", -1}, {"w10", 0}, {"w11 w12 w13", 0}, {"w14", 2},
};
static int types = sizeof schema / sizeof *schema;

/* ---- the plain route ------------------------------------------------------------------------ */

/* States of one input below the upper layers, by itself. */
static void lower(const pointer_fixture *f, const gte_token *tokens, size_t n, uint32_t position,
                  char *out)
{
    gte__encoder *e = &f->ctx->encoder;
    const size_t starts[2] = {0, n};
    const gte__point middle = {f->header.lower_layers, false};
    const gte__batch batch = {tokens, starts, 1, &position};
    gte__encoder_run(e, &batch, (gte__leg){{0, false}, middle});
    gte__states_save(e, middle, 0, n, out);
}

static void add_logits(const pointer_fixture *f, size_t row, float *logits, bool known)
{
    const float *x = gte__hidden_row(&f->ctx->encoder, row), *weight = f->head.weight;
    for (size_t k = 0; k < 2; k++) {
        double logit = (double)f->bias[k];
        for (size_t i = 0; i < f->header.hidden_size; i++)
            logit += (double)x[i] * (double)weight[i * GTE__PANEL_COLUMNS + k];
        logits[k] = (float)(known ? ((double)logits[k] + logit) / 2 : logit);
    }
}

/* All windows of a text of so many tokens with one hint, into logits [count, 2]. */
static void plain(const pointer_fixture *f, const gte_token *tokens, size_t count, const char *hint,
                  float *logits)
{
    enum { POSITIONS = 512 };
    static gte_token hints[POSITIONS];
    const size_t positions = f->model->file.header->max_tokens;
    const size_t most = positions / 4, window = positions - most, step = window - window / 12;
    const gte__point middle = {f->header.lower_layers, false};
    const gte__point end = {f->model->file.header->layers, false};
    size_t hint_count;
    gte_error err;
    CU_ASSERT_EQUAL_FATAL(gte_tokenize(f->model, gte_text_of(hint), 0, most, hints, POSITIONS,
                                       &hint_count, NULL, &err),
                          GTE_OK);
    for (size_t i = 0; i < hint_count; i++) hints[i].type = 1;
    const size_t bytes = gte__state_bytes(&f->ctx->encoder, middle);
    char *states = malloc(POSITIONS * bytes);
    CU_ASSERT_PTR_NOT_NULL_FATAL(states);
    for (size_t first = 0;; first += step) {
        const size_t rows = count - first < window ? count - first : window;
        const size_t starts[2] = {0, rows + hint_count};
        const gte__batch both = {NULL, starts, 1, NULL};
        lower(f, tokens + first, rows, 0, states);
        lower(f, hints, hint_count, (uint32_t)(count > window ? window : count),
              states + rows * bytes);
        gte__states_load(&f->ctx->encoder, middle, 0, starts[1], states);
        gte__encoder_run(&f->ctx->encoder, &both, (gte__leg){middle, end});
        for (size_t t = 0; t < rows; t++)
            add_logits(f, t, logits + 2 * (first + t), first && t < window - step);
        if (first + rows == count) break;
    }
    free(states);
}

/* ---- comparing ------------------------------------------------------------------------------ */

typedef struct seen {
    pointer_fixture *other; /* a context of its own for the plain route */
    const char *text;
    gte_token *tokens;
    size_t count;
    gte_result_info info;
    float *want; /* [count, 2] */
    double worst, margin;
    size_t hints;
} seen;

/* "type: span, " for the span and all above it, the uppermost first. */
static size_t put_path(const seen *s, char *out, int span)
{
    if (span < 0) return 0;
    const gte_span *of = &s->info.spans[span];
    size_t size = put_path(s, out, of->parent);
    size += (size_t)sprintf(out + size, "%s: %.*s, ", of->type,
                            (int)(of->byte_end - of->byte_start), s->text + of->byte_start);
    return size;
}

/* The type of a span, by its name. */
static int type_of(const gte_span *span)
{
    for (int i = 0; i < types; i++)
        if (strcmp(schema[i].name, span->type) == 0) return i;
    return -2;
}

/* The spans of a hint, by all pairs, must be those of the result with that parent and type. */
static void check_spans(const seen *s, int parent, int type)
{
    size_t at = 0;
    long before = -1;
    for (size_t t = 0; t < s->count; t++) {
        size_t last = t;
        if (s->want[2 * t] <= 0.5f) continue;
        while (last < s->count && s->want[2 * last + 1] <= 0.5f) last++;
        if (last == s->count || s->tokens[t].start >= s->tokens[last].end) continue;
        if ((long)s->tokens[t].start == before) continue;
        before = (long)s->tokens[t].start;
        while (at < s->info.span_count &&
               (s->info.spans[at].parent != parent || type_of(&s->info.spans[at]) != type))
            at++;
        CU_ASSERT_FATAL(at < s->info.span_count);
        const gte_span *got = &s->info.spans[at++];
        CU_ASSERT_EQUAL(got->start, s->tokens[t].start);
        CU_ASSERT_EQUAL(got->end, s->tokens[last].end);
        CU_ASSERT_DOUBLE_EQUAL(got->score, (s->want[2 * t] + s->want[2 * last + 1]) / 2, BOUND);
    }
    for (; at < s->info.span_count; at++)
        CU_ASSERT_FALSE(s->info.spans[at].parent == parent && type_of(&s->info.spans[at]) == type);
}

static void check_hint(seen *s, int parent, int type)
{
    char *hint = malloc(4 * (strlen(s->text) + 300));
    const float *got = s->info.logits + 2 * s->hints * s->count;
    CU_ASSERT_PTR_NOT_NULL_FATAL(hint);
    sprintf(hint + put_path(s, hint, parent), "%s: ", schema[type].name);
    CU_ASSERT_FATAL(s->info.logit_rows >= (s->hints + 1) * s->count);
    plain(s->other, s->tokens, s->count, hint, s->want);
    s->worst = fmax(s->worst, support_max_difference(got, s->want, 2 * s->count));
    for (size_t i = 0; i < 2 * s->count; i++)
        s->margin = fmin(s->margin, fabs((double)s->want[i] - 0.5));
    if (s->margin > BOUND) check_spans(s, parent, type);
    s->hints++;
    free(hint);
}

static int depth_of(const seen *s, int span)
{
    return span < 0 ? 0 : 1 + depth_of(s, s->info.spans[span].parent);
}

/* Hints in the order in which they were asked: level by level. */
static void check_hints(seen *s)
{
    for (int depth = 0; depth <= GTE_SCHEMA_DEPTH_MAX; depth++) {
        for (int span = -1; span < (int)s->info.span_count; span++) {
            if (depth_of(s, span) != depth) continue;
            const int above = span < 0 ? -1 : type_of(&s->info.spans[span]);
            for (int type = 0; type < types; type++)
                if (schema[type].parent == above) check_hint(s, span, type);
        }
    }
    CU_ASSERT_EQUAL(s->info.logit_rows, s->hints * s->count);
}

static gte_request request_of(gte_task task, const char *text)
{
    gte_request request = GTE_REQUEST_INIT;
    request.task = task;
    request.text = gte_text_of(text);
    request.schema = schema;
    request.schema_count = (size_t)types;
    return request;
}

static void predict(const pointer_fixture *f, const gte_request *request, gte_result *result)
{
    gte_error err = {0};
    gte_status status = gte_predict(f->ctx, &f->head, request, 1, &result, &err);
    if (status != GTE_OK) fprintf(stderr, "gte_predict: %s\n", err.message);
    CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
}

/* Spans that begin in one window and end in the next. */
static size_t count_across(const seen *s)
{
    const size_t positions = s->other->model->file.header->max_tokens;
    const size_t window = positions - positions / 4, step = window - window / 12;
    size_t across = 0;
    for (size_t i = 0; i < s->info.span_count; i++)
        for (size_t end = window; end < s->count; end += step)
            across += s->info.spans[i].start < s->tokens[end].start &&
                      s->info.spans[i].end >= s->tokens[end].end;
    return across;
}

/* Returns how many hints there were, and adds to *across. */
static size_t check_text(const pointer_fixture *f, pointer_fixture *other, size_t n,
                         gte_result *result, size_t *across)
{
    char *text = pointer_words(n, 3 + n);
    gte_request request = request_of(GTE_TASK_NER, text);
    seen s = {.other = other, .text = text, .margin = 1};
    request.flags = GTE_KEEP_LOGITS;
    predict(f, &request, result);
    gte_result_describe(result, &s.info, sizeof s.info);
    s.tokens = malloc((n + 2) * sizeof *s.tokens);
    s.want = malloc(2 * (n + 2) * sizeof *s.want);
    CU_ASSERT_FATAL(s.tokens && s.want);
    CU_ASSERT_EQUAL_FATAL(
        gte_tokenize(f->model, request.text, 0, 100000, s.tokens, n + 2, &s.count, NULL, NULL),
        GTE_OK);
    CU_ASSERT_EQUAL(s.count, s.info.tokens);
    CU_ASSERT_EQUAL(memcmp(s.tokens, s.info.logit_tokens, s.count * sizeof *s.tokens), 0);
    check_hints(&s);
    *across += count_across(&s);
    CU_ASSERT_TRUE(s.worst <= BOUND);
    CU_ASSERT_FALSE(s.info.truncated);
    printf(
        "\n    %zu characters, %zu windows, %d threads: %zu hints, %zu spans, logits within %.1e",
        strlen(text), s.info.windows, gte__team_threads(f->ctx->encoder.team), s.hints,
        s.info.span_count, s.worst);
    free(s.tokens);
    free(s.want);
    free(text);
    return s.hints;
}

static void check_folder(const char *folder, float bias)
{
    static const size_t lengths[] = {0, 1, 7, 40, 46, 47, 90, 91, 130, 382, 383, 800};
    pointer_fixture *other = pointer_open(golden_open(folder), 1, 0, bias);
    gte_result *result = NULL;
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&result, NULL), GTE_OK);
    size_t across = 0;
    for (int threads = 1; threads <= 2; threads++) {
        pointer_fixture *f =
            pointer_open(golden_open(folder), threads, threads == 1 ? 0 : 700, bias);
        size_t hints = 0;
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
            hints += check_text(f, other, lengths[i], result, &across);
        CU_ASSERT_TRUE(hints > 40); /* levels below the first were reached */
        pointer_close(f);
    }
    gte_result_free(&result);
    pointer_close(other);
}

static void test_tiny(void)
{
    check_folder(TINY, -1.8f);
}

static void test_made(void)
{
    if (access(MADE "/config.json", R_OK) != 0)
        support_skip("build/golden is empty: python3-numpy makes it");
    else
        check_folder(MADE, -1.2f);
}

/* Ten thousand characters: what lies across two windows is found whole, and once. */
static void test_long(void)
{
    pointer_fixture *f = pointer_open(golden_open(TINY), 2, 0, -1.2f);
    pointer_fixture *other = pointer_open(golden_open(TINY), 1, 0, -1.2f);
    gte_result *result = NULL;
    size_t across = 0;
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&result, NULL), GTE_OK);
    types = 2;
    check_text(f, other, 2300, result, &across);
    types = sizeof schema / sizeof *schema;
    printf(", %zu across two windows", across);
    CU_ASSERT_TRUE(across > 10);
    gte_result_free(&result);
    pointer_close(other);
    pointer_close(f);
}

/* A head that points everywhere: limits hold, and the result says so. */
static void test_limits(void)
{
    pointer_fixture *f = pointer_open(golden_open(TINY), 1, 0, 1e3f);
    gte_result *result = NULL;
    gte_result_info info;
    char *text = pointer_words(1200, 9), *long_text = pointer_words(GTE__EXTRACT_TOKENS, 9);
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&result, NULL), GTE_OK);
    gte_request request = request_of(GTE_TASK_NER, text);
    predict(f, &request, result);
    gte_result_describe(result, &info, sizeof info);
    CU_ASSERT_EQUAL(info.span_count, GTE__EXTRACT_SPANS);
    CU_ASSERT_TRUE(info.truncated);
    CU_ASSERT_TRUE(info.windows > 20);
    request.flags = GTE_NO_TRUNCATE;
    CU_ASSERT_EQUAL(gte_predict(f->ctx, &f->head, &request, 1, &result, NULL), GTE_E_TOO_LONG);
    request = request_of(GTE_TASK_NER, long_text);
    CU_ASSERT_EQUAL(gte_predict(f->ctx, &f->head, &request, 1, &result, NULL), GTE_E_TOO_LONG);
    request = request_of(GTE_TASK_NER, "w5 \xff w6");
    CU_ASSERT_EQUAL(gte_predict(f->ctx, &f->head, &request, 1, &result, NULL), GTE_E_UTF8);
    request.flags = GTE_REPLACE_INVALID;
    predict(f, &request, result);
    f->bias[1] = NAN;
    gte_error err;
    CU_ASSERT_EQUAL(gte_predict(f->ctx, &f->head, &request, 1, &result, &err), GTE_E_FORMAT);
    gte_result_free(&result);
    pointer_close(f);
    free(text);
    free(long_text);
}

static int stop_at(void *arg, size_t done)
{
    size_t *left = arg;
    (void)done;
    return (*left)-- == 0;
}

/* The caller stops it before any of its passes, and asks again. */
static void test_progress(void)
{
    pointer_fixture *f = pointer_open(golden_open(TINY), 1, 0, -1.0f);
    gte_result *result = NULL;
    gte_error err;
    char *text = pointer_words(100, 9);
    size_t passes = 0;
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&result, NULL), GTE_OK);
    gte_request request = request_of(GTE_TASK_NER, text);
    request.progress = stop_at;
    for (gte_status status = GTE_E_CANCELLED; status == GTE_E_CANCELLED; passes++) {
        size_t left = passes;
        request.progress_arg = &left;
        status = gte_predict(f->ctx, &f->head, &request, 1, &result, &err);
        CU_ASSERT_TRUE_FATAL(status == GTE_OK || status == GTE_E_CANCELLED);
    }
    CU_ASSERT_TRUE(passes > 5);
    gte_result_free(&result);
    pointer_close(f);
    free(text);
}

int main(void)
{
    static const support_case cases[] = {
        {"beside the plain route, the committed model", test_tiny},
        {"beside the plain route, a model made at test time", test_made},
        {"ten thousand characters", test_long},
        {"limits", test_limits},
        {"stopped by the caller", test_progress},
    };
    return SUPPORT_MAIN("extract", cases);
}
