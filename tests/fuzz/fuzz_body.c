/* The JSON bodies of the server's requests: any bytes through the strict reader, the getters and
 * the inputs that OpenAI and TEI allow, with error answers written in each family's shape.
 *
 * The network is left out: what the handlers call of it (server__answer, server__header) is here,
 * and keeps the answer only to see that it is one, and JSON. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/errors.h"
#include "server/inputs.h"
#include "server/json_in.h"
#include "server/json_out.h"
#include "server/routes.h"
#include "server/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned answers;

void server__answer(server__request *request, int status, const char *type, char *body, size_t size)
{
    json_error_t error;
    (void)type;
    answers++;
    request->status = status;
    json_t *json = json_loadb(body, size, JSON_DECODE_ANY, &error);
    assert(json && "an answer that is no JSON");
    json_decref(json);
    free(body);
}

void server__answer_constant(server__request *request, int status, const char *type,
                             const char *body, size_t size)
{
    (void)type, (void)body, (void)size;
    answers++;
    request->status = status;
}

void server__answer_header(server__request *request, const char *name, const char *value)
{
    (void)request, (void)name, (void)value;
}

const char *server__header(const server__request *request, const char *name)
{
    (void)request, (void)name;
    return NULL;
}

/* Every id and text that was taken can be read, and all of it comes back as JSON. */
static size_t read_all(const server__inputs *inputs)
{
    size_t sum = 0;
    server__text out = {0};
    for (size_t i = 0; i < inputs->count; i++) {
        const server__input *input = &inputs->list[i];
        for (size_t j = 0; j < input->id_count; j++) sum += (size_t)input->ids[j];
        if (!input->ids) server__json_string(&out, input->data, input->size);
    }
    sum += out.size;
    server__text_free(&out);
    return sum;
}

static void read_fields(server__request *request, const json_t *json)
{
    const char *text = "";
    size_t size = 0;
    int64_t number = 7;
    bool on = false;
    double real = 0;
    if (server__json_get_string(request, json, "model", &text, &size) &&
        server__json_get_int(request, json, "dimensions", 1, 64, &number) &&
        server__json_get_bool(request, json, "truncate", &on) &&
        server__json_get_real(request, json, "temperature", &real))
        assert(strlen(text) == size && number >= 1 && number <= 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static server__service service;
    if (size == 0) return 0;
    const server__route route = {.method = "POST",
                                 .path = "/",
                                 .shape = data[0] % 3u == 0   ? SERVER__PLAIN
                                          : data[0] % 3u == 1 ? SERVER__OPENAI
                                                              : SERVER__TEI};
    char *body = malloc(size); /* one byte less and a NUL, as the server has it */
    assert(body);
    memcpy(body, data + 1, size - 1);
    body[size - 1] = '\0';
    server__request request = {.method = "POST",
                               .path = "/",
                               .body = body,
                               .body_size = size - 1,
                               .id = "fuzz",
                               .route = &route,
                               .service = &service};
    service.settings.max_items = 64;
    answers = 0;
    json_t *json = server__json_body(&request);
    assert(json ? answers == 0 : answers == 1);
    if (json) {
        server__inputs inputs = {0};
        const json_t *input = json_object_get(json, data[0] & 4u ? "inputs" : "input");
        if (input && server__inputs_take(&request, &inputs, "input", input)) {
            assert(answers == 0 && inputs.count >= 1 && inputs.count <= 64);
            assert(read_all(&inputs) < SIZE_MAX);
        } else {
            assert(answers == (input ? 1u : 0u));
        }
        answers = 0;
        read_fields(&request, json);
        assert(answers <= 1);
        server__inputs_free(&inputs);
        json_decref(json);
    }
    free(body);
    return 0;
}
