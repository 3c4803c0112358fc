/* Inputs of a request, read from its JSON. */
#include "server/inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/errors.h"
#include "server/json_in.h"
#include "server/routes.h"
#include "server/service.h"

static bool empty(server__request *request, const char *name)
{
    server__fail(request, 400, "invalid_input", name,
                 request->route->shape == SERVER__TEI
                     ? "Input validation error: `%s` cannot be empty"
                     : "'%s' must not be empty, nor hold an empty string or list",
                 name);
    return false;
}

static bool wrong_shape(server__request *request, const char *name)
{
    server__fail(request, server__invalid(request), "invalid_input", name,
                 "'%s' must be a string, a list of strings, a list of token ids or a list of such "
                 "lists",
                 name);
    return false;
}

static bool take_string(server__request *request, const char *name, server__input *input,
                        const json_t *value)
{
    input->data = json_string_value(value);
    input->size = json_string_length(value);
    return input->size ? true : empty(request, name);
}

/* A list of whole numbers; *next is where the ids go, and moves. */
static bool take_id_list(server__request *request, const char *name, server__input *input,
                         const json_t *list, int32_t **next)
{
    size_t i;
    json_t *value;
    if (!json_is_array(list)) return wrong_shape(request, name);
    if (json_array_size(list) == 0) return empty(request, name);
    input->ids = *next;
    input->id_count = json_array_size(list);
    json_array_foreach(list, i, value)
    {
        json_int_t id = json_integer_value(value);
        if (!json_is_integer(value) || id < 0 || id > INT32_MAX) {
            server__fail(request, server__invalid(request), "invalid_input", name,
                         "token ids must be whole numbers from 0");
            return false;
        }
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

bool server__inputs_fit(server__request *request, const char *name, size_t count)
{
    const size_t most = (size_t)request->service->limits.max_items;
    if (count <= most) return true;
    server__fail(request, server__invalid(request), "too_many_inputs", name,
                 "batch size %zu > maximum allowed batch size %zu (--max-items)", count, most);
    return false;
}

bool server__inputs_take(server__request *request, server__inputs *inputs, const char *name,
                         const json_t *value)
{
    const bool list = json_is_array(value);
    const bool flat = list && json_is_integer(json_array_get(value, 0));
    size_t i;
    json_t *each;
    if (!list && !json_is_string(value)) return wrong_shape(request, name);
    inputs->count = list && !flat ? json_array_size(value) : 1;
    if (inputs->count == 0) return empty(request, name);
    if (!server__inputs_fit(request, name, inputs->count)) return false;
    inputs->list = calloc(inputs->count, sizeof *inputs->list);
    inputs->ids = list ? malloc((count_ids(value) + 1) * sizeof *inputs->ids) : NULL;
    if (!inputs->list || (list && !inputs->ids)) return server__fail_memory(request);
    int32_t *next = inputs->ids;
    if (!list) return take_string(request, name, inputs->list, value);
    if (flat) return take_id_list(request, name, inputs->list, value, &next);
    json_array_foreach(value, i, each)
    {
        bool good = json_is_string(each)
                        ? take_string(request, name, &inputs->list[i], each)
                        : take_id_list(request, name, &inputs->list[i], each, &next);
        if (!good) return false;
    }
    return true;
}

bool server__inputs_prompt(server__request *request, server__inputs *inputs, const char *prompt)
{
    char key[80];
    if (!prompt) return true;
    int length = snprintf(key, sizeof key, "prompt.%s", prompt);
    const char *text =
        length < (int)sizeof key ? gte_model_meta(request->choice->model->model, key) : NULL;
    if (!text) {
        server__fail(request, server__invalid(request), "unknown_prompt", "prompt_name",
                     "this model has no prompt named '%.60s'", prompt);
        return false;
    }
    const size_t before = strlen(text);
    size_t total = 1;
    for (size_t i = 0; i < inputs->count; i++) total += before + inputs->list[i].size;
    char *at = inputs->prompted = malloc(total);
    if (!at) return server__fail_memory(request);
    for (size_t i = 0; i < inputs->count; i++) {
        server__input *input = &inputs->list[i];
        if (input->ids) continue;
        memcpy(at, text, before);
        memcpy(at + before, input->data, input->size);
        input->data = at;
        input->size += before;
        at += input->size;
    }
    return true;
}

bool server__inputs_truncation(server__request *request, const json_t *object, unsigned *flags)
{
    bool truncate = request->service->limits.auto_truncate;
    const char *direction = "right";
    if (!server__json_get_bool(request, object, "truncate", &truncate) ||
        !server__json_get_string(request, object, "truncation_direction", &direction, NULL))
        return false;
    *flags = truncate ? 0 : GTE_NO_TRUNCATE;
    if (strcmp(direction, "right") == 0 || strcmp(direction, "Right") == 0) return true;
    server__fail(request, server__invalid(request), "invalid_input", "truncation_direction",
                 "this server cuts texts on the right only ('truncation_direction')");
    return false;
}

void server__inputs_free(server__inputs *inputs)
{
    free(inputs->list);
    free(inputs->ids);
    free(inputs->prompted);
    *inputs = (server__inputs){0};
}
