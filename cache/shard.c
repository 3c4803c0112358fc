/* S3-FIFO; see shard.h. */
#include "shard.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 64, MOST_USES = 3, SMALL_PART = 10 };

/* Keys are digests: any bits of them are as good as a hash. Byte 0 chooses the shard. */
static uint64_t key_bits(const gte_cache_key *key)
{
    uint64_t bits;
    memcpy(&bits, key->bytes + 1, sizeof bits);
    return bits;
}

static size_t bucket_of(const cache__shard *shard, const gte_cache_key *key)
{
    return (size_t)key_bits(key) & (shard->buckets_count - 1);
}

bool cache__shard_init(cache__shard *shard, size_t capacity)
{
    memset(shard, 0, sizeof *shard);
    shard->capacity = capacity;
    shard->buckets_count = FIRST_BUCKETS;
    shard->buckets = calloc(FIRST_BUCKETS, sizeof(cache__value *));
    shard->ghosts = calloc(FIRST_BUCKETS, sizeof *shard->ghosts);
    if (shard->buckets && shard->ghosts) return true;
    cache__shard_free(shard);
    return false;
}

cache__value *cache__shard_find(cache__shard *shard, const gte_cache_key *key)
{
    cache__value *value = shard->buckets[bucket_of(shard, key)];
    while (value && memcmp(&value->key, key, sizeof *key) != 0) value = value->chain;
    if (value && value->uses < MOST_USES) value->uses++;
    return value;
}

static cache__fifo *queue_of(cache__shard *shard, const cache__value *value)
{
    return value->in_main ? &shard->main : &shard->small;
}

static void enqueue(cache__shard *shard, cache__value *value, bool in_main)
{
    cache__fifo *fifo = in_main ? &shard->main : &shard->small;
    value->in_main = in_main;
    value->newer = NULL;
    value->older = fifo->newest;
    if (fifo->newest)
        fifo->newest->newer = value;
    else
        fifo->oldest = value;
    fifo->newest = value;
    fifo->bytes += cache__value_cost(value->size);
}

static void dequeue(cache__shard *shard, cache__value *value)
{
    cache__fifo *fifo = queue_of(shard, value);
    if (value->newer)
        value->newer->older = value->older;
    else
        fifo->newest = value->older;
    if (value->older)
        value->older->newer = value->newer;
    else
        fifo->oldest = value->newer;
    fifo->bytes -= cache__value_cost(value->size);
}

static void forget(cache__shard *shard, cache__value *value)
{
    cache__value **at = &shard->buckets[bucket_of(shard, &value->key)];
    while (*at != value) at = &(*at)->chain;
    *at = value->chain;
    dequeue(shard, value);
    shard->entries--;
    cache__value_release(value);
}

/* A ghost is believed for as many departures as there are entries: the paper's ghost queue. */
static bool was_here(const cache__shard *shard, const gte_cache_key *key)
{
    uint64_t ghost = shard->ghosts[bucket_of(shard, key)];
    uint32_t age = shard->clock - (uint32_t)ghost;
    return ghost && ghost >> 32 == key_bits(key) >> 32 && age <= shard->entries;
}

static void leave_ghost(cache__shard *shard, const gte_cache_key *key)
{
    shard->ghosts[bucket_of(shard, key)] = (key_bits(key) >> 32) << 32 | ++shard->clock;
}

static void evict_from_main(cache__shard *shard)
{
    cache__value *value;
    while ((value = shard->main.oldest) && value->uses) {
        value->uses--;
        dequeue(shard, value);
        enqueue(shard, value, true);
    }
    if (!value) return;
    forget(shard, value);
    shard->evicted++;
}

static void evict_from_small(cache__shard *shard)
{
    cache__value *value = shard->small.oldest;
    if (value->uses > 1) {
        dequeue(shard, value);
        value->uses = 0;
        enqueue(shard, value, true);
        return;
    }
    leave_ghost(shard, &value->key);
    forget(shard, value);
    shard->evicted++;
}

static void make_room(cache__shard *shard, size_t cost)
{
    while (shard->entries && shard->small.bytes + shard->main.bytes + cost > shard->capacity) {
        bool from_small = shard->small.bytes > shard->capacity / SMALL_PART || !shard->main.oldest;
        if (from_small && shard->small.oldest)
            evict_from_small(shard);
        else
            evict_from_main(shard);
    }
}

/* Twice the buckets once chains get longer than one; without memory they just get longer. Ghosts
 * start afresh: they are advice. */
static void grow(cache__shard *shard)
{
    size_t count = shard->buckets_count * 2, old = shard->buckets_count;
    if (shard->entries < old) return;
    cache__value **buckets = calloc(count, sizeof(cache__value *)), **before = shard->buckets;
    uint64_t *ghosts = calloc(count, sizeof *ghosts);
    if (!buckets || !ghosts) {
        free(buckets);
        free(ghosts);
        return;
    }
    free(shard->ghosts);
    shard->ghosts = ghosts;
    shard->buckets = buckets;
    shard->buckets_count = count;
    for (size_t i = 0; i < old; i++)
        for (cache__value *value = before[i], *next; value; value = next) {
            next = value->chain;
            cache__value **at = &buckets[bucket_of(shard, &value->key)];
            value->chain = *at;
            *at = value;
        }
    free(before);
}

void cache__shard_add(cache__shard *shard, cache__value *value, bool replace)
{
    size_t cost = cache__value_cost(value->size);
    cache__value *old = cache__shard_find(shard, &value->key);
    bool in_main = old ? old->in_main : was_here(shard, &value->key);
    if (old && !replace) return;
    if (old) forget(shard, old);
    if (cost > shard->capacity / 2) return;
    make_room(shard, cost);
    grow(shard);
    cache__value **at = &shard->buckets[bucket_of(shard, &value->key)];
    value->chain = *at;
    *at = cache__value_hold(value);
    enqueue(shard, value, in_main);
    shard->entries++;
}

void cache__shard_clear(cache__shard *shard)
{
    while (shard->small.oldest) forget(shard, shard->small.oldest);
    while (shard->main.oldest) forget(shard, shard->main.oldest);
    memset(shard->ghosts, 0, shard->buckets_count * sizeof *shard->ghosts);
}

void cache__shard_free(cache__shard *shard)
{
    if (shard->buckets && shard->ghosts) cache__shard_clear(shard);
    free(shard->buckets);
    free(shard->ghosts);
    memset(shard, 0, sizeof *shard);
}
