/* Reading the JSON of requests with jansson. */
#include "server/json_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/errors.h"

/* Lists and objects take some hundred bytes of memory for two of text, and a value some forty. The
 * longest honest body is a list of as many lists as --max-items can allow. */
#define CONTAINERS_MOST 70000
#define VALUES_MOST 1000000

/* What is wrong with the shape of the text, before jansson builds it: it reads up to 2048 levels by
 * recursion, where far fewer will do. NULL when it is well. */
static const char *wrong_shape(const char *text, size_t size)
{
    int depth = 0;
    size_t containers = 0, commas = 0;
    bool inside = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (inside) {
            if (c == '\\') i++;
            if (c == '"') inside = false;
        } else if (c == '"') {
            inside = true;
        } else if (c == '[' || c == '{') {
            if (++depth > SERVER__JSON_DEPTH) return "it is nested too deep";
            if (++containers > CONTAINERS_MOST) return "it holds too many lists and objects";
        } else if (c == ']' || c == '}') {
            depth--;
        } else if (c == ',' && ++commas > VALUES_MOST) {
            return "it holds too many values";
        }
    }
    return NULL;
}

/* "application/json", with or without parameters; curl's -d says otherwise, and is refused. */
static bool is_json(const char *type)
{
    size_t size = type ? strcspn(type, "; \t") : 0;
    return size == strlen(SERVER__JSON_TYPE) && strncasecmp(type, SERVER__JSON_TYPE, size) == 0;
}

json_t *server__json_body(server__request *request)
{
    json_error_t error;
    const char *type = server__header(request, "Content-Type");
    if (type && !is_json(type)) {
        server__fail(request, 415, "unsupported_media_type", NULL,
                     "the Content-Type must be application/json");
        return NULL;
    }
    if (request->body_size == 0) {
        server__fail(request, 400, "bad_json", NULL, "the body is empty; it must be JSON");
        return NULL;
    }
    const char *shape = wrong_shape(request->body, request->body_size);
    if (shape) {
        server__fail(request, 400, "bad_json", NULL, "the JSON is refused: %s", shape);
        return NULL;
    }
    json_t *json = json_loadb(request->body, request->body_size, JSON_REJECT_DUPLICATES, &error);
    if (!json && !error.text[0]) { /* nothing wrong with the text */
        server__fail_memory(request);
        return NULL;
    }
    if (!json) {
        server__fail(request, 400, "bad_json", NULL, "not valid JSON at byte %d: %.120s",
                     error.position, error.text);
        return NULL;
    }
    if (json_is_object(json)) return json;
    json_decref(json);
    server__fail(request, 400, "bad_json", NULL, "the JSON must be an object");
    return NULL;
}

/* The field, or NULL when it is absent or null. */
static const json_t *field(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

static bool wrong(server__request *request, const char *name, const char *wanted)
{
    server__fail(request, server__invalid(request), "invalid_type", name, "'%s' must be %s", name,
                 wanted);
    return false;
}

bool server__json_get_string(server__request *request, const json_t *object, const char *name,
                             const char **out, size_t *size)
{
    const json_t *value = field(object, name);
    if (!value) return true;
    if (!json_is_string(value)) return wrong(request, name, "a string");
    *out = json_string_value(value);
    if (size) *size = json_string_length(value);
    return true;
}

bool server__json_get_int(server__request *request, const json_t *object, const char *name,
                          int64_t min, int64_t max, int64_t *out)
{
    const json_t *value = field(object, name);
    char wanted[80];
    if (!value) return true;
    snprintf(wanted, sizeof wanted, "a whole number from %lld to %lld", (long long)min,
             (long long)max);
    if (!json_is_integer(value)) return wrong(request, name, wanted);
    *out = json_integer_value(value);
    if (*out >= min && *out <= max) return true;
    server__fail(request, server__invalid(request), "invalid_value", name, "'%s' must be %s", name,
                 wanted);
    return false;
}

bool server__json_get_bool(server__request *request, const json_t *object, const char *name,
                           bool *out)
{
    const json_t *value = field(object, name);
    if (!value) return true;
    if (!json_is_boolean(value)) return wrong(request, name, "true or false");
    *out = json_is_true(value);
    return true;
}

bool server__json_get_real(server__request *request, const json_t *object, const char *name,
                           double *out)
{
    const json_t *value = field(object, name);
    if (!value) return true;
    if (!json_is_number(value)) return wrong(request, name, "a number");
    *out = json_number_value(value);
    return true;
}
