/* JSON on the way in: bodies of requests. Strict: UTF-8, no duplicate keys, no NUL, bounded depth;
 * and getters that answer the request with the error themselves. */
#ifndef SERVER_JSON_IN_H
#define SERVER_JSON_IN_H

#include <jansson.h>

#include "server/http.h"

#define SERVER__JSON_DEPTH 64

/* The body as an object, or NULL, and the request is answered (400, 415). The caller releases it
 * with json_decref. */
json_t *server__json_body(server__request *request);

/* Getters for fields of an object: absent and null leave *out as it is. False: wrong type or out of
 * range, and the request is answered with a 400, on TEI's routes 422, that names the field. */
bool server__json_get_string(server__request *request, const json_t *object, const char *name,
                             const char **out, size_t *size);
bool server__json_get_int(server__request *request, const json_t *object, const char *name,
                          int64_t min, int64_t max, int64_t *out);
bool server__json_get_bool(server__request *request, const json_t *object, const char *name,
                           bool *out);
bool server__json_get_real(server__request *request, const json_t *object, const char *name,
                           double *out);

#endif
