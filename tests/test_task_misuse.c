/* Heads and results used in ways that nobody should: checkpoints whose head has a shape of its own,
 * results that go from one task to another, halves of an answer without the other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/convert.h"
#include "head_cases.h"
#include "model_dir.h"
#include "support.h"

/* ---- checkpoints ----------------------------------------------------------------------------- */

static void copy_file(const char *folder, const char *dir, const char *name)
{
    char path[128];
    size_t size;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *data = support_read_file(path, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    model_dir_put_bytes(dir, name, data, size);
    free(data);
}

static void replace(char *text, const char *from, const char *to)
{
    char *at = strstr(text, from);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    CU_ASSERT_EQUAL_FATAL(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
}

/* The qa model with three rows in its head, zeros behind what the file had. */
static void put_three_rows(const char *dir)
{
    enum { MORE = 24 * 2 + 2 }; /* in F16 */
    size_t size;
    char *data = support_read_file(HEADS "/qa/model.safetensors", &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    char *longer = calloc(size + MORE, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(longer);
    memcpy(longer, data, size);
    replace(longer + 8, "[2, 24], \"data_offsets\": [26000, 26096]",
            "[3, 24], \"data_offsets\": [26000, 26144]");
    replace(longer + 8, "[2], \"data_offsets\": [26096, 26100]",
            "[3], \"data_offsets\": [26144, 26150]");
    model_dir_put_bytes(dir, "model.safetensors", longer, size + MORE);
    free(longer);
    free(data);
}

static void test_rows_of_qa(void)
{
    static const char *const files[] = {"config.json", "vocab.txt", "tokenizer_config.json"};
    gte_error err = {0};
    const char *dir = model_dir_make("qa", NULL);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) copy_file(HEADS "/qa", dir, files[i]);
    model_dir_put(dir, "1_Pooling/config.json", NULL);
    put_three_rows(dir);
    CU_ASSERT_EQUAL(gte_convert(dir, support_tmp_path("qa.gte"), NULL, &err), GTE_E_FORMAT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "qa_outputs.weight: expected 2 to 2 rows"));
}

/* ---- results --------------------------------------------------------------------------------- */

static gte_request question(const char *context, const char *asked)
{
    gte_request request = GTE_REQUEST_INIT;
    request.task = GTE_TASK_QA;
    request.text = (gte_text){context, strlen(context), asked, strlen(asked)};
    return request;
}

/* What a result said of a long text is not said of the next, shorter one. */
static void test_next_text(void)
{
    gte_model *alone = support_standin_open(), *trained = head_open(HEADS "/qa", NULL);
    gte_context *first = head_context(alone, 1), *second = head_context(trained, 1);
    gte_result *result;
    char json[4096];
    size_t size;
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&result, NULL), GTE_OK);
    const gte_request wide =
        question("A long text that says a lot. It rained in the hills.", "What?");
    const gte_request narrow = question("ab", "b");
    CU_ASSERT_EQUAL_FATAL(gte_predict(first, NULL, &wide, 1, &result, NULL), GTE_OK);
    CU_ASSERT_EQUAL(gte_result_json(result, 0, json, sizeof json - 1, &size, NULL), GTE_OK);
    json[size] = '\0';
    CU_ASSERT_PTR_NOT_NULL(strstr(json, "\"sentence\""));
    CU_ASSERT_EQUAL_FATAL(gte_predict(second, gte_model_head(trained), &narrow, 1, &result, NULL),
                          GTE_OK);
    CU_ASSERT_EQUAL(gte_result_json(result, 0, json, sizeof json - 1, &size, NULL), GTE_OK);
    json[size] = '\0';
    CU_ASSERT_PTR_NULL(strstr(json, "\"sentence\""));
    gte_result_free(&result);
    gte_context_free(&first);
    gte_context_free(&second);
    gte_model_close(&alone);
    gte_model_close(&trained);
}

/* An answer belongs to the texts that were asked for just before, once. */
static void test_halves(void)
{
    const float vector[2] = {1.0f, 0.0f};
    const float *vectors[64];
    const gte_text *texts;
    size_t count;
    gte_result *result;
    gte_error err;
    gte_request request = GTE_REQUEST_INIT;
    for (size_t i = 0; i < 64; i++) vectors[i] = vector;
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&result, NULL), GTE_OK);
    CU_ASSERT_EQUAL(gte_likeness_answer(result, vectors, 2, &err), GTE_E_ARGUMENT);
    request.task = GTE_TASK_SENTIMENT;
    request.text = gte_text_of("fine");
    CU_ASSERT_EQUAL(gte_likeness_texts(&request, result, &texts, &count, &err), GTE_OK);
    CU_ASSERT_TRUE_FATAL(count <= 64);
    CU_ASSERT_EQUAL(gte_likeness_answer(result, vectors, 2, &err), GTE_OK);
    CU_ASSERT_EQUAL(gte_likeness_answer(result, vectors, 2, &err), GTE_E_ARGUMENT);
    request.task = GTE_TASK_NER;
    CU_ASSERT_EQUAL(gte_likeness_texts(&request, result, &texts, &count, &err), GTE_E_UNSUPPORTED);
    CU_ASSERT_EQUAL(gte_likeness_answer(result, vectors, 2, &err), GTE_E_ARGUMENT);
    gte_result_free(&result);
}

/* ---- long texts ------------------------------------------------------------------------------ */

typedef struct patience {
    size_t calls, most;
} patience;

static int is_over(void *arg, size_t done)
{
    patience *p = arg;
    (void)done;
    return ++p->calls > p->most;
}

/* Many windows: whoever waits for them may stop waiting, and then they are not computed; but not
 * while another wants what shares their passes. */
static void test_stopped(void)
{
    static char text[20001];
    gte_model *model = head_open(HEADS "/ner-bio", NULL);
    gte_context *ctx = head_context(model, 1);
    gte_request requests[2] = {GTE_REQUEST_INIT, GTE_REQUEST_INIT};
    gte_result *results[2];
    patience none = {0, 0}, some = {0, 1}, endless = {0, SIZE_MAX};
    gte_error err;
    memset(text, '!', sizeof text - 1);
    for (size_t i = 0; i < 2; i++) {
        requests[i].task = GTE_TASK_NER;
        requests[i].text = gte_text_of(text);
        requests[i].progress = is_over;
        requests[i].progress_arg = &none;
        CU_ASSERT_EQUAL_FATAL(gte_result_create(&results[i], NULL), GTE_OK);
    }
    const gte_head *head = gte_model_head(model);
    CU_ASSERT_EQUAL(gte_predict(ctx, head, requests, 1, results, &err), GTE_E_CANCELLED);
    CU_ASSERT_EQUAL(none.calls, 1);
    requests[0].progress_arg = &some;
    CU_ASSERT_EQUAL(gte_predict(ctx, head, requests, 1, results, &err), GTE_E_CANCELLED);
    CU_ASSERT_EQUAL(some.calls, 2);
    CU_ASSERT_EQUAL(gte_predict(ctx, head, requests, 2, results, &err), GTE_E_CANCELLED);
    requests[1].progress_arg = &endless;
    CU_ASSERT_EQUAL(gte_predict(ctx, head, requests, 2, results, &err), GTE_OK);
    CU_ASSERT_TRUE(endless.calls > 2);
    for (size_t i = 0; i < 2; i++) gte_result_free(&results[i]);
    gte_context_free(&ctx);
    gte_model_close(&model);
}

int main(void)
{
    static const support_case cases[] = {
        {"a question answerer's head with three rows is refused", test_rows_of_qa},
        {"a result keeps nothing of the text before", test_next_text},
        {"an answer by likeness needs its texts, once", test_halves},
        {"the windows of a long text stop when nobody wants them", test_stopped},
    };
    return SUPPORT_MAIN("task misuse", cases);
}
