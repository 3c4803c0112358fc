/* TEI's API (Hugging Face's text-embeddings-inference): /embed, /embed_all, /similarity, /rerank,
 * /info, and POST / as Hugging Face's clients call an endpoint. /tokenize and /decode are
 * route_tokens.c's. */
#include <stdlib.h>
#include <string.h>

#include "server/choose.h"
#include "server/inputs.h"
#include "server/json_in.h"
#include "server/json_out.h"
#include "server/routes.h"
#include "server/service.h"

typedef struct tei {
    json_t *json; /* the body; texts stay in it */
    server__inputs inputs;
    server__embedding embedding;
    bool return_text, raw_scores; /* of /rerank */
} tei;

static void tei_free(void *state)
{
    tei *own = state;
    server__embedding_free(&own->embedding);
    server__inputs_free(&own->inputs);
    json_decref(own->json);
    free(own);
}

static bool invalid(server__request *request, const char *name, const char *message)
{
    server__fail(request, 422, "invalid_input", name, "%s", message);
    return false;
}

/* The state of a request with its body read; NULL when it is answered. */
static tei *begin(server__request *request, const char *task, const char *param)
{
    json_t *json = server__choose_embedding(request, NULL) ? server__json_body(request) : NULL;
    if (!json) return NULL;
    tei *own = calloc(1, sizeof *own);
    if (!own) {
        json_decref(json);
        server__fail_memory(request);
        return NULL;
    }
    own->json = json;
    own->embedding.param = param;
    request->state = own;
    request->free_state = tei_free;
    request->task = task;
    return own;
}

/* Where all is read: the vectors, then `then`. */
static void embed(server__request *request, tei *own, server__step then)
{
    own->embedding.inputs = own->inputs.list;
    own->embedding.count = own->inputs.count;
    server__embed(request, &own->embedding, then);
}

/* ---- /embed ---------------------------------------------------------------------------------- */

static void embed_finish(server__request *request)
{
    const tei *own = request->state;
    const server__embedding *e = &own->embedding;
    const size_t dims = (size_t)e->options.dims;
    server__text out = {0};
    server__text_reserve(&out, e->count * (dims * SERVER__FLOAT_SIZE + 4) + 4);
    for (size_t i = 0; i < e->count; i++) {
        server__text_string(&out, i ? "," : "[");
        server__json_floats(&out, e->inputs[i].vector, dims);
    }
    server__text_string(&out, "]");
    server__answer_json(request, 200, &out);
}

static void embed_all_finish(server__request *request)
{
    const tei *own = request->state;
    const server__embedding *e = &own->embedding;
    const size_t dims = (size_t)e->options.dims;
    server__text out = {0};
    for (size_t i = 0; i < e->count; i++) {
        server__text_string(&out, i ? ",[" : "[[");
        for (size_t t = 0; t < e->inputs[i].tokens; t++) {
            if (t) server__text_string(&out, ",");
            server__json_floats(&out, e->inputs[i].vector + t * dims, dims);
        }
        server__text_string(&out, "]");
    }
    server__text_string(&out, "]");
    server__answer_json(request, 200, &out);
}

static void embed_all_handle(server__request *request)
{
    tei *own = begin(request, "embedding", "inputs");
    const char *prompt = NULL;
    if (!own) return;
    const json_t *inputs = json_object_get(own->json, "inputs");
    if (!inputs) {
        invalid(request, "inputs", "missing field `inputs`");
        return;
    }
    own->embedding.options.pooling = GTE_POOLING_NONE;
    own->embedding.number_size = SERVER__FLOAT_SIZE;
    if (server__inputs_truncation(request, own->json, &own->embedding.flags) &&
        server__json_get_string(request, own->json, "prompt_name", &prompt, NULL) &&
        server__inputs_take(request, &own->inputs, "inputs", inputs) &&
        server__inputs_prompt(request, &own->inputs, prompt))
        embed(request, own, embed_all_finish);
}

static void embed_handle(server__request *request)
{
    tei *own = begin(request, "embedding", "inputs");
    if (!own) return;
    const json_t *inputs = json_object_get(own->json, "inputs");
    const char *prompt = NULL;
    bool normalize = true;
    int64_t dims = 0;
    if (!inputs) {
        invalid(request, "inputs", "missing field `inputs`");
        return;
    }
    if (!server__inputs_truncation(request, own->json, &own->embedding.flags) ||
        !server__json_get_string(request, own->json, "prompt_name", &prompt, NULL) ||
        !server__json_get_bool(request, own->json, "normalize", &normalize) ||
        !server__json_get_int(request, own->json, "dimensions", 1,
                              request->choice->model->info.hidden_size, &dims) ||
        !server__inputs_take(request, &own->inputs, "inputs", inputs) ||
        !server__inputs_prompt(request, &own->inputs, prompt))
        return;
    own->embedding.options.dims = (int)dims;
    own->embedding.options.no_normalize = !normalize;
    own->embedding.number_size = SERVER__FLOAT_SIZE;
    embed(request, own, embed_finish);
}

/* ---- one text against others ----------------------------------------------------------------- */

/* own->inputs: `first`, then the strings of `list`, which errors call `name`. */
static bool take_one_and_list(server__request *request, tei *own, const char *first_name,
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
    const tei *own = request->state;
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
    tei *own = begin(request, "similarity", "inputs");
    if (!own) return;
    const json_t *inputs = json_object_get(own->json, "inputs");
    const json_t *parameters = json_object_get(own->json, "parameters");
    const char *prompt = NULL;
    if (!json_is_object(inputs)) {
        invalid(request, "inputs", "`inputs` must have `source_sentence` and `sentences`");
        return;
    }
    if (parameters && !json_is_object(parameters) && !json_is_null(parameters)) {
        invalid(request, "parameters", "`parameters` must be an object");
        return;
    }
    if (!server__inputs_truncation(request, parameters, &own->embedding.flags) ||
        !server__json_get_string(request, parameters, "prompt_name", &prompt, NULL) ||
        !take_one_and_list(request, own, "source_sentence",
                           json_object_get(inputs, "source_sentence"), "sentences",
                           json_object_get(inputs, "sentences")) ||
        !server__inputs_prompt(request, &own->inputs, prompt))
        return;
    embed(request, own, similarity_finish);
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

static void rerank_finish(server__request *request)
{
    const tei *own = request->state;
    const server__embedding *e = &own->embedding;
    const size_t n = e->count - 1;
    ranked *order = malloc(n * sizeof *order);
    server__text out = {0};
    if (!order) {
        server__fail_memory(request);
        return;
    }
    for (size_t i = 0; i < n; i++) order[i] = (ranked){i, score_of(e, i)};
    qsort(order, n, sizeof *order, by_score);
    for (size_t i = 0; i < n; i++) {
        const server__input *text = &e->inputs[order[i].index + 1];
        server__text_printf(&out, "%s{\"index\":%zu,\"score\":", i ? "," : "[", order[i].index);
        server__json_float(&out, order[i].score);
        if (own->return_text) {
            server__text_string(&out, ",\"text\":");
            server__json_string(&out, text->data, text->size);
        }
        server__text_string(&out, "}");
    }
    server__text_string(&out, "]");
    free(order);
    server__answer_json(request, 200, &out);
}

/* Scores are cosines, of an embedding model. raw_scores changes nothing then. */
static void rerank_handle(server__request *request)
{
    tei *own = begin(request, "rerank", "texts");
    if (!own) return;
    if (!server__inputs_truncation(request, own->json, &own->embedding.flags) ||
        !server__json_get_bool(request, own->json, "return_text", &own->return_text) ||
        !server__json_get_bool(request, own->json, "raw_scores", &own->raw_scores) ||
        !take_one_and_list(request, own, "query", json_object_get(own->json, "query"), "texts",
                           json_object_get(own->json, "texts")))
        return;
    embed(request, own, rerank_finish);
}

/* ---- /info ----------------------------------------------------------------------------------- */

/* What TEI's own /info says of a model: by what it is for here. */
static void write_type(server__text *out, const server__choice *choice)
{
    const gte_head_info *head = &choice->head_info;
    if (!choice->head || head->kind != GTE_HEAD_SEQUENCE) {
        server__text_printf(out, "{\"embedding\":{\"pooling\":\"%s\"}}",
                            choice->model->info.pooling == GTE_POOLING_CLS ? "cls" : "mean");
        return;
    }
    const char *kind = head->labels == 1 ? "reranker" : "classifier";
    server__text_printf(out, "{\"%s\":{\"id2label\":{", kind);
    for (int i = 0; i < head->labels; i++) {
        server__text_printf(out, "%s\"%d\":", i ? "," : "", i);
        server__json_c_string(out, gte_head_label(choice->head, i));
    }
    server__text_string(out, "},\"label2id\":{");
    for (int i = 0; i < head->labels; i++) {
        if (i) server__text_string(out, ",");
        server__json_c_string(out, gte_head_label(choice->head, i));
        server__text_printf(out, ":%d", i);
    }
    server__text_string(out, "}}}");
}

static void info_handle(server__request *request)
{
    if (!server__choose_tokenizer(request)) return;
    const server__service *service = request->service;
    const server__settings *settings = &service->settings;
    const server__limits *limits = &service->limits;
    const server__choice *choice = request->choice;
    const gte_model_info *info = &choice->model->info;
    const char *source = gte_model_meta(choice->model->model, "name");
    server__text out = {0};
    server__text_string(&out, "{\"model_id\":");
    server__json_c_string(&out, source ? source : choice->name);
    server__text_printf(&out, ",\"model_sha\":\"%s\",\"model_dtype\":\"%s\",\"served_model_name\":",
                        info->sha256, strcmp(info->dtype, "f32") == 0 ? "float32" : info->dtype);
    server__json_c_string(&out, choice->name);
    server__text_string(&out, ",\"model_type\":");
    write_type(&out, choice);
    server__text_printf(
        &out,
        ",\"max_concurrent_requests\":%d,"
        "\"max_input_length\":%d,\"max_batch_tokens\":%d,\"max_batch_requests\":null,"
        "\"max_client_batch_size\":%d,\"auto_truncate\":%s,\"tokenization_workers\":%d,"
        "\"version\":\"%s\",\"sha\":null,\"docker_label\":null}",
        limits->queue_items, info->max_tokens,
        settings->batch_tokens ? settings->batch_tokens : 1024, limits->max_items,
        limits->auto_truncate ? "true" : "false", settings->http_threads, gte_version());
    server__answer_json(request, 200, &out);
}

const server__route server__tei_routes[] = {
    {"POST", "/embed", embed_handle, SERVER__TEI, 0, 0},
    {"POST", "/embed_all", embed_all_handle, SERVER__TEI, 0, 0},
    {"POST", "/", embed_handle, SERVER__TEI, 0, 0},
    {"POST", "/similarity", similarity_handle, SERVER__TEI, 0, 0},
    {"POST", "/rerank", rerank_handle, SERVER__TEI, 0, 0},
    {"GET", "/info", info_handle, SERVER__TEI, 0, 0},
    {0},
};
