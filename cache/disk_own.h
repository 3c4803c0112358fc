/* What disk_tier.c and disk_tend.c share. Nobody else includes this. */
#ifndef GTE_CACHE_DISK_OWN_H
#define GTE_CACHE_DISK_OWN_H

#include <pthread.h>

#include "disk_tier.h"
#include "file_place.h"

enum { CACHE_MOST_READERS = 8, CACHE_HOLD_MS = 10 };

typedef struct cache__reader {
    _Alignas(64) pthread_mutex_t lock; /* a cache line of its own */
    cache__database *db;               /* NULL: closed */
    bool holds;                        /* a view of the file */
    int64_t held_since;                /* milliseconds */
    uint64_t held_commits;             /* of this process, before that view */
    uint64_t hits, bad_rows;
} cache__reader;

struct cache__disk {
    char given[CACHE_PATH_SIZE]; /* as the caller said it */
    char path[CACHE_PATH_SIZE];
    const char *name; /* path, or NULL while `given` leads nowhere */
    uint64_t bound;
    int retry_ms;
    bool read_only;

    /* the writer's thread's */
    cache__database *writer;
    bool still;        /* the readers were opened where nothing could be made beside the file */
    bool open;         /* the readers are */
    cache__file_id id; /* of the file that is open or was refused */
    int64_t look_at, open_at, write_at, release_at,
        shorten_at; /* when to look, to open again, to write again */

    atomic_int state;   /* gte_cache_state */
    atomic_int trouble; /* cache__outcome: what a reader or the writer has met; CACHE_DONE: none */
    atomic_bool held;   /* by readers, views of the file; told to the writer's thread */
    atomic_bool untold; /* something that it does not know of yet */
    atomic_uint_fast64_t commits;
    atomic_uint_fast64_t faults, stored, evicted, set_aside, rows, bytes;
    pthread_mutex_t fault_lock;
    char fault[CACHE_REASON_SIZE];

    size_t reader_count;
    cache__reader readers[CACHE_MOST_READERS];
};

/* Counts a fault and keeps what it was. Any thread. */
void cache__disk_fault(cache__disk *disk, const char *reason);

/* Ends the view of a reader, whose lock is held. */
void cache__disk_let_go(cache__reader *reader);

/* Closes all connections; the writer's thread's. */
void cache__disk_close(cache__disk *disk, bool tidy);

#endif
