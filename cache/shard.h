/* One shard of the memory tier: S3-FIFO (Yang et al., SOSP 2023). New values enter a small queue of
 * a tenth of the room; what is asked for again there moves to the main queue, the rest leaves after
 * one pass, so that a scan cannot empty the cache. A hit moves nothing: it counts up to three.
 *
 * Not locked: memory_tier.c holds the lock. */
#ifndef GTE_CACHE_SHARD_H
#define GTE_CACHE_SHARD_H

#include <stdbool.h>

#include "value.h"

typedef struct cache__fifo {
    cache__value *newest, *oldest;
    size_t bytes;
} cache__fifo;

typedef struct cache__shard {
    size_t capacity; /* bytes, by cache__value_cost */
    cache__fifo small, main;
    cache__value **buckets; /* chains by key */
    uint64_t *ghosts;       /* who left the small queue, and when: (key bits << 32 | clock) */
    size_t buckets_count;   /* a power of two; of both tables */
    size_t entries;
    uint32_t clock; /* departures to the ghosts */
    uint64_t evicted;
} cache__shard;

bool cache__shard_init(cache__shard *shard, size_t capacity);
void cache__shard_free(cache__shard *shard);

/* The value of a key, still the shard's, or NULL. */
cache__value *cache__shard_find(cache__shard *shard, const gte_cache_key *key);

/* Holds the value from now on; one with the same key stays, or with `replace` makes place for it.
 * One that is larger than half the room is not taken. */
void cache__shard_add(cache__shard *shard, cache__value *value, bool replace);

void cache__shard_clear(cache__shard *shard);

#endif
