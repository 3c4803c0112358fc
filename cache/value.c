/* Values and their holders. */
#include "value.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

cache__value *cache__value_make(const gte_cache_key *key, const void *bytes, size_t size)
{
    size_t whole;
    if (!gte__add(sizeof(cache__value), size, &whole)) return NULL;
    cache__value *value = malloc(whole);
    if (!value) return NULL;
    memset(value, 0, sizeof *value);
    atomic_init(&value->holders, 1);
    value->key = *key;
    value->size = size;
    if (size) memcpy(value->bytes, bytes, size);
    return value;
}

cache__value *cache__value_hold(cache__value *value)
{
    atomic_fetch_add_explicit(&value->holders, 1, memory_order_relaxed);
    return value;
}

void cache__value_release(cache__value *value)
{
    if (value && atomic_fetch_sub_explicit(&value->holders, 1, memory_order_acq_rel) == 1)
        free(value);
}

size_t cache__value_cost(size_t size)
{
    enum { ALLOCATOR = 16, TABLES = 32 }; /* a bucket and a ghost, tables being up to half empty */
    return sizeof(cache__value) + size + ALLOCATOR + TABLES;
}
