/* OpenAI's API: POST /v1/embeddings, GET /v1/models. */
#include <stdlib.h>
#include <string.h>

#include "server/choose.h"
#include "server/inputs.h"
#include "server/json_in.h"
#include "server/json_out.h"
#include "server/routes.h"
#include "server/service.h"

typedef struct embeddings {
    json_t *json; /* the body; texts stay in it */
    server__inputs inputs;
    server__embedding embedding;
    bool base64;
} embeddings;

static void embeddings_free(void *state)
{
    embeddings *own = state;
    server__embedding_free(&own->embedding);
    json_decref(own->json);
    server__inputs_free(&own->inputs);
    free(own);
}

static bool take_options(server__request *request, embeddings *own)
{
    const char *format = "float", *model = NULL, *ignored = NULL;
    int64_t dims = 0;
    if (!server__json_get_string(request, own->json, "encoding_format", &format, NULL) ||
        !server__json_get_string(request, own->json, "model", &model, NULL) ||
        !server__json_get_string(request, own->json, "user", &ignored, NULL) ||
        !server__choose_embedding(request, model) ||
        !server__inputs_truncation(request, own->json, &own->embedding.flags) ||
        !server__json_get_int(request, own->json, "dimensions", 1,
                              request->choice->model->info.hidden_size, &dims))
        return false;
    own->base64 = strcmp(format, "base64") == 0;
    own->embedding.options.dims = (int)dims;
    own->embedding.number_size = own->base64 ? 6 : SERVER__FLOAT_SIZE;
    if (own->base64 || strcmp(format, "float") == 0) return true;
    server__fail(request, 400, "invalid_value", "encoding_format",
                 "Invalid value for 'encoding_format' = %.40s. Supported values: "
                 "['float', 'base64'].",
                 format);
    return false;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void embeddings_finish(server__request *request)
{
    const embeddings *own = request->state;
    const server__embedding *e = &own->embedding;
    size_t dims = (size_t)e->options.dims;
    server__text out = {0};
    server__text_reserve(&out, e->count * (dims * e->number_size + 64) + 256);
    server__text_string(&out, "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < e->count; i++) {
        server__text_printf(
            &out, "%s{\"object\":\"embedding\",\"index\":%zu,\"embedding\":", i ? "," : "", i);
        if (own->base64)
            server__json_base64(&out, e->inputs[i].vector, dims);
        else
            server__json_floats(&out, e->inputs[i].vector, dims);
        server__text_string(&out, "}");
    }
    server__text_string(&out, "],\"model\":");
    server__json_c_string(&out, request->choice->name);
    server__text_printf(&out, ",\"usage\":{\"prompt_tokens\":%zu,\"total_tokens\":%zu}}",
                        request->tokens, request->tokens);
    server__answer_json(request, 200, &out);
}

static void embeddings_handle(server__request *request)
{
    json_t *json = server__json_body(request);
    if (!json) return;
    embeddings *own = calloc(1, sizeof *own);
    if (!own) {
        json_decref(json);
        server__fail_memory(request);
        return;
    }
    own->json = json;
    own->embedding.param = "input";
    request->state = own;
    request->free_state = embeddings_free;
    request->task = "embedding";
    const json_t *input = json_object_get(json, "input");
    if (!input) {
        server__fail(request, 400, "invalid_input", "input", "'input' is missing");
        return;
    }
    if (!take_options(request, own) || !server__inputs_take(request, &own->inputs, "input", input))
        return;
    own->embedding.inputs = own->inputs.list;
    own->embedding.count = own->inputs.count;
    server__embed(request, &own->embedding, embeddings_finish);
}

static void write_model(server__text *out, const server__service *service,
                        const server__choice *choice)
{
    size_t count = 0;
    server__text_string(out, "{\"id\":");
    server__json_c_string(out, choice->name);
    server__text_printf(out, ",\"object\":\"model\",\"created\":%lld,\"owned_by\":\"gte\",",
                        (long long)service->started.tv_sec);
    server__text_printf(out, "\"embedding\":%s,\"tasks\":[", choice->embeds ? "true" : "false");
    for (gte_task task = GTE_TASK_NER; task <= GTE_TASK_QA; task++)
        if (choice->tasks & GTE_TASK_BIT(task))
            server__text_printf(out, "%s\"%s\"", count++ ? "," : "", gte_task_name(task));
    server__text_string(out, "],\"default_for\":[");
    count = 0;
    for (gte_task task = GTE_TASK_NER; task <= GTE_TASK_QA; task++)
        if (service->models.of_task[task] == choice)
            server__text_printf(out, "%s\"%s\"", count++ ? "," : "", gte_task_name(task));
    server__text_string(out, "]}");
}

static void models(server__request *request)
{
    const server__service *service = request->service;
    server__text out = {0};
    server__text_string(&out, "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < service->models.count; i++) {
        if (i) server__text_string(&out, ",");
        write_model(&out, service, service->models.choices[i]);
    }
    server__text_string(&out, "]}");
    server__answer_json(request, 200, &out);
}

const server__route server__openai_routes[] = {
    {"POST", "/v1/embeddings", embeddings_handle, SERVER__OPENAI, 0, 0},
    {"GET", "/v1/models", models, SERVER__OPENAI, 0, 0},
    {0},
};
