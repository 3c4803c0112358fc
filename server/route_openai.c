/* OpenAI's API: POST /v1/embeddings, GET /v1/models. */
#include <stdlib.h>
#include <string.h>

#include "server/embed.h"
#include "server/json_in.h"
#include "server/json_out.h"
#include "server/routes.h"
#include "server/service.h"

typedef struct embeddings {
    json_t *json; /* the body; texts stay in it */
    server__embedding embedding;
    int32_t *ids; /* of inputs that are token ids, back to back */
    bool base64;
} embeddings;

static void embeddings_free(void *state)
{
    embeddings *own = state;
    server__embedding_free(&own->embedding);
    json_decref(own->json);
    free(own->embedding.inputs);
    free(own->ids);
    free(own);
}

static bool wrong(server__request *request, const char *message)
{
    server__fail(request, 400, "invalid_input", "input", "%s", message);
    return false;
}

/* ---- the input: a string, strings, ids, or lists of ids -------------------------------------- */

static bool take_string(server__request *request, server__input *input, const json_t *value)
{
    input->data = json_string_value(value);
    input->size = json_string_length(value);
    return input->size ? true : wrong(request, "'input' must not hold an empty string");
}

static bool wrong_shape(server__request *request)
{
    return wrong(request, "'input' must be a string, a list of strings, a list of token ids or a "
                          "list of such lists, none of them empty");
}

/* A list of whole numbers; *next is where the ids go, and moves. */
static bool take_id_list(server__request *request, server__input *input, const json_t *list,
                         int32_t **next)
{
    size_t i;
    json_t *value;
    if (!json_is_array(list) || json_array_size(list) == 0) return wrong_shape(request);
    input->ids = *next;
    input->id_count = json_array_size(list);
    json_array_foreach(list, i, value)
    {
        json_int_t id = json_integer_value(value);
        if (!json_is_integer(value) || id < 0 || id > INT32_MAX)
            return wrong(request, "token ids must be whole numbers from 0");
        *(*next)++ = (int32_t)id;
    }
    return true;
}

static size_t count_ids(const json_t *list)
{
    size_t i, total = 0;
    json_t *value;
    json_array_foreach(list, i, value) total += json_is_array(value) ? json_array_size(value) : 1;
    return total;
}

static bool take_inputs(server__request *request, embeddings *own, const json_t *input)
{
    server__embedding *e = &own->embedding;
    size_t i, most = (size_t)request->service->settings.max_items;
    json_t *value;
    bool list = json_is_array(input), flat = list && json_is_integer(json_array_get(input, 0));
    if (!list && !json_is_string(input)) return wrong_shape(request);
    e->count = list && !flat ? json_array_size(input) : 1;
    if (e->count == 0) return wrong(request, "'input' must not be an empty list");
    if (e->count > most) {
        server__fail(request, 400, "too_many_inputs", "input",
                     "%zu inputs, at most %zu in one request (--max-items)", e->count, most);
        return false;
    }
    e->inputs = calloc(e->count, sizeof *e->inputs);
    own->ids = list ? malloc((count_ids(input) + 1) * sizeof *own->ids) : NULL;
    if (!e->inputs || (list && !own->ids)) return wrong(request, "out of memory");
    int32_t *next = own->ids;
    if (!list) return take_string(request, e->inputs, input);
    if (flat) return take_id_list(request, e->inputs, input, &next);
    json_array_foreach(input, i, value)
    {
        bool good = json_is_string(value) ? take_string(request, &e->inputs[i], value)
                                          : take_id_list(request, &e->inputs[i], value, &next);
        if (!good) return false;
    }
    return true;
}

static bool take_options(server__request *request, embeddings *own)
{
    const char *format = "float", *ignored = NULL;
    int64_t dims = 0;
    bool truncate = request->service->settings.truncate;
    if (!server__json_get_string(request, own->json, "encoding_format", &format, NULL) ||
        !server__json_get_string(request, own->json, "model", &ignored, NULL) ||
        !server__json_get_string(request, own->json, "user", &ignored, NULL) ||
        !server__json_get_bool(request, own->json, "truncate", &truncate) ||
        !server__json_get_int(request, own->json, "dimensions", 1,
                              request->service->info.hidden_size, &dims))
        return false;
    own->base64 = strcmp(format, "base64") == 0;
    own->embedding.options.dims = (int)dims;
    own->embedding.flags = truncate ? 0 : GTE_NO_TRUNCATE;
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
    server__text_reserve(&out, e->count * (dims * (own->base64 ? 6 : 13) + 64) + 256);
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
    server__json_c_string(&out, request->service->model_name);
    server__text_printf(&out, ",\"usage\":{\"prompt_tokens\":%zu,\"total_tokens\":%zu}}",
                        request->tokens, request->tokens);
    server__answer_json(request, 200, &out);
}

static void embeddings_handle(server__request *request)
{
    json_t *json = server__json_body(request);
    embeddings *own = json ? calloc(1, sizeof *own) : NULL;
    if (!own) {
        json_decref(json);
        if (json) wrong(request, "out of memory");
        return;
    }
    own->json = json;
    own->embedding.param = "input";
    request->state = own;
    request->free_state = embeddings_free;
    request->task = "embedding";
    const json_t *input = json_object_get(json, "input");
    if (!input) {
        wrong(request, "'input' is missing");
        return;
    }
    if (take_options(request, own) && take_inputs(request, own, input))
        server__embed(request, &own->embedding, embeddings_finish);
}

static void models(server__request *request)
{
    const server__service *service = request->service;
    server__text out = {0};
    server__text_string(&out, "{\"object\":\"list\",\"data\":[{\"id\":");
    server__json_c_string(&out, service->model_name);
    server__text_printf(&out, ",\"object\":\"model\",\"created\":%lld,\"owned_by\":\"gte\"}]}",
                        (long long)service->started.tv_sec);
    server__answer_json(request, 200, &out);
}

const server__route server__openai_routes[] = {
    {"POST", "/v1/embeddings", embeddings_handle, SERVER__OPENAI, 0, 0},
    {"GET", "/v1/models", models, SERVER__OPENAI, 0, 0},
    {0},
};
