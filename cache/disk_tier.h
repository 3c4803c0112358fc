/* The file as the cache uses it: connections for readers, one for the writer, the state they are
 * in, and the way back from every fault. Any thread reads; all else is the writer's thread's alone
 * (writer.c), which so is the only one to open, close, rename or make files. */
#ifndef GTE_CACHE_DISK_TIER_H
#define GTE_CACHE_DISK_TIER_H

#include "database.h"

typedef struct cache__disk cache__disk;

/* `path` is copied. NULL: no memory. */
cache__disk *cache__disk_create(const char *path, uint64_t bound, int retry_ms, bool read_only);
/* Closes; with `tidy` as the file's last user would, its log written into it. */
void cache__disk_free(cache__disk *disk, bool tidy);

/* The value of a key, held for the caller, or NULL. Any thread. */
cache__value *cache__disk_get(cache__disk *disk, const gte_cache_key *key);

/* The writer's: looks after the file: opens what is not open and due, lets go of a file that is no
 * longer the one at the name, sets aside a damaged one. `now` in milliseconds (monotonic). */
void cache__disk_tend(cache__disk *disk, int64_t now);

/* True once for what a reader has met or begun: the writer's thread should be woken. Any thread. */
bool cache__disk_needs_tending(cache__disk *disk);

/* The writer's: milliseconds until cache__disk_tend is due again. */
int cache__disk_pause(cache__disk *disk);

/* Whether rows can be written now. Any thread. */
bool cache__disk_writable(cache__disk *disk);

/* The writer's. CACHE_DONE: committed, in the file that stands at the name. CACHE_BUSY: try again.
 * Anything else: these rows are lost. */
cache__outcome cache__disk_write(cache__disk *disk, const cache__value *first, int64_t now);
cache__outcome cache__disk_clear(cache__disk *disk, int64_t now);
/* The writer's: another process has held its lock for too long. */
void cache__disk_give_up(cache__disk *disk, int64_t now);

/* Fills the members of *out that are the file's. Any thread. */
void cache__disk_count(cache__disk *disk, gte_cache_counts *out);

#endif
