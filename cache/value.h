/* A value with its key, shared by the memory tier, the queue of the writer and a reader that is
 * copying it. Its bytes never change; the links belong to who is named beside them. */
#ifndef GTE_CACHE_VALUE_H
#define GTE_CACHE_VALUE_H

#include <stdatomic.h>

#include "gte_cache.h"

typedef struct cache__value {
    atomic_uint holders;
    gte_cache_key key;
    size_t size;
    struct cache__value *queued;                /* writer.c: the next to be written */
    struct cache__value *chain, *newer, *older; /* shard.c, under its lock */
    unsigned char uses, in_main;                /* shard.c */
    unsigned char bytes[];
} cache__value;

/* A copy with one holder; NULL: no memory. */
cache__value *cache__value_make(const gte_cache_key *key, const void *bytes, size_t size);
cache__value *cache__value_hold(cache__value *value);
/* The last holder's release frees it. NULL is allowed. */
void cache__value_release(cache__value *value);

/* What it takes of the memory, with the allocator's part and its place in a table. */
size_t cache__value_cost(size_t size);

#endif
