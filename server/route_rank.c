/* TEI's routes of one text against others: /similarity by cosine; /rerank by a cross-encoder where
 * one is loaded, else by cosine. */
#include <stdlib.h>

#include "server/choose.h"
#include "server/errors.h"
#include "server/json_in.h"
#include "server/json_out.h"
#include "server/routes.h"
#include "server/tei.h"

/* own->inputs: `first`, then the strings of `list`, which errors call `name`. */
static bool take_one_and_list(server__request *request, server__tei *own, const char *first_name,
                              const json_t *first, const char *name, const json_t *list)
{
    size_t i;
    json_t *value;
    if (!json_is_string(first) || !json_is_array(list)) {
        server__fail(request, 422, "invalid_input", name,
                     "`%s` must be a string and `%s` a list of strings", first_name, name);
        return false;
    }
    if (json_array_size(list) == 0 || json_string_length(first) == 0) {
        server__fail(request, 400, "invalid_input", name, "`%s` cannot be empty",
                     json_array_size(list) ? first_name : name);
        return false;
    }
    if (!server__inputs_fit(request, name, json_array_size(list) + 1)) return false;
    own->inputs.list = calloc(json_array_size(list) + 1, sizeof *own->inputs.list);
    if (!own->inputs.list) {
        server__fail_memory(request);
        return false;
    }
    own->inputs.count = json_array_size(list) + 1;
    own->inputs.list[0].data = json_string_value(first);
    own->inputs.list[0].size = json_string_length(first);
    json_array_foreach(list, i, value)
    {
        if (!json_is_string(value)) {
            server__fail(request, 422, "invalid_input", name, "`%s` must hold strings only", name);
            return false;
        }
        own->inputs.list[i + 1].data = json_string_value(value);
        own->inputs.list[i + 1].size = json_string_length(value);
    }
    return true;
}

/* Cosine of the first input with the i-th of the others; vectors have length 1. */
static float score_of(const server__embedding *e, size_t i)
{
    float score = 0.0f;
    gte_similarity(e->inputs[0].vector, 1, e->inputs[i + 1].vector, 1, (size_t)e->options.dims,
                   &score, NULL);
    return score;
}

static void similarity_finish(server__request *request)
{
    const server__tei *own = request->state;
    server__text out = {0};
    for (size_t i = 0; i + 1 < own->embedding.count; i++) {
        server__text_string(&out, i ? "," : "[");
        server__json_float(&out, score_of(&own->embedding, i));
    }
    server__text_string(&out, "]");
    server__answer_json(request, 200, &out);
}

static void similarity_handle(server__request *request)
{
    server__tei *own = server__tei_begin(request, "similarity", "inputs");
    if (!own || !server__choose_embedding(request, NULL)) return;
    const json_t *inputs = json_object_get(own->json, "inputs");
    const json_t *parameters = json_object_get(own->json, "parameters");
    const char *prompt = NULL;
    if (!json_is_object(inputs)) {
        server__tei_invalid(request, "inputs",
                            "`inputs` must have `source_sentence` and `sentences`");
        return;
    }
    if (parameters && !json_is_object(parameters) && !json_is_null(parameters)) {
        server__tei_invalid(request, "parameters", "`parameters` must be an object");
        return;
    }
    if (!server__inputs_truncation(request, parameters, &own->embedding.flags) ||
        !server__json_get_string(request, parameters, "prompt_name", &prompt, NULL) ||
        !take_one_and_list(request, own, "source_sentence",
                           json_object_get(inputs, "source_sentence"), "sentences",
                           json_object_get(inputs, "sentences")) ||
        !server__inputs_prompt(request, &own->inputs, prompt))
        return;
    server__tei_embed(request, own, similarity_finish);
}

typedef struct ranked {
    size_t index;
    float score;
} ranked;

static int by_score(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

/* The answer, from scores in the order of the texts. */
static void write_ranks(server__request *request, ranked *order, size_t n)
{
    const server__tei *own = request->state;
    server__text out = {0};
    qsort(order, n, sizeof *order, by_score);
    for (size_t i = 0; i < n; i++) {
        const server__input *text = &own->inputs.list[order[i].index + 1];
        server__text_printf(&out, "%s{\"index\":%zu,\"score\":", i ? "," : "[", order[i].index);
        server__json_float(&out, order[i].score);
        if (own->return_text) {
            server__text_string(&out, ",\"text\":");
            server__json_string(&out, text->data, text->size);
        }
        server__text_string(&out, "}");
    }
    server__text_string(&out, "]");
    server__answer_json(request, 200, &out);
}

/* By cosine, which raw_scores does not change. */
static void cosines_finish(server__request *request)
{
    const server__tei *own = request->state;
    const size_t n = own->embedding.count - 1;
    ranked *order = malloc(n * sizeof *order);
    if (!order) {
        server__fail_memory(request);
        return;
    }
    for (size_t i = 0; i < n; i++) order[i] = (ranked){i, score_of(&own->embedding, i)};
    write_ranks(request, order, n);
    free(order);
}

/* By a cross-encoder's only label. */
static void pairs_finish(server__request *request)
{
    const server__tei *own = request->state;
    const size_t n = own->inference.count;
    ranked *order = malloc(n * sizeof *order);
    bool good = order || server__fail_memory(request);
    for (size_t i = 0; i < n && good; i++) {
        const gte_result *result = server__inferred(request, &own->inference, i);
        gte_result_info info = {0};
        good = result != NULL;
        if (!good) break;
        gte_result_describe(result, &info, sizeof info);
        order[i] = (ranked){i, own->raw_scores ? info.logits[0] : info.labels[0].score};
    }
    if (good) write_ranks(request, order, n);
    free(order);
}

static void score_pairs(server__request *request, server__tei *own)
{
    const gte_request standard = GTE_REQUEST_INIT;
    const server__input *query = &own->inputs.list[0], *text = query + 1;
    const size_t n = own->inputs.count - 1;
    if (!(own->pairs = calloc(n, sizeof *own->pairs))) {
        server__fail_memory(request);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        own->pairs[i] = standard;
        own->pairs[i].task = GTE_TASK_CLASSIFICATION;
        own->pairs[i].text = (gte_text){query->data, query->size, text[i].data, text[i].size};
        own->pairs[i].flags = own->embedding.flags | GTE_KEEP_LOGITS;
    }
    own->inference.queries = own->pairs;
    own->inference.count = n;
    own->inference.param = "texts";
    server__infer(request, &own->inference, pairs_finish);
}

static void rerank_handle(server__request *request)
{
    server__tei *own = server__tei_begin(request, "rerank", "texts");
    bool answered = false;
    if (!own) return;
    const bool pairs = server__choose_reranker(request, &answered);
    if (answered || (!pairs && !server__choose_embedding(request, NULL)) ||
        !server__inputs_truncation(request, own->json, &own->embedding.flags) ||
        !server__json_get_bool(request, own->json, "return_text", &own->return_text) ||
        !server__json_get_bool(request, own->json, "raw_scores", &own->raw_scores) ||
        !take_one_and_list(request, own, "query", json_object_get(own->json, "query"), "texts",
                           json_object_get(own->json, "texts")))
        return;
    if (pairs)
        score_pairs(request, own);
    else
        server__tei_embed(request, own, cosines_finish);
}

const server__route server__rank_routes[] = {
    {"POST", "/similarity", similarity_handle, SERVER__TEI, 0, 0},
    {"POST", "/rerank", rerank_handle, SERVER__TEI, 0, 0},
    {0},
};
