/* The thread that writes: a bounded queue before it, batches behind it. Nobody who puts waits for
 * the disk or for other processes. */
#ifndef GTE_CACHE_WRITER_H
#define GTE_CACHE_WRITER_H

#include "disk_tier.h"

typedef struct cache__writer cache__writer;

/* Starts the thread. From here on the writer's functions of disk_tier.h are that thread's. A batch
 * ends with the value that brings it over `batch_bytes`. NULL: no memory or no thread. */
cache__writer *cache__writer_start(cache__disk *disk, uint64_t queue_bytes, uint64_t batch_bytes,
                                   int retry_ms);

/* Writes what waits for at most close_ms, and ends the thread. NULL is allowed. */
void cache__writer_stop(cache__writer *writer, int close_ms);

/* Takes a value to be written, or drops it and counts that. */
void cache__writer_add(cache__writer *writer, cache__value *value);

/* Counts a value that was lost before it came here. */
void cache__writer_drop(cache__writer *writer);

/* There is something to be tended before the next second. */
void cache__writer_wake(cache__writer *writer);

/* As gte_cache_flush and gte_cache_clear say. */
gte_status cache__writer_flush(cache__writer *writer, int timeout_ms, gte_error *err);
gte_status cache__writer_clear(cache__writer *writer, gte_error *err);

/* Fills the members of *out that are the queue's. */
void cache__writer_count(cache__writer *writer, gte_cache_counts *out);

#endif
