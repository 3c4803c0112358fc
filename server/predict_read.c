/* The body of POST /predict, as a query for the library. */
#include <stdlib.h>
#include <string.h>

#include "base/question.h"
#include "convert/schema_json.h"
#include "server/errors.h"
#include "server/json_in.h"
#include "server/predict.h"
#include "server/service.h"

/* ---- task and text --------------------------------------------------------------------------- */

static bool take_task(server__request *request, server__predict *predict)
{
    const json_t *type = json_object_get(predict->json, "task_type");
    const json_t *text = json_object_get(predict->json, "input_text");
    if (!json_is_string(type) || !json_is_string(text)) {
        const char *missing = json_is_string(type) ? "input_text" : "task_type";
        server__fail(request, 400, "missing_field", missing, "'%s' must be given, as a string",
                     missing);
        return false;
    }
    predict->query.task = gte_task_named(json_string_value(type));
    if (predict->query.task == GTE_TASK_NONE) {
        server__fail(
            request, 400, "unknown_task", "task_type",
            "task_type must be one of ner, relation, event, sentiment, classification, qa");
        return false;
    }
    request->task = gte_task_name(predict->query.task);
    predict->input = (gte_text){json_string_value(text), json_string_length(text), NULL, 0};
    if (predict->input.size) return true;
    server__fail(request, 400, "empty_text", "input_text", "'input_text' must not be empty");
    return false;
}

/* "context|question". Offsets of answers are of the context, which is where input_text begins. */
static bool take_question(server__request *request, server__predict *predict)
{
    if (gte__question_split(predict->input, &predict->query.text)) return true;
    server__fail(request, 400, "bad_question", "input_text",
                 "for qa 'input_text' is 'context|question', neither of them empty");
    return false;
}

/* ---- labels ---------------------------------------------------------------------------------- */

static bool bad_labels(server__request *request, const char *why)
{
    server__fail(request, 422, "bad_labels", "labels", "%s", why);
    return false;
}

/* The request's own labels: what else must be true of them the library knows. */
static bool take_own_labels(server__request *request, server__predict *predict, const json_t *list)
{
    const size_t count = json_array_size(list);
    if (!json_is_array(list) || count == 0 || count > GTE_LABELS_MAX) {
        server__fail(request, 422, "bad_labels", "labels",
                     "'labels' must be a list of 1 to %d strings", GTE_LABELS_MAX);
        return false;
    }
    predict->labels = calloc(count, sizeof *predict->labels);
    if (!predict->labels) return server__fail_memory(request);
    for (size_t i = 0; i < count; i++) {
        const json_t *label = json_array_get(list, i);
        if (!json_is_string(label) || json_string_length(label) == 0)
            return bad_labels(request, "'labels' must hold strings that are not empty");
        predict->labels[i].name = json_string_value(label);
        for (size_t j = 0; j < i; j++)
            if (strcmp(predict->labels[j].name, predict->labels[i].name) == 0)
                return bad_labels(request, "'labels' holds one label twice");
    }
    predict->query.labels = predict->labels;
    predict->query.label_count = count;
    return true;
}

static bool take_labels(server__request *request, server__predict *predict)
{
    const json_t *list = json_object_get(predict->json, "labels");
    if (list && !json_is_null(list)) return take_own_labels(request, predict, list);
    predict->label_sets = server__labels_hold(request->service->labels);
    const server__label_set set =
        server__label_sets_of(predict->label_sets, predict->query.task, predict->input);
    predict->query.labels = set.labels;
    predict->query.label_count = set.count;
    return true;
}

/* ---- schema ---------------------------------------------------------------------------------- */

static bool take_schema(server__request *request, server__predict *predict)
{
    const json_t *json = json_object_get(predict->json, "schema");
    gte_error err;
    if (!json || json_is_null(json)) return true;
    predict->schema = malloc(sizeof *predict->schema);
    if (!predict->schema) return server__fail_memory(request);
    if (convert__schema_of(json, predict->schema, &err) != GTE_OK) {
        server__fail(request, 422, "bad_schema", "schema", "'schema': %s", err.message);
        return false;
    }
    predict->query.schema = predict->schema->nodes;
    predict->query.schema_count = predict->schema->count;
    return true;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool take_raw(server__request *request, server__predict *predict)
{
    const char *raw = server__query(request, "raw");
    bool wanted = raw && strcmp(raw, "0") != 0 && strcmp(raw, "false") != 0;
    if (!server__json_get_bool(request, predict->json, "raw", &wanted)) return false;
    predict->json_flags = wanted ? GTE_JSON_RAW : 0;
    return true;
}

bool server__predict_read(server__request *request, server__predict *predict)
{
    const gte_request standard = GTE_REQUEST_INIT;
    const server__limits *limits = &request->service->limits;
    gte_request *query = &predict->query;
    *query = standard;
    if (!take_task(request, predict)) return false;
    query->text = predict->input;
    query->flags = limits->truncate ? 0 : GTE_NO_TRUNCATE;
    query->max_texts = limits->max_items > 1 ? limits->max_items - 1 : 1;
    if (query->max_texts > UINT16_MAX) query->max_texts = UINT16_MAX;
    if (query->task == GTE_TASK_QA && !take_question(request, predict)) return false;
    return take_labels(request, predict) && take_schema(request, predict) &&
           take_raw(request, predict);
}
