/* POST /predict: {"task_type": ..., "input_text": ...} in, the envelope out. */
#include <stdlib.h>
#include <string.h>

#include "server/json_in.h"
#include "server/label_sets.h"
#include "server/predict.h"
#include "server/predict_keep.h"
#include "server/routes.h"
#include "server/service.h"
#include "server/timestamp.h"

const server__task server__tasks[] = {
    {"ner", NULL, NULL},
    {"relation", NULL, NULL},
    {"event", NULL, NULL},
    {"sentiment", server__sentiment_prepare, server__sentiment_write},
    {"classification", server__classification_prepare, server__classification_write},
    {"qa", server__answer_prepare, server__answer_write},
    {NULL, NULL, NULL},
};

static void predict_free(void *state)
{
    server__predict *predict = state;
    server__embedding_free(&predict->embedding);
    json_decref(predict->json);
    free(predict->inputs);
    free(predict->labels);
    server__label_sets_drop(&predict->label_sets);
    free(predict->own);
    free(predict);
}

/* All of the envelope that comes after the result. */
static void answer_rest(server__request *request, const server__predict *predict, server__text *out)
{
    char now[SERVER__TIMESTAMP_SIZE];
    server__timestamp(now);
    server__text_printf(out, ",\"task_type\":\"%s\",\"timestamp\":\"%s\",\"version\":\"%s\"",
                        predict->task->name, now, gte_version());
    server__text_string(out, ",\"request_id\":");
    server__json_c_string(out, request->id);
    server__text_printf(
        out, ",\"elapsed_ms\":%.3f,\"model\":", (double)(server__now() - request->start_ns) * 1e-6);
    server__json_c_string(out, request->service->model_name);
    server__text_printf(out, ",\"cached\":%s,\"truncated\":%s}",
                        request->items > 0 && request->cached == request->items ? "true" : "false",
                        request->truncated ? "true" : "false");
    server__answer_json(request, 200, out);
}

static const char envelope[] = "{\"result\":";

static void predict_finish(server__request *request)
{
    server__predict *predict = request->state;
    server__text out = {0};
    server__text_string(&out, envelope);
    if (!predict->task->write(request, predict, &out)) {
        server__text_free(&out);
        return;
    }
    const size_t before = sizeof envelope - 1;
    if (!out.failed) server__predict_keep(request, predict, out.data + before, out.size - before);
    answer_rest(request, predict, &out);
}

/* Whether it was answered with a result that was kept. */
static bool predict_again(server__request *request, const server__predict *predict)
{
    server__text out = {0};
    server__text_string(&out, envelope);
    if (!server__predict_recall(request, predict, &out)) {
        server__text_free(&out);
        return false;
    }
    answer_rest(request, predict, &out);
    return true;
}

static const server__task *task_named(const char *name)
{
    for (const server__task *task = server__tasks; task->name; task++)
        if (strcmp(task->name, name) == 0) return task;
    return NULL;
}

/* task_type and input_text; false when the request is answered. */
static bool take_task(server__request *request, server__predict *predict)
{
    const json_t *type = json_object_get(predict->json, "task_type");
    const json_t *text = json_object_get(predict->json, "input_text");
    if (!json_is_string(type) || !json_is_string(text)) {
        server__fail(
            request, 400, "missing_field", json_is_string(type) ? "input_text" : "task_type",
            "'%s' must be given, as a string", json_is_string(type) ? "input_text" : "task_type");
        return false;
    }
    predict->task = task_named(json_string_value(type));
    if (!predict->task) {
        server__fail(
            request, 400, "unknown_task", "task_type",
            "task_type must be one of ner, relation, event, sentiment, classification, qa");
        return false;
    }
    request->task = predict->task->name;
    predict->text = json_string_value(text);
    predict->size = json_string_length(text);
    if (predict->size == 0) {
        server__fail(request, 400, "empty_text", "input_text", "'input_text' must not be empty");
        return false;
    }
    return true;
}

/* TEI's own /predict classifies with a classifier's head, which an embedding model has not. */
static void refuse_inputs(server__request *request)
{
    server__fail(request, 424, "no_classifier", "inputs",
                 "the model is an embedding model, not a classifier: no model for TEI's predict is "
                 "loaded");
}

static void predict_handle(server__request *request)
{
    json_t *json = server__json_body(request);
    if (!json) return;
    server__predict *predict = calloc(1, sizeof *predict);
    if (!predict) {
        json_decref(json);
        server__fail_memory(request);
        return;
    }
    predict->json = json;
    request->state = predict;
    request->free_state = predict_free;
    if (json_object_get(json, "inputs")) {
        refuse_inputs(request);
        return;
    }
    if (!take_task(request, predict)) return;
    if (!predict->task->prepare) {
        server__fail(request, 503, "no_model", "task_type",
                     "no model loaded for this task (%s): it needs one trained for it; sentiment, "
                     "classification and qa need none",
                     predict->task->name);
        return;
    }
    if (!predict->task->prepare(request, predict)) return;
    predict->embedding.inputs = predict->inputs;
    predict->embedding.param = "input_text";
    predict->embedding.flags = request->service->limits.truncate ? 0 : GTE_NO_TRUNCATE;
    if (!predict_again(request, predict))
        server__embed(request, &predict->embedding, predict_finish);
}

const server__route server__predict_routes[] = {
    {"POST", "/predict", predict_handle, SERVER__PLAIN, 0, 0},
    {0},
};
