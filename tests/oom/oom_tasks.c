/* Heads and tasks: converting a checkpoint with a head, opening a head, answering a request from a
 * result and a context that have nothing yet; and answering again, which asks for nothing. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "convert/convert.h"
#include "convert/head_pack.h"
#include "failing.h"
#include "gte_task.h"
#include "handle.h"
#include "oom.h"
#include "support.h"

static const char *folder; /* of the checkpoint */
static char path[1024];    /* of the model */
static gte_model *model;
static gte_request request;

static gte_status convert(gte_error *err)
{
    const char *out = support_tmp_path("task.gte");
    gte_status status = gte_convert(folder, out, NULL, err);
    if (status == GTE_OK) unlink(out);
    return status;
}

static gte_status open_model(gte_error *err)
{
    gte_model *m = NULL;
    gte_status status = gte_model_open(&m, path, NULL, err);
    gte_model_close(&m);
    return status;
}

/* All from nothing, the context as well. */
static gte_status predict(gte_error *err)
{
    gte_context *ctx = NULL;
    gte_result *result = NULL;
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    options.threads = 1;
    gte_status status = gte_context_create(&ctx, model, &options, err);
    if (status == GTE_OK) status = gte_result_create(&result, err);
    if (status == GTE_OK)
        status = gte_predict(ctx, gte_model_head(model), &request, 1, &result, err);
    gte_result_free(&result);
    gte_context_free(&ctx);
    return status;
}

static void check_warm(void)
{
    gte_context *ctx;
    gte_result *result;
    gte_error err;
    char json[8192];
    size_t size;
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, NULL, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&result, &err), GTE_OK);
    for (int i = 0; i < 3; i++) {
        failing_arm(0);
        CU_ASSERT_EQUAL(gte_predict(ctx, gte_model_head(model), &request, 1, &result, &err),
                        GTE_OK);
        CU_ASSERT_EQUAL(gte_result_json(result, 0, json, sizeof json, &size, &err), GTE_OK);
        const size_t requests = failing_disarm();
        if (i > 0) CU_ASSERT_EQUAL(requests, 0);
    }
    gte_result_free(&result);
    gte_context_free(&ctx);
}

static void check(const char *name, gte_task task, const char *text, const char *pair)
{
    const gte_request standard = GTE_REQUEST_INIT;
    gte_error err;
    char dir[256];
    snprintf(dir, sizeof dir, "tests/golden/%s", name);
    folder = dir;
    snprintf(path, sizeof path, "%s", support_tmp_path("task-model.gte"));
    CU_ASSERT_EQUAL_FATAL(gte_convert(folder, path, NULL, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_model_open(&model, path, NULL, &err), GTE_OK);
    request = standard;
    request.task = task;
    request.flags = GTE_KEEP_LOGITS;
    request.text = gte_text_of(text);
    if (pair) {
        request.text.pair = pair;
        request.text.pair_size = strlen(pair);
    }
    CU_ASSERT_TRUE(oom_exhaust(name, convert) > 20);
    CU_ASSERT_TRUE(oom_exhaust("  opening", open_model) >= 3);
    CU_ASSERT_TRUE(oom_exhaust("  answering", predict) > 5);
    check_warm();
    gte_model_close(&model);
    unlink(path);
}

static const void *head_data;
static size_t head_size;

static gte_status open_head(gte_error *err)
{
    gte_head *head = NULL;
    gte_status status = gte_head_open_memory(&head, model, head_data, head_size, err);
    CU_ASSERT_EQUAL(status == GTE_OK, head != NULL);
    gte_head_close(&head);
    return status;
}

static gte_status pack_head(gte_error *err)
{
    static const char *const names[] = {"one", "two"};
    static float weight[2 * 1024];
    void *data = NULL;
    size_t size;
    const convert__head head = {.kind = GTE__HEAD_SEQUENCE,
                                .reads = GTE__HEAD_READS_VECTOR,
                                .hidden_size = model->file.header->hidden_size,
                                .labels = 2,
                                .names = names,
                                .weight = weight};
    gte_status status = convert__head_pack(&head, model->file.header->sha256, &data, &size, err);
    if (status != GTE_OK) return status;
    if (head_data) {
        free(data);
    } else {
        head_data = data;
        head_size = size;
    }
    return status;
}

void oom_test_tasks(void)
{
    static const char text[] = "张三在北京工作。w5 w6 w7 很好，非常满意！";
    check("heads/cls-multi", GTE_TASK_CLASSIFICATION, text, NULL);
    check("heads/rerank", GTE_TASK_CLASSIFICATION, text, "w5 w6");
    check("heads/ner-bio", GTE_TASK_NER, text, NULL);
    check("heads/raner", GTE_TASK_NER, text, NULL);
    check("heads/qa", GTE_TASK_QA, text, "w5 w6?");
    check("tiny", GTE_TASK_SENTIMENT, text, NULL);
    check("tiny", GTE_TASK_QA, text, "w5 w9 w3");
    gte_error err;
    CU_ASSERT_EQUAL_FATAL(gte_convert("tests/golden/tiny", path, NULL, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_model_open(&model, path, NULL, &err), GTE_OK);
    CU_ASSERT_TRUE(oom_exhaust("packing a head", pack_head) == 1);
    CU_ASSERT_TRUE(oom_exhaust("opening a head", open_head) == 2);
    union {
        const void *view;
        void *block;
    } p = {head_data};
    free(p.block);
    gte_model_close(&model);
}
