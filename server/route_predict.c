/* POST /predict: {"task_type": ..., "input_text": ...} in, the envelope out. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "server/choose.h"
#include "server/errors.h"
#include "server/json_in.h"
#include "server/label_sets.h"
#include "server/predict.h"
#include "server/predict_keep.h"
#include "server/routes.h"
#include "server/service.h"
#include "server/timestamp.h"

static void predict_free(void *state)
{
    server__predict *predict = state;
    server__predict_likeness_free(predict);
    server__inference_free(&predict->inference);
    json_decref(predict->json);
    free(predict->schema);
    free(predict->queries);
    free(predict->labels);
    server__label_sets_drop(&predict->label_sets);
    free(predict);
}

/* Strings, to a NULL. A kept result is answered in 14 us, of which printf took one. */
static void add_parts(server__text *out, ...)
{
    va_list parts;
    va_start(parts, out);
    for (const char *part; (part = va_arg(parts, const char *)) != NULL;)
        server__text_string(out, part);
    va_end(parts);
}

/* All of the envelope that comes after the result. */
static void answer_rest(server__request *request, server__text *out)
{
    const server__choice *choice = request->choice;
    char now[SERVER__TIMESTAMP_SIZE];
    server__timestamp(now);
    add_parts(out, ",\"task_type\":\"", request->task, "\",\"timestamp\":\"", now,
              "\",\"version\":\"", gte_version(), "\",\"request_id\":", NULL);
    server__json_c_string(out, request->id);
    server__text_string(out, ",\"elapsed_ms\":");
    server__json_thousandths(out, (server__now() - request->start_ns) / 1000);
    server__text_string(out, ",\"model\":");
    const char *model = choice->name;
    if (choice->opened) model = server__models_name_of(&request->service->models, choice->model);
    server__json_c_string(out, model);
    if (choice->opened) {
        server__text_string(out, ",\"head\":");
        server__json_c_string(out, choice->name);
    }
    add_parts(out, ",\"cached\":",
              request->items > 0 && request->cached == request->items ? "true" : "false",
              ",\"truncated\":", request->truncated ? "true}" : "false}", NULL);
    server__answer_json(request, 200, out);
}

static const char envelope[] = "{\"result\":";

/* The result's JSON, whose size is known only when it is written. */
static void add_result(server__text *out, const gte_result *result, unsigned flags)
{
    size_t size = 1024;
    for (;;) {
        server__text_reserve(out, size);
        if (out->failed) return;
        gte_status status = gte_result_json(result, flags, out->data + out->size,
                                            out->capacity - out->size, &size, NULL);
        if (status == GTE_E_CAPACITY) continue;
        if (status == GTE_OK) out->size += size;
        out->failed = status != GTE_OK;
        return;
    }
}

static void predict_finish(server__request *request)
{
    server__predict *predict = request->state;
    const gte_result *result = predict->likeness;
    server__text out = {0};
    if (request->choice->head)
        result = server__inferred(request, &predict->inference, 0);
    else if (!server__predict_likeness_answer(request, predict))
        return;
    if (!result) return;
    server__text_string(&out, envelope);
    add_result(&out, result, predict->json_flags);
    const size_t before = sizeof envelope - 1;
    if (!out.failed) server__predict_keep(request, predict, out.data + before, out.size - before);
    answer_rest(request, &out);
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
    answer_rest(request, &out);
    return true;
}

static server__need need_of(const server__predict *predict)
{
    const gte_task task = predict->query.task;
    if (predict->schema) return SERVER__NEEDS_SCHEMA;
    if (predict->labels && (task == GTE_TASK_SENTIMENT || task == GTE_TASK_CLASSIFICATION))
        return SERVER__NEEDS_LABELS;
    return SERVER__NEEDS_NOTHING;
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
        server__classify(request, predict);
        return;
    }
    if (!server__predict_read(request, predict)) return;
    if (!server__choose_task(request, predict->query.task, need_of(predict)) ||
        predict_again(request, predict))
        return;
    if (!request->choice->head) {
        server__predict_likeness(request, predict, predict_finish);
        return;
    }
    /* without a head the vectors are looked up, and counted, one by one */
    if (request->service->cache)
        server__metrics_cache(request->service->metrics, SERVER__CACHE_MISS, 1);
    predict->inference.queries = &predict->query;
    predict->inference.count = 1;
    predict->inference.param = "input_text";
    server__infer(request, &predict->inference, predict_finish);
}

const server__route server__predict_routes[] = {
    {"POST", "/predict", predict_handle, SERVER__PLAIN, 0, 0},
    {0},
};
