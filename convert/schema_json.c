/* Nested JSON objects to a list of nodes, parents before children. */
#include "convert/schema_json.h"

#include <string.h>

#include "base/status.h"
#include "convert/json.h"

static gte_status add_node(convert__schema *out, const char *name, int parent, gte_error *err)
{
    if (out->count == GTE_SCHEMA_NODES_MAX)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "the schema has more than %d types",
                         GTE_SCHEMA_NODES_MAX);
    out->nodes[out->count++] = (gte_schema_node){name, parent};
    return GTE_OK;
}

static gte_status add_names(convert__schema *out, const json_t *list, int parent, gte_error *err)
{
    size_t i;
    const json_t *name;
    json_array_foreach(list, i, name)
    {
        const char *text = json_string_value(name);
        if (!text || strlen(text) != json_string_length(name))
            return gte__fail(err, GTE_E_ARGUMENT, i, "a list in the schema holds what is no name");
        gte_status status = add_node(out, text, parent, err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}

/* Depth first. */
static gte_status add_level(convert__schema *out, const json_t *json, int parent, int depth,
                            gte_error *err)
{
    const char *name;
    json_t *value;
    gte_status status = GTE_OK;
    if (json_is_null(json)) return GTE_OK;
    if (depth == GTE_SCHEMA_DEPTH_MAX && json_object_size(json) + json_array_size(json))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "the schema is deeper than %d",
                         GTE_SCHEMA_DEPTH_MAX);
    if (json_is_array(json)) return add_names(out, json, parent, err);
    if (!json_is_object(json))
        return gte__fail(err, GTE_E_ARGUMENT, 0,
                         "a schema is a JSON object of types; below each another, or null");
    json_object_foreach((json_t *)(uintptr_t)json, name, value)
    {
        const int own = (int)out->count;
        status = add_node(out, name, parent, err);
        if (status == GTE_OK) status = add_level(out, value, own, depth + 1, err);
        if (status != GTE_OK) return status;
    }
    return status;
}

gte_status convert__schema_of(const json_t *json, convert__schema *out, gte_error *err)
{
    out->count = 0;
    if (json_is_null(json) || (!json_is_object(json) && !json_is_array(json)))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "a schema is a JSON object of types");
    gte_status status = add_level(out, json, -1, 0, err);
    if (status == GTE_OK && !out->count)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "the schema names no type");
    return status;
}

gte_status convert__schema_parse(const char *text, size_t size, json_t **json, convert__schema *out,
                                 gte_error *err)
{
    const char *start = text;
    while (start < text + size && strchr(" \t\r\n", *start) && *start) start++;
    const bool list = start < text + size && *start == '[';
    gte_status status =
        convert__json_parse(json, "the schema", text, size, list ? CONVERT__JSON_ARRAY : 0, err);
    return status == GTE_OK ? convert__schema_of(*json, out, err) : status;
}
