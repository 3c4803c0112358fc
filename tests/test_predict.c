/* gte_predict and its two halves without a head, from outside: what is refused, and how the windows
 * of a long text become one row of logits. What each kind of head decodes has tests of its own,
 * what callers may do wrong is test_task_misuse.c's. */
#include <stdlib.h>
#include <string.h>

#include "head_cases.h"
#include "made_head.h"
#include "support.h"

#define WINDOW 10 /* tokens: 8 of text */
#define LABELS 3

static gte_result *new_result(void)
{
    gte_result *result = NULL;
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&result, NULL), GTE_OK);
    return result;
}

static gte_request request_of(gte_task task, const char *text, const char *pair)
{
    gte_request request = GTE_REQUEST_INIT;
    request.task = task;
    request.text = gte_text_of(text);
    if (pair) {
        request.text.pair = pair;
        request.text.pair_size = strlen(pair);
    }
    return request;
}

static gte_status predict(gte_context *ctx, const gte_head *head, const gte_request *request,
                          gte_result *result)
{
    gte_error err;
    return gte_predict(ctx, head, request, 1, &result, &err);
}

/* ---- heads ----------------------------------------------------------------------------------- */

/* Of two models as wide, one with fewer layers than the other's head counts. */
static void test_foreign_head(void)
{
    const gte_token tokens[2] = {{2, 0, 0, 0}, {3, 0, 0, 0}};
    const size_t starts[2] = {0, 2};
    float out[16];
    gte_model *model = head_open(HEADS "/qa", NULL), *other = head_open(HEADS "/uie-twelve", NULL);
    gte_model *third = head_open(HEADS "/ner-bio", NULL);
    gte_context *ctx = head_context(model, 1);
    gte_result *result = new_result();
    const gte_request request = request_of(GTE_TASK_NER, "w5 w77", NULL);
    CU_ASSERT_EQUAL(predict(ctx, gte_model_head(other), &request, result), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(predict(ctx, gte_model_head(third), &request, result), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(
        gte_logits_tokens(ctx, gte_model_head(third), tokens, starts, 1, NULL, out, 16, NULL),
        GTE_E_ARGUMENT);
    gte_result_free(&result);
    gte_context_free(&ctx);
    gte_model_close(&third);
    gte_model_close(&other);
    gte_model_close(&model);
}

/* gte_logits_tokens: vectors' options do not concern logits. */
static void test_logits_options(void)
{
    const gte_token tokens[2] = {{2, 0, 0, 0}, {3, 0, 0, 0}};
    const size_t starts[2] = {0, 2};
    float plain[LABELS], out[LABELS];
    gte_embed_options options = GTE_EMBED_OPTIONS_INIT;
    gte_model *model = head_open(HEADS "/cls-single", NULL);
    gte_context *ctx = head_context(model, 1);
    const gte_head *head = gte_model_head(model);
    options.pooling = GTE_POOLING_NONE;
    options.dims = 1;
    CU_ASSERT_EQUAL(gte_logits_tokens(ctx, head, tokens, starts, 1, NULL, plain, LABELS, NULL),
                    GTE_OK);
    CU_ASSERT_EQUAL(gte_logits_tokens(ctx, head, tokens, starts, 1, &options, out, LABELS, NULL),
                    GTE_OK);
    CU_ASSERT_EQUAL(memcmp(plain, out, sizeof out), 0);
    gte_context_free(&ctx);
    gte_model_close(&model);
}

/* ---- windows --------------------------------------------------------------------------------- */

static void logits_of(gte_context *ctx, const gte_head *head, size_t words, int stride, float *out,
                      size_t *windows)
{
    char text[256] = "";
    gte_result *result = new_result();
    gte_result_info info;
    for (size_t i = 0; i < words; i++) strcat(text, "w5 ");
    gte_request request = request_of(GTE_TASK_CLASSIFICATION, text, NULL);
    request.window_tokens = WINDOW;
    request.stride_tokens = stride;
    request.flags = GTE_KEEP_LOGITS;
    CU_ASSERT_EQUAL_FATAL(predict(ctx, head, &request, result), GTE_OK);
    gte_result_describe(result, &info, sizeof info);
    CU_ASSERT_EQUAL_FATAL(info.logit_columns, LABELS);
    memcpy(out, info.logits, LABELS * sizeof *out);
    *windows = info.windows;
    gte_result_free(&result);
}

/* Windows of the same words have the same logits, and so has their mean, however they overlap. */
static void test_windows_mean(void)
{
    const gte__head_header like = {.kind = GTE_HEAD_SEQUENCE,
                                   .reads = GTE__HEAD_READS_FIRST,
                                   .tasks = GTE_TASK_BIT(GTE_TASK_CLASSIFICATION),
                                   .labels = LABELS};
    static const struct {
        size_t words;
        int stride;
        size_t windows;
    } cases[] = {{16, 0, 2}, {20, 4, 4}, {14, 6, 4}};
    float one[LABELS], many[LABELS];
    void *bytes;
    size_t windows;
    gte_model *model = head_open(HEADS "/qa", NULL);
    gte_context *ctx = head_context(model, 1);
    gte_head *head = made_head(model, &like, 3, 1.0f, &bytes);
    logits_of(ctx, head, 8, 0, one, &windows);
    CU_ASSERT_EQUAL(windows, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        logits_of(ctx, head, cases[i].words, cases[i].stride, many, &windows);
        CU_ASSERT_EQUAL(windows, cases[i].windows);
        CU_ASSERT_TRUE(support_max_difference(one, many, LABELS) <= 1e-5);
    }
    gte_head_close(&head);
    free(bytes);
    gte_context_free(&ctx);
    gte_model_close(&model);
}

/* ---- without a head -------------------------------------------------------------------------- */

/* The halves give what gte_predict gives, and once. */
static void test_halves(void)
{
    static const gte_label labels[] = {{"a", "w1 w2"}, {"b", "w5"}};
    const gte_text *texts;
    size_t count = 0;
    gte_model *model = head_open(HEADS "/qa", NULL);
    gte_context *ctx = head_context(model, 1);
    gte_result *whole = new_result(), *halves = new_result();
    gte_model_info model_info;
    gte_result_info a, b;
    gte_model_describe(model, &model_info, sizeof model_info);
    const size_t dims = (size_t)model_info.hidden_size;
    float *vectors = calloc(3 * dims, sizeof *vectors);
    CU_ASSERT_PTR_NOT_NULL_FATAL(vectors);
    const float *const rows[] = {vectors, vectors + dims, vectors + 2 * dims};
    gte_request request = request_of(GTE_TASK_CLASSIFICATION, "w1 w3", NULL);
    request.labels = labels;
    request.label_count = 2;
    CU_ASSERT_EQUAL_FATAL(predict(ctx, NULL, &request, whole), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_likeness_texts(&request, halves, &texts, &count, NULL), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(count, 3);
    CU_ASSERT_EQUAL_FATAL(gte_embed(ctx, texts, count, NULL, vectors, 3 * dims, NULL), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_likeness_answer(halves, rows, dims, NULL), GTE_OK);
    gte_result_describe(whole, &a, sizeof a);
    gte_result_describe(halves, &b, sizeof b);
    CU_ASSERT_EQUAL_FATAL(a.label_count, 2);
    CU_ASSERT_EQUAL_FATAL(b.label_count, 2);
    CU_ASSERT_STRING_EQUAL(a.labels[0].name, b.labels[0].name);
    CU_ASSERT_EQUAL(a.labels[0].score, b.labels[0].score);
    CU_ASSERT_EQUAL(gte_likeness_answer(halves, rows, dims, NULL), GTE_E_ARGUMENT);
    gte_result_describe(halves, &b, sizeof b);
    CU_ASSERT_EQUAL(b.label_count, 2);
    free(vectors);
    gte_result_free(&whole);
    gte_result_free(&halves);
    gte_context_free(&ctx);
    gte_model_close(&model);
}

/* Both doors read a request the same way. */
static void test_bad_requests(void)
{
    gte_request good = request_of(GTE_TASK_SENTIMENT, "w1", NULL), bad[5];
    for (size_t i = 0; i < 5; i++) bad[i] = good;
    bad[0].struct_size = 0;
    bad[1].flags = 1u << 30;
    bad[2].max_texts = -1;
    bad[3].max_texts = 65536;
    bad[4].best = 21;
    const gte_text *texts;
    size_t count = 0;
    gte_model *model = head_open(HEADS "/qa", NULL);
    gte_context *ctx = head_context(model, 1);
    gte_result *result = new_result();
    for (size_t i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(predict(ctx, NULL, &bad[i], result), GTE_E_ARGUMENT);
        CU_ASSERT_EQUAL(gte_likeness_texts(&bad[i], result, &texts, &count, NULL), GTE_E_ARGUMENT);
    }
    CU_ASSERT_EQUAL(gte_likeness_texts(&good, result, &texts, &count, NULL), GTE_OK);
    good.reserved[0] = 1; /* of a newer library */
    CU_ASSERT_EQUAL(predict(ctx, NULL, &good, result), GTE_E_UNSUPPORTED);
    CU_ASSERT_EQUAL(gte_likeness_texts(&good, result, &texts, &count, NULL), GTE_E_UNSUPPORTED);
    good.reserved[0] = 0;
    good.task = GTE_TASK_NER;
    CU_ASSERT_EQUAL(gte_likeness_texts(&good, result, &texts, &count, NULL), GTE_E_UNSUPPORTED);
    CU_ASSERT_EQUAL(predict(ctx, NULL, &good, NULL), GTE_E_ARGUMENT);
    gte_result_free(&result);
    gte_context_free(&ctx);
    gte_model_close(&model);
}

int main(void)
{
    static const support_case cases[] = {
        {"a head of another model", test_foreign_head},
        {"logits and the options of vectors", test_logits_options},
        {"the mean of windows", test_windows_mean},
        {"the halves of a prediction without a head", test_halves},
        {"requests that are refused", test_bad_requests},
    };
    return SUPPORT_MAIN("predict", cases);
}
