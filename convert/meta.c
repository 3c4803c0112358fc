/* The META section while it grows. */
#include "convert/meta.h"

#include <stdlib.h>
#include <string.h>

gte_status convert__meta_add(convert__meta *meta, const char *key, const char *value,
                             gte_error *err)
{
    size_t a = strlen(key) + 1, b = strlen(value) + 1;
    size_t left = GTE__MAX_META_BYTES - meta->size;
    if (a > left || b > left - a)
        return gte__fail(err, GTE_E_FORMAT, 0, "prompts and descriptions above %u bytes (at %.80s)",
                         GTE__MAX_META_BYTES, key);
    size_t need = meta->size + a + b;
    if (need > meta->capacity) {
        char *data = realloc(meta->data, need * 2);
        if (!data) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for %.80s", key);
        meta->data = data;
        meta->capacity = need * 2;
    }
    memcpy(meta->data + meta->size, key, a);
    memcpy(meta->data + meta->size + a, value, b);
    meta->size = need;
    return GTE_OK;
}

void convert__meta_free(convert__meta *meta)
{
    free(meta->data);
    *meta = (convert__meta){0};
}
