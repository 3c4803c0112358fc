/* JSON for the converter: a thin wall in front of jansson that bounds what a file may ask for, and
 * typed getters whose errors name the file and the key. */
#ifndef CONVERT_JSON_H
#define CONVERT_JSON_H

#include <jansson.h>

#include "convert/source.h"

#define CONVERT__JSON_MAX_DEPTH 64
/* A vocabulary of 250,000 pieces with scores has 750,000. */
#define CONVERT__JSON_MAX_VALUES 2000000u

/* Integers become reals: tokenizer_config.json says model_max_length 10^30 for "no limit", which
 * no 64-bit integer holds. */
#define CONVERT__JSON_BIG_NUMBERS 1u
#define CONVERT__JSON_ARRAY 2u /* the outermost value is an array; without it, an object */

/* Parses `size` bytes. `file` is for messages only. Refused: more than CONVERT__JSON_MAX_DEPTH
 * levels, a key twice in one object, NUL in a string, anything after the value, invalid UTF-8.
 * The caller releases *out with json_decref. Errors (err->offset is the byte): GTE_E_FORMAT,
 * GTE_E_MEMORY. */
gte_status convert__json_parse(json_t **out, const char *file, const void *data, size_t size,
                               unsigned flags, gte_error *err);

/* Opens and parses a file of the source; the file is unmapped again. `found` as in
 * convert__input_open. */
gte_status convert__json_load(json_t **out, const convert__source *source, const char *file,
                              unsigned flags, bool *found, gte_error *err);

/* An object being read: where it came from, for messages, and its value. */
typedef struct convert__object {
    const char *file;
    const char *path; /* "" for the outermost object, else "model." and the like */
    const json_t *json;
} convert__object;

enum convert__need { CONVERT__OPTIONAL, CONVERT__REQUIRED };

/* The getters below: a key that is absent or null is an error when REQUIRED; when OPTIONAL *out
 * stays as it was, so that the caller puts the default there first. Strings and children live as
 * long as the object. */
const json_t *convert__json_get(const convert__object *object, const char *key);
gte_status convert__json_bool(const convert__object *object, const char *key,
                              enum convert__need need, bool *out, gte_error *err);
gte_status convert__json_uint(const convert__object *object, const char *key,
                              enum convert__need need, uint64_t min, uint64_t max, uint64_t *out,
                              gte_error *err);
gte_status convert__json_u32(const convert__object *object, const char *key,
                             enum convert__need need, uint32_t min, uint32_t max, uint32_t *out,
                             gte_error *err);
gte_status convert__json_real(const convert__object *object, const char *key,
                              enum convert__need need, double *out, gte_error *err);
gte_status convert__json_string(const convert__object *object, const char *key,
                                enum convert__need need, const char **out, gte_error *err);
gte_status convert__json_array(const convert__object *object, const char *key,
                               enum convert__need need, const json_t **out, gte_error *err);
/* *out gets `object` under the given path ("model."); its json is NULL when the key is absent. */
gte_status convert__json_object(const convert__object *object, const char *key,
                                enum convert__need need, const char *path, convert__object *out,
                                gte_error *err);

/* GTE_E_FORMAT "FILE: PATH KEY: expected WHAT, found ..." */
gte_status convert__json_wrong(const convert__object *object, const char *key, const char *expected,
                               gte_error *err);

#endif
