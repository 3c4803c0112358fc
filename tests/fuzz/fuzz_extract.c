/* Schemas and texts of any bytes through extraction and its JSON, on the small model with a head
 * that often points. The first two bytes choose task, flags and windows; then a byte for the
 * number of types, for each its parent and a name up to a NUL, or from 128 on a schema as JSON up
 * to a NUL; the rest is the text. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "convert/convert.h"
#include "convert/schema_json.h"
#include "gte_task.h"
#include "handle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TYPES = 7, TEXT = 160 };

static gte_model *model;
static gte_context *ctx;
static gte_result *result;
static gte__head_header header;
static gte_head head;

static void need(bool good)
{
    if (!good) abort();
}

static void prepare(void)
{
    static float bias[2] = {0.0f, 0.2f};
    char path[64];
    snprintf(path, sizeof path, "/tmp/fuzz_extract_%d.gte", (int)getpid());
    need(gte_convert("tests/golden/tiny", path, NULL, NULL) == GTE_OK);
    need(gte_model_open(&model, path, NULL, NULL) == GTE_OK);
    unlink(path);
    need(gte_context_create(&ctx, model, NULL, NULL) == GTE_OK);
    need(gte_result_create(&result, NULL) == GTE_OK);
    const uint32_t hidden = model->file.header->hidden_size;
    const size_t bytes = gte__panels_bytes(GTE__ELEMENT_F32, 2, hidden);
    float *weight = gte__block_alloc(bytes);
    need(weight != NULL);
    for (size_t i = 0; i < bytes / sizeof *weight; i++)
        weight[i] = (float)(i * 37 % 21) / 60 - 0.17f;
    header = (gte__head_header){
        .kind = GTE__HEAD_POINTER, .hidden_size = hidden, .labels = 2, .lower_layers = 1};
    head = (gte_head){.header = &header, .model = &model->file, .weight = weight, .bias = bias};
}

/* A result holds what it says: a tree of spans within the text, and JSON in both forms. */
static void check_result(const gte_text *text)
{
    gte_result_info info;
    gte_result_describe(result, &info, sizeof info);
    for (size_t i = 0; i < info.span_count; i++) {
        const gte_span *s = &info.spans[i];
        need(s->type && s->byte_start < s->byte_end && s->byte_end <= text->size);
        need(s->start < s->end && s->end <= s->byte_end && s->parent < (int)i);
    }
    for (unsigned flags = 0; flags <= GTE_JSON_RAW; flags++) {
        size_t size;
        need(gte_result_json(result, flags, NULL, 0, &size, NULL) == GTE_E_CAPACITY);
        char *out = malloc(size);
        need(out && gte_result_json(result, flags, out, size, &size, NULL) == GTE_OK);
        json_t *json = json_loadb(out, size, JSON_ALLOW_NUL, NULL);
        need(json != NULL);
        json_decref(json);
        free(out);
    }
}

/* Up to TYPES nodes from the bytes at *data. */
static size_t take_nodes(gte_schema_node *schema, size_t types, const uint8_t **data,
                         const uint8_t *end)
{
    size_t count = 0;
    while (count < types && end - *data > 1) {
        const uint8_t *name = *data + 1, *stop = memchr(name, 0, (size_t)(end - name));
        if (!stop) break;
        schema[count++] = (gte_schema_node){(const char *)name, (int)(**data % 10) - 2};
        *data = stop + 1;
    }
    return count;
}

/* The nodes of the JSON at *data; parents stand before their children. Few, as each costs time. */
static json_t *take_json(convert__schema *schema, const uint8_t **data, const uint8_t *end)
{
    const uint8_t *stop = memchr(*data, 0, (size_t)(end - *data));
    json_t *json = NULL;
    gte_error err;
    schema->count = 0;
    if (!stop) return NULL;
    const gte_status status =
        convert__schema_parse((const char *)*data, (size_t)(stop - *data), &json, schema, &err);
    need(status == GTE_OK ||
         ((status == GTE_E_ARGUMENT || status == GTE_E_FORMAT) && err.message[0]));
    if (status != GTE_OK) schema->count = 0;
    need(schema->count <= GTE_SCHEMA_NODES_MAX);
    for (size_t i = 0; i < schema->count; i++)
        need(schema->nodes[i].name && schema->nodes[i].parent < (int)i);
    if (schema->count > TYPES) schema->count = TYPES;
    *data = stop + 1;
    return json;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static convert__schema from_json;
    json_t *json = NULL;
    static const gte_task tasks[] = {GTE_TASK_NER, GTE_TASK_RELATION, GTE_TASK_EVENT,
                                     GTE_TASK_SENTIMENT};
    gte_schema_node schema[TYPES];
    gte_request request = GTE_REQUEST_INIT;
    if (!model) prepare();
    if (size < 3) return 0;
    const uint8_t *end = data + size;
    request.task = tasks[data[0] % 4];
    request.flags = (data[0] & 4 ? GTE_REPLACE_INVALID : 0) | (data[0] & 8 ? GTE_KEEP_LOGITS : 0) |
                    (data[0] & 16 ? GTE_SPECIAL_AS_TEXT : 0);
    request.window_tokens = data[1] % 64;
    request.stride_tokens = data[1] / 8;
    const uint8_t types = data[2];
    data += 3;
    if (types & 128) {
        json = take_json(&from_json, &data, end);
        request.schema = from_json.nodes;
        request.schema_count = from_json.count;
    } else {
        request.schema = schema;
        request.schema_count = take_nodes(schema, types % (TYPES + 1), &data, end);
    }
    request.text = (gte_text){(const char *)data, (size_t)(end - data), NULL, 0};
    if (request.text.size > TEXT) request.text.size = TEXT;
    gte_error err;
    const gte_status status = gte_predict(ctx, &head, &request, 1, &result, &err);
    need(status == GTE_OK || status == GTE_E_ARGUMENT || status == GTE_E_UTF8);
    if (status == GTE_OK) check_result(&request.text);
    json_decref(json);
    return 0;
}
