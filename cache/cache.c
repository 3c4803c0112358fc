/* The public API: checks arguments, asks memory, then the file, and keeps what is put in both. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "disk_tier.h"
#include "memory_tier.h"
#include "writer.h"

#define MIB ((uint64_t)1 << 20)
#define DEFAULT_MEMORY (64 * MIB)
#define DEFAULT_DISK (1024 * MIB)
#define DEFAULT_QUEUE (32 * MIB)
#define MOST_VALUE (64 * MIB)
#define MOST_BATCH (4 * MIB)
/* A batch must fit the file beside most of what is there: it is no larger than such a part, and one
 * value. */
#define DISK_PARTS 8
enum { DEFAULT_RETRY_MS = 30000, DEFAULT_CLOSE_MS = 5000, MOST_MS = 3600000 };

struct gte_cache {
    cache__memory *memory; /* NULL: none */
    cache__disk *disk;     /* NULL: no path was given */
    cache__writer *writer; /* with disk */
    uint64_t value_bytes;
    int close_ms;
    unsigned generation; /* of the process, see below */
    atomic_uint_fast64_t misses, puts, refused;
};

/* ---- fork ------------------------------------------------------------ */

/* A child has none of the threads, perhaps locks that nobody will open, and connections that SQLite
 * forbids it to use. It knows itself by this number, which costs a get less than getpid. */
static atomic_uint generation;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void count_fork(void)
{
    atomic_fetch_add(&generation, 1);
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, count_fork);
}

static bool is_usable(const gte_cache *cache)
{
    return cache && cache->generation == atomic_load_explicit(&generation, memory_order_relaxed);
}

/* ---- open and close ------------------------------------------------------------ */

/* The caller's options over the defaults; a shorter struct is an older header's. */
static gte_status take_options(const gte_cache_options *given, gte_cache_options *out,
                               gte_error *err)
{
    const gte_cache_options defaults = GTE_CACHE_OPTIONS_INIT;
    *out = defaults;
    if (given) {
        if (given->struct_size < sizeof given->struct_size + sizeof given->path)
            return gte__fail(err, GTE_E_ARGUMENT, 0, "gte_cache_options: struct_size is not set");
        size_t size = given->struct_size < sizeof *out ? given->struct_size : sizeof *out;
        memcpy(out, given, size);
    }
    if (!out->memory_bytes) out->memory_bytes = DEFAULT_MEMORY;
    if (!out->disk_bytes) out->disk_bytes = DEFAULT_DISK;
    if (!out->queue_bytes) out->queue_bytes = DEFAULT_QUEUE;
    if (!out->value_bytes) out->value_bytes = MIB;
    if (!out->retry_ms) out->retry_ms = DEFAULT_RETRY_MS;
    if (!out->close_ms) out->close_ms = DEFAULT_CLOSE_MS;
    if (out->path && !*out->path) return gte__fail(err, GTE_E_ARGUMENT, 0, "the path is empty");
    if (out->disk_bytes < MIB)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "disk_bytes is less than 1 MiB");
    if (out->value_bytes > MOST_VALUE)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "value_bytes is more than 64 MiB");
    if (out->retry_ms < 0 || out->retry_ms > MOST_MS || out->close_ms < 0 ||
        out->close_ms > MOST_MS)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "retry_ms and close_ms are from 0 to 3600000");
    if (out->value_bytes > out->disk_bytes / DISK_PARTS)
        out->value_bytes = out->disk_bytes / DISK_PARTS;
    return GTE_OK;
}

gte_status gte_cache_open(gte_cache **out, const gte_cache_options *options, gte_error *err)
{
    gte_cache_options o;
    if (!out) return gte__fail(err, GTE_E_ARGUMENT, 0, "gte_cache_open: out is NULL");
    *out = NULL;
    gte_status status = take_options(options, &o, err);
    if (status != GTE_OK) return status;
    pthread_once(&fork_once, watch_forks);
    gte_cache *cache = calloc(1, sizeof *cache);
    if (!cache) goto fail;
    cache->generation = atomic_load(&generation);
    cache->value_bytes = o.value_bytes;
    cache->close_ms = o.close_ms;
    if (o.memory_bytes != GTE_CACHE_NONE && !(cache->memory = cache__memory_create(o.memory_bytes)))
        goto fail;
    if (o.path) {
        cache->disk = cache__disk_create(o.path, o.disk_bytes, o.retry_ms, o.read_only != 0);
        if (!cache->disk) goto fail;
        uint64_t part = o.disk_bytes / DISK_PARTS, batch = part < MOST_BATCH ? part : MOST_BATCH;
        cache->writer = cache__writer_start(cache->disk, o.queue_bytes, batch, o.retry_ms);
        if (!cache->writer) goto fail;
    }
    *out = cache;
    return gte__ok(err);
fail:
    gte_cache_close(&cache);
    return gte__fail(err, GTE_E_MEMORY, 0, "no memory or no thread for a cache");
}

void gte_cache_close(gte_cache **cache)
{
    gte_cache *c = cache ? *cache : NULL;
    if (!c) return;
    *cache = NULL;
    if (!is_usable(c)) return; /* a child's: what it inherited ends with it */
    cache__writer_stop(c->writer, c->close_ms);
    cache__disk_free(c->disk, true);
    cache__memory_free(c->memory);
    free(c);
}

/* ---- get and put ------------------------------------------------------------ */

/* From the file, and into memory for the next time. */
static cache__value *get_from_disk(gte_cache *cache, const gte_cache_key *key)
{
    cache__value *value = cache__disk_get(cache->disk, key);
    if (value && cache->memory) cache__memory_put(cache->memory, value, false);
    if (cache__disk_needs_tending(cache->disk)) cache__writer_wake(cache->writer);
    return value;
}

gte_cache_answer gte_cache_get(gte_cache *cache, const gte_cache_key *key, void *out,
                               size_t capacity, size_t *size)
{
    cache__value *value = NULL;
    if (size) *size = 0;
    if (!is_usable(cache) || !key || !size || (!out && capacity)) return GTE_CACHE_MISS;
    if (cache->memory) value = cache__memory_get(cache->memory, key);
    if (!value && cache->disk) value = get_from_disk(cache, key);
    if (!value) {
        atomic_fetch_add_explicit(&cache->misses, 1, memory_order_relaxed);
        return GTE_CACHE_MISS;
    }
    *size = value->size;
    bool fits = value->size <= capacity;
    if (fits && value->size) memcpy(out, value->bytes, value->size);
    cache__value_release(value);
    return fits ? GTE_CACHE_HIT : GTE_CACHE_SMALL;
}

void gte_cache_put(gte_cache *cache, const gte_cache_key *key, const void *value, size_t size)
{
    if (!is_usable(cache) || !key || (!value && size)) return;
    atomic_fetch_add_explicit(&cache->puts, 1, memory_order_relaxed);
    if (size > cache->value_bytes) {
        atomic_fetch_add_explicit(&cache->refused, 1, memory_order_relaxed);
        return;
    }
    cache__value *copy = cache__value_make(key, value, size);
    if (!copy) {
        if (cache->writer) cache__writer_drop(cache->writer);
        return;
    }
    if (cache->memory) cache__memory_put(cache->memory, copy, true);
    if (cache->writer) cache__writer_add(cache->writer, copy);
    cache__value_release(copy);
}

gte_status gte_cache_flush(gte_cache *cache, int timeout_ms, gte_error *err)
{
    if (!is_usable(cache) || timeout_ms < 0)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "gte_cache_flush: no cache, or a negative time");
    return cache->writer ? cache__writer_flush(cache->writer, timeout_ms, err) : gte__ok(err);
}

gte_status gte_cache_clear(gte_cache *cache, gte_error *err)
{
    if (!is_usable(cache)) return gte__fail(err, GTE_E_ARGUMENT, 0, "gte_cache_clear: no cache");
    gte_status status = cache->writer ? cache__writer_clear(cache->writer, err) : gte__ok(err);
    if (cache->memory) cache__memory_clear(cache->memory);
    return status;
}

void gte_cache_stats(gte_cache *cache, gte_cache_counts *out, size_t size)
{
    gte_cache_counts counts = {0};
    if (!out) return;
    if (is_usable(cache)) {
        if (cache->memory) cache__memory_count(cache->memory, &counts);
        if (cache->disk) cache__disk_count(cache->disk, &counts);
        if (cache->writer) cache__writer_count(cache->writer, &counts);
        counts.misses = cache->misses;
        counts.puts = cache->puts;
        counts.refused = cache->refused;
    }
    memcpy(out, &counts, size < sizeof counts ? size : sizeof counts);
}
