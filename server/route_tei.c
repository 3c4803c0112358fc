/* TEI's API (Hugging Face's text-embeddings-inference): /embed, /embed_all, /info, and POST / as
 * Hugging Face's clients call an endpoint. /similarity and /rerank are route_rank.c's, /tokenize
 * and /decode route_tokens.c's, /predict route_classify.c's. */
#include <stdlib.h>
#include <string.h>

#include "server/choose.h"
#include "server/inputs.h"
#include "server/json_in.h"
#include "server/json_out.h"
#include "server/routes.h"
#include "server/service.h"
#include "server/tei.h"

static void tei_free(void *state)
{
    server__tei *own = state;
    server__embedding_free(&own->embedding);
    server__inference_free(&own->inference);
    free(own->pairs);
    server__inputs_free(&own->inputs);
    json_decref(own->json);
    free(own);
}

bool server__tei_invalid(server__request *request, const char *name, const char *message)
{
    server__fail(request, 422, "invalid_input", name, "%s", message);
    return false;
}

server__tei *server__tei_begin(server__request *request, const char *task, const char *param)
{
    json_t *json = server__json_body(request);
    if (!json) return NULL;
    server__tei *own = calloc(1, sizeof *own);
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

void server__tei_embed(server__request *request, server__tei *own, server__step then)
{
    own->embedding.inputs = own->inputs.list;
    own->embedding.count = own->inputs.count;
    server__embed(request, &own->embedding, then);
}

/* ---- /embed ---------------------------------------------------------------------------------- */

static void embed_finish(server__request *request)
{
    const server__tei *own = request->state;
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
    const server__tei *own = request->state;
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
    server__tei *own = server__tei_begin(request, "embedding", "inputs");
    const char *prompt = NULL;
    if (!own || !server__choose_embedding(request, NULL)) return;
    const json_t *inputs = json_object_get(own->json, "inputs");
    if (!inputs) {
        server__tei_invalid(request, "inputs", "missing field `inputs`");
        return;
    }
    own->embedding.options.pooling = GTE_POOLING_NONE;
    own->embedding.number_size = SERVER__FLOAT_SIZE;
    if (server__inputs_truncation(request, own->json, &own->embedding.flags) &&
        server__json_get_string(request, own->json, "prompt_name", &prompt, NULL) &&
        server__inputs_take(request, &own->inputs, "inputs", inputs) &&
        server__inputs_prompt(request, &own->inputs, prompt))
        server__tei_embed(request, own, embed_all_finish);
}

static void embed_handle(server__request *request)
{
    server__tei *own = server__tei_begin(request, "embedding", "inputs");
    if (!own || !server__choose_embedding(request, NULL)) return;
    const json_t *inputs = json_object_get(own->json, "inputs");
    const char *prompt = NULL;
    bool normalize = true;
    int64_t dims = 0;
    if (!inputs) {
        server__tei_invalid(request, "inputs", "missing field `inputs`");
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
    server__tei_embed(request, own, embed_finish);
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
    {"GET", "/info", info_handle, SERVER__TEI, 0, 0},
    {0},
};
