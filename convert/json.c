/* The wall in front of jansson and the typed getters. */
#include "convert/json.h"

#include <stdio.h>
#include <string.h>

/* jansson recurses for every level and takes some 60 bytes for every value, however short, so depth
 * and number are checked before it sees the text: one pass over the bytes that knows only strings,
 * brackets and commas. Malformed text passes here and fails there. */
static gte_status check_shape(const char *file, const uint8_t *p, size_t size, gte_error *err)
{
    int depth = 0;
    size_t values = 1;
    bool string = false;
    for (size_t i = 0; i < size; i++) {
        if (string) {
            if (p[i] == '\\')
                i++;
            else if (p[i] == '"')
                string = false;
        } else if (p[i] == '"') {
            string = true;
        } else if (p[i] == '[' || p[i] == '{') {
            values++;
            if (++depth > CONVERT__JSON_MAX_DEPTH)
                return gte__fail(err, GTE_E_FORMAT, i,
                                 "%s: JSON nested deeper than %d levels at byte %zu", file,
                                 CONVERT__JSON_MAX_DEPTH, i);
        } else if (p[i] == ',') {
            values++;
        } else if (p[i] == ']' || p[i] == '}') {
            depth--;
        }
    }
    if (values > CONVERT__JSON_MAX_VALUES)
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: %zu values, more than the %u any model has",
                         file, values, CONVERT__JSON_MAX_VALUES);
    return GTE_OK;
}

gte_status convert__json_parse(json_t **out, const char *file, const void *data, size_t size,
                               unsigned flags, gte_error *err)
{
    *out = NULL;
    gte_status status = check_shape(file, data, size, err);
    if (status != GTE_OK) return status;
    json_error_t error;
    size_t options = JSON_REJECT_DUPLICATES;
    if (flags & CONVERT__JSON_BIG_NUMBERS) options |= JSON_DECODE_INT_AS_REAL;
    json_t *root = json_loadb(data, size, options, &error);
    if (!root && json_error_code(&error) == json_error_out_of_memory)
        return gte__fail(err, GTE_E_MEMORY, 0, "%s: out of memory while parsing", file);
    if (!root)
        return gte__fail(err, GTE_E_FORMAT, error.position > 0 ? (uint64_t)error.position : 0,
                         "%s: not valid JSON at line %d, column %d (byte %d): %.120s", file,
                         error.line, error.column, error.position, error.text);
    bool array = (flags & CONVERT__JSON_ARRAY) != 0;
    if (array ? !json_is_array(root) : !json_is_object(root)) {
        json_decref(root);
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: expected a JSON %s", file,
                         array ? "array" : "object");
    }
    *out = root;
    return gte__ok(err);
}

gte_status convert__json_load(json_t **out, const convert__source *source, const char *file,
                              unsigned flags, bool *found, gte_error *err)
{
    *out = NULL;
    convert__input input;
    gte_status status = convert__input_open(&input, source, file, CONVERT__TEXT_MAX, found, err);
    if (status != GTE_OK || (found && !*found)) return status;
    status = convert__json_parse(out, file, input.data, input.size, flags, err);
    convert__input_close(&input);
    return status;
}

const json_t *convert__json_get(const convert__object *object, const char *key)
{
    const json_t *value = json_object_get(object->json, key);
    return json_is_null(value) ? NULL : value;
}

/* A short description of a value for messages. */
static void describe(const json_t *value, char *out, size_t size)
{
    if (!value)
        snprintf(out, size, "nothing");
    else if (json_is_string(value))
        snprintf(out, size, "\"%.40s\"", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(out, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(out, size, "%.17g", json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(out, size, json_is_true(value) ? "true" : "false");
    else if (json_is_array(value))
        snprintf(out, size, "an array of %zu", json_array_size(value));
    else if (json_is_object(value))
        snprintf(out, size, "an object");
    else
        snprintf(out, size, "null");
}

gte_status convert__json_wrong(const convert__object *object, const char *key, const char *expected,
                               gte_error *err)
{
    char found[64];
    describe(json_object_get(object->json, key), found, sizeof found);
    return gte__fail(err, GTE_E_FORMAT, 0, "%s: %s%.80s: expected %s, found %s", object->file,
                     object->path, key, expected, found);
}

/* The part all getters share. True: *value is there to be read. False: *status is final. */
static bool fetch(const convert__object *object, const char *key, enum convert__need need,
                  const char *expected, const json_t **value, gte_status *status, gte_error *err)
{
    *value = convert__json_get(object, key);
    if (*value) return true;
    *status = need == CONVERT__REQUIRED ? convert__json_wrong(object, key, expected, err) : GTE_OK;
    return false;
}

gte_status convert__json_bool(const convert__object *object, const char *key,
                              enum convert__need need, bool *out, gte_error *err)
{
    const json_t *value;
    gte_status status;
    if (!fetch(object, key, need, "true or false", &value, &status, err)) return status;
    if (!json_is_boolean(value)) return convert__json_wrong(object, key, "true or false", err);
    *out = json_is_true(value);
    return GTE_OK;
}

gte_status convert__json_uint(const convert__object *object, const char *key,
                              enum convert__need need, uint64_t min, uint64_t max, uint64_t *out,
                              gte_error *err)
{
    char expected[80];
    snprintf(expected, sizeof expected, "an integer from %llu to %llu", (unsigned long long)min,
             (unsigned long long)max);
    const json_t *value;
    gte_status status;
    if (!fetch(object, key, need, expected, &value, &status, err)) return status;
    json_int_t n = json_integer_value(value); /* 0 when it is not an integer */
    if (!json_is_integer(value) || n < 0 || (uint64_t)n < min || (uint64_t)n > max)
        return convert__json_wrong(object, key, expected, err);
    *out = (uint64_t)n;
    return GTE_OK;
}

gte_status convert__json_u32(const convert__object *object, const char *key,
                             enum convert__need need, uint32_t min, uint32_t max, uint32_t *out,
                             gte_error *err)
{
    uint64_t value = *out;
    gte_status status = convert__json_uint(object, key, need, min, max, &value, err);
    if (status == GTE_OK) *out = (uint32_t)value;
    return status;
}

gte_status convert__json_real(const convert__object *object, const char *key,
                              enum convert__need need, double *out, gte_error *err)
{
    const json_t *value;
    gte_status status;
    if (!fetch(object, key, need, "a number", &value, &status, err)) return status;
    if (!json_is_number(value)) return convert__json_wrong(object, key, "a number", err);
    *out = json_number_value(value);
    return GTE_OK;
}

gte_status convert__json_string(const convert__object *object, const char *key,
                                enum convert__need need, const char **out, gte_error *err)
{
    const json_t *value;
    gte_status status;
    if (!fetch(object, key, need, "a string", &value, &status, err)) return status;
    if (!json_is_string(value)) return convert__json_wrong(object, key, "a string", err);
    *out = json_string_value(value);
    return GTE_OK;
}

gte_status convert__json_array(const convert__object *object, const char *key,
                               enum convert__need need, const json_t **out, gte_error *err)
{
    const json_t *value;
    gte_status status;
    if (!fetch(object, key, need, "an array", &value, &status, err)) return status;
    if (!json_is_array(value)) return convert__json_wrong(object, key, "an array", err);
    *out = value;
    return GTE_OK;
}

gte_status convert__json_object(const convert__object *object, const char *key,
                                enum convert__need need, const char *path, convert__object *out,
                                gte_error *err)
{
    *out = (convert__object){object->file, path, NULL};
    const json_t *value;
    gte_status status;
    if (!fetch(object, key, need, "an object", &value, &status, err)) return status;
    if (!json_is_object(value)) return convert__json_wrong(object, key, "an object", err);
    out->json = value;
    return GTE_OK;
}
