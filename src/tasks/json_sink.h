/* JSON text into a caller's buffer, counting on when it is full. */
#ifndef GTE_TASKS_JSON_SINK_H
#define GTE_TASKS_JSON_SINK_H

#include <stddef.h>

typedef struct gte__json_sink {
    char *out; /* may be NULL when capacity is 0 */
    size_t capacity;
    size_t size; /* of all that was put, also of what did not fit */
} gte__json_sink;

/* As they are. */
void gte__json_put(gte__json_sink *sink, const char *text);
/* A string in quotes; what is not valid UTF-8 becomes U+FFFD. */
void gte__json_string(gte__json_sink *sink, const char *text, size_t size);
/* Numbers; one that is not finite becomes null. */
void gte__json_float(gte__json_sink *sink, float value);
void gte__json_integer(gte__json_sink *sink, size_t value);

#endif
