/* TEI's POST /predict, which is a body with `inputs`: the labels of a classifier's head, for a
 * text, a pair, or a list of such. */
#include <stdlib.h>

#include "server/choose.h"
#include "server/errors.h"
#include "server/json_in.h"
#include "server/json_out.h"
#include "server/predict.h"

static int by_score(const void *a, const void *b)
{
    const gte_label_score *x = a, *y = b;
    return (x->score < y->score) - (x->score > y->score);
}

static void write_labels(server__text *out, const gte_label_score *labels, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        server__text_string(out, i ? ",{\"score\":" : "[{\"score\":");
        server__json_float(out, labels[i].score);
        server__text_string(out, ",\"label\":");
        server__json_c_string(out, labels[i].name);
        server__text_string(out, "}");
    }
    server__text_string(out, "]");
}

/* Logits have the order of the head, labels that of their scores. */
static void write_raw(server__text *out, const gte_head *head, const gte_result_info *info)
{
    gte_label_score *order = malloc(info->logit_columns * sizeof *order);
    if (!order) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < info->logit_columns; i++)
        order[i] = (gte_label_score){gte_head_label(head, (int)i), info->logits[i]};
    qsort(order, info->logit_columns, sizeof *order, by_score);
    write_labels(out, order, info->logit_columns);
    free(order);
}

static void finish(server__request *request)
{
    const server__predict *predict = request->state;
    const server__inference *inference = &predict->inference;
    server__text out = {0};
    for (size_t i = 0; i < inference->count; i++) {
        const gte_result *result = server__inferred(request, inference, i);
        gte_result_info info = {0};
        if (!result) {
            server__text_free(&out);
            return;
        }
        gte_result_describe(result, &info, sizeof info);
        if (predict->batch) server__text_string(&out, i ? "," : "[");
        if (predict->raw_scores)
            write_raw(&out, request->choice->head, &info);
        else
            write_labels(&out, info.labels, info.label_count);
    }
    if (predict->batch) server__text_string(&out, "]");
    server__answer_json(request, 200, &out);
}

static bool wrong(server__request *request)
{
    server__fail(request, 422, "invalid_input", "inputs",
                 "`inputs` must be a string, a pair of strings, or a list of lists of one or two "
                 "strings, none of them empty");
    return false;
}

/* One string, or two as a pair. */
static bool take_one(server__request *request, gte_request *query, const json_t *value,
                     unsigned flags)
{
    const gte_request standard = GTE_REQUEST_INIT;
    const size_t count = json_is_array(value) ? json_array_size(value) : 1;
    const json_t *first = json_is_array(value) ? json_array_get(value, 0) : value;
    const json_t *second = count == 2 ? json_array_get(value, 1) : NULL;
    *query = standard;
    query->task = GTE_TASK_CLASSIFICATION;
    query->flags = flags | GTE_KEEP_LOGITS;
    if (count < 1 || count > 2 || !json_is_string(first) || json_string_length(first) == 0 ||
        (second && !json_is_string(second)))
        return wrong(request);
    query->text.data = json_string_value(first);
    query->text.size = json_string_length(first);
    if (!second) return true;
    query->text.pair = json_string_value(second);
    query->text.pair_size = json_string_length(second);
    return true;
}

static bool take_all(server__request *request, server__predict *predict, unsigned flags)
{
    const json_t *inputs = json_object_get(predict->json, "inputs");
    const size_t size = json_array_size(inputs);
    predict->batch = json_is_array(json_array_get(inputs, 0));
    const size_t count = predict->batch ? size : 1;
    if (!server__inputs_fit(request, "inputs", count)) return false;
    predict->queries = calloc(count, sizeof *predict->queries);
    if (!predict->queries) return server__fail_memory(request);
    for (size_t i = 0; i < count; i++) {
        const json_t *each = predict->batch ? json_array_get(inputs, i) : inputs;
        if (predict->batch && !json_is_array(each)) return wrong(request);
        if (!take_one(request, &predict->queries[i], each, flags)) return false;
    }
    predict->inference.queries = predict->queries;
    predict->inference.count = count;
    predict->inference.param = "inputs";
    return true;
}

void server__classify(server__request *request, server__predict *predict)
{
    unsigned flags = 0;
    request->task = "classification";
    if (server__choose_classifier(request) &&
        server__inputs_truncation(request, predict->json, &flags) &&
        server__json_get_bool(request, predict->json, "raw_scores", &predict->raw_scores) &&
        take_all(request, predict, flags))
        server__infer(request, &predict->inference, finish);
}
