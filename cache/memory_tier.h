/* The memory tier: shards of S3-FIFO, each behind its own lock. Any number of threads. */
#ifndef GTE_CACHE_MEMORY_TIER_H
#define GTE_CACHE_MEMORY_TIER_H

#include <stdbool.h>

#include "value.h"

typedef struct cache__memory cache__memory;

/* `bytes` bounds the values and their bookkeeping. NULL: no memory. */
cache__memory *cache__memory_create(uint64_t bytes);
void cache__memory_free(cache__memory *memory);

/* The value, held for the caller, or NULL. */
cache__value *cache__memory_get(cache__memory *memory, const gte_cache_key *key);
/* Keeps a value; one that comes from the file must not `replace` one that was put meanwhile. */
void cache__memory_put(cache__memory *memory, cache__value *value, bool replace);
void cache__memory_clear(cache__memory *memory);

/* Fills the members of *out that are the memory tier's. */
void cache__memory_count(cache__memory *memory, gte_cache_counts *out);

#endif
