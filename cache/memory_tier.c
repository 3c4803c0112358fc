/* Shards and their locks; what a shard does is shard.c's. A hit holds the lock for the look-up
 * alone: the bytes are copied after it. */
#include "memory_tier.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "shard.h"

enum { MOST_SHARDS = 64, SHARD_BYTES = 4 << 20 };

typedef struct locked_shard {
    _Alignas(GTE_ALIGNMENT) pthread_mutex_t lock; /* a cache line of its own */
    uint64_t hits;
    cache__shard shard;
} locked_shard;

struct cache__memory {
    size_t count; /* a power of two */
    locked_shard shards[];
};

/* As many as have room for the largest common values. */
static size_t shards_for(uint64_t bytes)
{
    size_t count = 1;
    while (count < MOST_SHARDS && bytes / (count * 2) >= SHARD_BYTES) count *= 2;
    return count;
}

cache__memory *cache__memory_create(uint64_t bytes)
{
    size_t count = shards_for(bytes), made = 0;
    cache__memory *memory =
        gte__block_alloc(sizeof(cache__memory) + GTE_ALIGNMENT + count * sizeof(locked_shard));
    if (!memory) return NULL;
    memory->count = count;
    for (; made < count; made++) {
        locked_shard *s = &memory->shards[made];
        s->hits = 0;
        if (!cache__shard_init(&s->shard, (size_t)(bytes / count))) break;
        if (pthread_mutex_init(&s->lock, NULL) == 0) continue;
        cache__shard_free(&s->shard);
        break;
    }
    if (made == count) return memory;
    memory->count = made;
    cache__memory_free(memory);
    return NULL;
}

void cache__memory_free(cache__memory *memory)
{
    if (!memory) return;
    for (size_t i = 0; i < memory->count; i++) {
        cache__shard_free(&memory->shards[i].shard);
        pthread_mutex_destroy(&memory->shards[i].lock);
    }
    free(memory);
}

static locked_shard *shard_of(cache__memory *memory, const gte_cache_key *key)
{
    return &memory->shards[key->bytes[0] & (memory->count - 1)];
}

cache__value *cache__memory_get(cache__memory *memory, const gte_cache_key *key)
{
    locked_shard *s = shard_of(memory, key);
    pthread_mutex_lock(&s->lock);
    cache__value *value = cache__shard_find(&s->shard, key);
    if (value) {
        cache__value_hold(value);
        s->hits++;
    }
    pthread_mutex_unlock(&s->lock);
    return value;
}

void cache__memory_put(cache__memory *memory, cache__value *value, bool replace)
{
    locked_shard *s = shard_of(memory, &value->key);
    pthread_mutex_lock(&s->lock);
    cache__shard_add(&s->shard, value, replace);
    pthread_mutex_unlock(&s->lock);
}

void cache__memory_clear(cache__memory *memory)
{
    for (size_t i = 0; i < memory->count; i++) {
        locked_shard *s = &memory->shards[i];
        pthread_mutex_lock(&s->lock);
        cache__shard_clear(&s->shard);
        pthread_mutex_unlock(&s->lock);
    }
}

void cache__memory_count(cache__memory *memory, gte_cache_counts *out)
{
    for (size_t i = 0; i < memory->count; i++) {
        locked_shard *s = &memory->shards[i];
        pthread_mutex_lock(&s->lock);
        out->hits_memory += s->hits;
        out->evicted_memory += s->shard.evicted;
        out->memory_entries += s->shard.entries;
        out->memory_bytes += s->shard.small.bytes + s->shard.main.bytes;
        pthread_mutex_unlock(&s->lock);
    }
}
