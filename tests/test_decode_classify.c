/* gte_predict with heads of a whole text, beside the answers of tests/golden/heads: labels and
 * scores, logits kept, pairs, several requests together, texts longer than the model reads. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "head_cases.h"
#include "support.h"

#define BOUND 1e-5f

typedef struct fixture {
    json_t *reference;
    const json_t *cases, *labels;
    gte_model *model;
    gte_context *ctx;
    gte_result *result;
} fixture;

static fixture open_fixture(const char *folder)
{
    fixture f = {.reference = head_reference(folder), .model = head_open(folder, NULL)};
    f.cases = json_object_get(f.reference, "cases");
    f.labels = json_object_get(f.reference, "labels");
    f.ctx = head_context(f.model, 2);
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&f.result, NULL), GTE_OK);
    return f;
}

static void close_fixture(fixture *f)
{
    gte_result_free(&f->result);
    gte_context_free(&f->ctx);
    gte_model_close(&f->model);
    json_decref(f->reference);
}

static gte_request request_of(const json_t *c)
{
    gte_request request = GTE_REQUEST_INIT;
    request.task = GTE_TASK_CLASSIFICATION;
    request.flags = GTE_KEEP_LOGITS;
    request.text = head_text(json_object_get(c, "text"), json_object_get(c, "pair"));
    return request;
}

/* The score of the label of that name; a wrong number when it is missing. */
static float score_of(const gte_result_info *info, const char *name)
{
    for (size_t i = 0; i < info->label_count; i++)
        if (strcmp(info->labels[i].name, name) == 0) return info->labels[i].score;
    return -1;
}

static void check_answer(const fixture *f, const json_t *c, const gte_result *result)
{
    const json_t *scores = json_object_get(c, "scores"), *logits = json_object_get(c, "logits");
    const bool score_only =
        strcmp(json_string_value(json_object_get(f->reference, "function")), "none") == 0;
    gte_result_info info;
    gte_result_describe(result, &info, sizeof info);
    CU_ASSERT_STRING_EQUAL(info.engine, "classifier");
    CU_ASSERT_EQUAL_FATAL(info.label_count, json_array_size(f->labels));
    CU_ASSERT_EQUAL(info.tokens, json_array_size(json_object_get(c, "ids")));
    CU_ASSERT_EQUAL(info.logit_rows, 1);
    CU_ASSERT_EQUAL_FATAL(info.logit_columns, info.label_count);
    for (size_t i = 0; i < info.label_count; i++) {
        const char *name = json_string_value(json_array_get(f->labels, i));
        const float want = (float)json_number_value(json_array_get(scores, i));
        const float logit = (float)json_number_value(json_array_get(logits, i));
        CU_ASSERT_TRUE(fabsf(info.logits[i] - logit) <= BOUND);
        /* a regression's own number is its logit: as a label it is shown through the sigmoid */
        CU_ASSERT_TRUE(score_only || fabsf(score_of(&info, name) - want) <= BOUND);
        CU_ASSERT_TRUE(i == 0 || info.labels[i - 1].score >= info.labels[i].score);
    }
}

/* Each case alone, then all together: the same answers. */
static void check_folder(const char *folder)
{
    enum { MOST = 64 };
    fixture f = open_fixture(folder);
    gte_request requests[MOST];
    gte_result *results[MOST];
    const size_t n = json_array_size(f.cases);
    gte_error err = {0};
    CU_ASSERT_FATAL(n <= MOST);
    for (size_t i = 0; i < n; i++) {
        requests[i] = request_of(json_array_get(f.cases, i));
        CU_ASSERT_EQUAL_FATAL(gte_result_create(&results[i], NULL), GTE_OK);
        gte_status status =
            gte_predict(f.ctx, gte_model_head(f.model), &requests[i], 1, &f.result, &err);
        CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
        check_answer(&f, json_array_get(f.cases, i), f.result);
    }
    CU_ASSERT_EQUAL(gte_predict(f.ctx, gte_model_head(f.model), requests, n, results, &err),
                    GTE_OK);
    for (size_t i = 0; i < n; i++) {
        check_answer(&f, json_array_get(f.cases, i), results[i]);
        gte_result_free(&results[i]);
    }
    close_fixture(&f);
}

static void test_single_label(void)
{
    check_folder(HEADS "/cls-single");
}

static void test_multi_label(void)
{
    check_folder(HEADS "/cls-multi");
}

static void test_pairs(void)
{
    check_folder(HEADS "/rerank");
    check_folder(HEADS "/rerank-regression");
}

/* ---- texts longer than the model reads ------------------------------------------------------- */

/* A text of `words` words; what head_logits says of its windows, joined as src/tasks/README.md
 * tells: the mean, weighed by tokens. */
static void check_long(const fixture *f, size_t words, size_t window)
{
    enum { LONGEST = 4096 };
    static char text[LONGEST * 8];
    static gte_token tokens[LONGEST], input[512];
    double want[8] = {0};
    size_t count = 0, size = 0;
    for (size_t i = 0; i < words; i++)
        size += (size_t)sprintf(text + size, "%s", i % 3 == 0 ? "好" : i % 3 == 1 ? " bad" : "店");
    gte_text whole = {text, size, NULL, 0};
    CU_ASSERT_EQUAL_FATAL(
        gte_tokenize(f->model, whole, GTE_NO_SPECIAL, LONGEST, tokens, LONGEST, &count, NULL, NULL),
        GTE_OK);
    for (size_t first = 0; first < count; first += window - 2) {
        const size_t part = count - first < window - 2 ? count - first : window - 2;
        float row[8];
        input[0] = (gte_token){2, 0, 0, 0};
        memcpy(input + 1, tokens + first, part * sizeof *input);
        input[part + 1] = (gte_token){3, 0, 0, 0};
        CU_ASSERT_EQUAL_FATAL(gte_logits_tokens(f->ctx, gte_model_head(f->model), input,
                                                (size_t[]){0, part + 2}, 1, NULL, row, 8, NULL),
                              GTE_OK);
        for (size_t k = 0; k < json_array_size(f->labels); k++)
            want[k] += (double)row[k] * (double)part / (double)count;
    }
    gte_request request = GTE_REQUEST_INIT;
    gte_result_info info;
    gte_result *result = f->result;
    request.task = GTE_TASK_SENTIMENT;
    request.flags = GTE_KEEP_LOGITS;
    request.text = whole;
    CU_ASSERT_EQUAL_FATAL(gte_predict(f->ctx, gte_model_head(f->model), &request, 1, &result, NULL),
                          GTE_OK);
    gte_result_describe(result, &info, sizeof info);
    CU_ASSERT_EQUAL(info.windows, (count + window - 3) / (window - 2));
    CU_ASSERT_EQUAL(info.truncated, 0);
    CU_ASSERT_TRUE(head_difference(want, info.logits, info.logit_columns) <= (double)BOUND);
    request.flags = GTE_NO_TRUNCATE;
    CU_ASSERT_EQUAL(gte_predict(f->ctx, gte_model_head(f->model), &request, 1, &result, NULL),
                    count > window - 2 ? GTE_E_TOO_LONG : GTE_OK);
}

static void test_long(void)
{
    fixture f = open_fixture(HEADS "/cls-single");
    check_long(&f, 94, 96);
    check_long(&f, 95, 96);
    check_long(&f, 400, 96);
    check_long(&f, 3333, 96);
    close_fixture(&f);
}

/* What cannot be answered says so. */
static void test_refusals(void)
{
    fixture f = open_fixture(HEADS "/cls-single");
    gte_request request = GTE_REQUEST_INIT;
    gte_error err = {0};
    static const gte_task not_its[] = {GTE_TASK_NER, GTE_TASK_RELATION, GTE_TASK_EVENT,
                                       GTE_TASK_QA};
    request.text = gte_text_of("好");
    for (size_t i = 0; i < sizeof not_its / sizeof *not_its; i++) {
        request.task = not_its[i];
        CU_ASSERT_EQUAL(gte_predict(f.ctx, gte_model_head(f.model), &request, 1, &f.result, &err),
                        GTE_E_UNSUPPORTED);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "load"));
    }
    request.task = (gte_task)17;
    CU_ASSERT_EQUAL(gte_predict(f.ctx, gte_model_head(f.model), &request, 1, &f.result, &err),
                    GTE_E_ARGUMENT);
    request.task = GTE_TASK_CLASSIFICATION;
    request.text = (gte_text){"\xff", 1, NULL, 0};
    CU_ASSERT_EQUAL(gte_predict(f.ctx, gte_model_head(f.model), &request, 1, &f.result, &err),
                    GTE_E_UTF8);
    request.flags = GTE_REPLACE_INVALID;
    CU_ASSERT_EQUAL(gte_predict(f.ctx, gte_model_head(f.model), &request, 1, &f.result, &err),
                    GTE_OK);
    close_fixture(&f);
}

int main(void)
{
    static const support_case cases[] = {
        {"one label of several", test_single_label},
        {"each label by itself", test_multi_label},
        {"pairs", test_pairs},
        {"long texts are the mean of their windows", test_long},
        {"refusals", test_refusals},
    };
    return SUPPORT_MAIN("decode classify", cases);
}
