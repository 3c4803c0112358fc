/* JSON on the way out: a growing text with writers for its parts. A failed allocation is remembered
 * and told at the end, so that writers need no checks in between. */
#ifndef SERVER_JSON_OUT_H
#define SERVER_JSON_OUT_H

#include "server/http.h"

typedef struct server__text {
    char *data;
    size_t size, capacity;
    bool failed;
} server__text;

void server__text_reserve(server__text *text, size_t more);
void server__text_add(server__text *text, const char *data, size_t size);
void server__text_string(server__text *text, const char *string);
void server__text_printf(server__text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void server__text_free(server__text *text);

/* "..." with its quotes, escaped; UTF-8 goes through, what is not UTF-8 becomes U+FFFD. */
void server__json_string(server__text *text, const char *data, size_t size);
/* The same of a C string; NULL becomes null. */
void server__json_c_string(server__text *text, const char *string);
#define SERVER__FLOAT_SIZE 13 /* of a number of a vector with its comma: seldom more */
/* [v0,v1,...] with digits enough to get the same floats back; one number; a double. */
void server__json_floats(server__text *text, const float *values, size_t n);
void server__json_float(server__text *text, float value);
/* A number given in thousandths, as "1.234". */
void server__json_thousandths(server__text *text, uint64_t value);
/* "..." holding the base64 of the floats' little-endian bytes, as OpenAI's clients read it. */
void server__json_base64(server__text *text, const float *values, size_t n);

/* Answers with the text and empties it; 500 when an allocation had failed. */
void server__answer_json(server__request *request, int status, server__text *text);
/* The same for any other type; `type` is a constant string. */
void server__answer_text(server__request *request, int status, const char *type,
                         server__text *text);

#endif
