/* The META section while it grows: pairs of NUL-terminated strings. */
#ifndef CONVERT_META_H
#define CONVERT_META_H

#include <stddef.h>

#include "base/status.h"
#include "model/format.h"

typedef struct convert__meta {
    char *data;
    size_t size;
    size_t capacity;
} convert__meta;

/* Appends a pair. Errors: GTE_E_FORMAT above GTE__MAX_META_BYTES, GTE_E_MEMORY. */
gte_status convert__meta_add(convert__meta *meta, const char *key, const char *value,
                             gte_error *err);
void convert__meta_free(convert__meta *meta);

#endif
