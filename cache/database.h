/* One connection to a cache file. The only room behind it that knows SQLite is database*.c and
 * maintain.c; built without SQLite, database_absent.c stands in their place.
 *
 * A connection is one thread's at a time. It never closes in SQLite's way, with a last checkpoint
 * and the log removed by name, unless cache__database_tidy asks: by then another file may stand
 * under the name. */
#ifndef GTE_CACHE_DATABASE_H
#define GTE_CACHE_DATABASE_H

#include <stdbool.h>

#include "value.h"

typedef struct cache__database cache__database;

typedef enum cache__outcome {
    CACHE_DONE = 0,
    CACHE_NOT_THERE, /* no row, or no file */
    CACHE_ROW_BAD,   /* a row whose checksum is wrong */
    CACHE_BUSY,      /* another process holds a lock; nothing was done */
    CACHE_FULL,      /* no room on the disk, or the bound is reached */
    CACHE_NO_WRITE,  /* it can be read, not written */
    CACHE_DAMAGED,   /* ours, and damaged */
    CACHE_FOREIGN_FILE,
    CACHE_OTHER_VERSION,
    CACHE_NO_MEMORY,
    CACHE_FAULT /* anything else: mostly the disk */
} cache__outcome;

typedef enum cache__purpose { CACHE_TO_READ, CACHE_TO_WRITE } cache__purpose;

enum { CACHE_REASON_SIZE = 200 };

/* Whether this build has SQLite. */
bool cache__database_present(void);

/* Opens a file that is there and looks whether it is a cache of this version, before SQLite may
 * touch it: a foreign file is read, its first 100 bytes, and no more. `reason` receives one line
 * on any outcome but CACHE_DONE. On CACHE_NO_WRITE (to write) and others *out is NULL. */
cache__outcome cache__database_open(cache__database **out, const char *path, cache__purpose purpose,
                                    char reason[CACHE_REASON_SIZE]);
void cache__database_close(cache__database *db);

/* Makes the tables in an empty file. */
cache__outcome cache__database_create(const char *path, char reason[CACHE_REASON_SIZE]);

/* Before the close of the last connection: the log into the file, and away with it. */
void cache__database_tidy(cache__database *db);

/* To read: keeps one view of the file from the next read on, until it is let go; a view of its own
 * for each read costs more than the read (locks). Nothing to do when it is so already. */
void cache__database_hold(cache__database *db);
void cache__database_let_go(cache__database *db);

/* The value of a key, made new, with its checksum tested. */
cache__outcome cache__database_get(cache__database *db, const gte_cache_key *key,
                                   cache__value **out);

/* What a batch did. */
typedef struct cache__written {
    uint64_t rows, evicted;
    uint64_t disk_rows, disk_bytes; /* after it, about */
} cache__written;

/* Writes the chain of `queued` values in one transaction, the oldest rows making room for them so
 * that the file stays within `bound` bytes. All or nothing. */
cache__outcome cache__database_write(cache__database *db, const cache__value *first, uint64_t bound,
                                     cache__written *out);

/* All rows, in one transaction. */
cache__outcome cache__database_clear(cache__database *db);

/* Copies the log into the file and cuts it to nothing, if no reader still needs it. */
cache__outcome cache__database_shorten_log(cache__database *db);

/* Why the last call on this connection failed. */
const char *cache__database_reason(const cache__database *db);

#endif
