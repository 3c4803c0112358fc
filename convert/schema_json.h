/* Schemas of extraction as their users write them: JSON objects within each other.
 *
 *     {"人物": null, "组织机构": {"创始人(人物)": null, "总部地点(地理位置)": null}}
 *
 * Values are null or an object of what belongs to the type; a list of names stands for an object of
 * nulls. */
#ifndef CONVERT_SCHEMA_JSON_H
#define CONVERT_SCHEMA_JSON_H

#include <jansson.h>

#include "gte_task.h"

typedef struct convert__schema {
    gte_schema_node nodes[GTE_SCHEMA_NODES_MAX]; /* names lie in the JSON */
    size_t count;
} convert__schema;

/* Fills *out from a value that the caller keeps as long as the nodes are used. Names are checked by
 * gte_predict. Errors: GTE_E_ARGUMENT (no such object, too many or too deep). */
gte_status convert__schema_of(const json_t *json, convert__schema *out, gte_error *err);

/* The same from text; *json is released by the caller. */
gte_status convert__schema_parse(const char *text, size_t size, json_t **json, convert__schema *out,
                                 gte_error *err);

#endif
