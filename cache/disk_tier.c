/* Reading from the file, and counting. Opening it, writing and the way back from faults are
 * disk_tend.c's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "disk_own.h"

static size_t choose_readers(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < 1                    ? 1
           : processors > CACHE_MOST_READERS ? CACHE_MOST_READERS
                                             : (size_t)processors;
}

cache__disk *cache__disk_create(const char *path, uint64_t bound, int retry_ms, bool read_only)
{
    cache__disk *disk;
    if (posix_memalign((void **)&disk, _Alignof(cache__disk), sizeof *disk) != 0) return NULL;
    memset(disk, 0, sizeof *disk);
    disk->name = disk->path;
    if (!cache__place_name(path, disk->path)) disk->name = NULL;
    snprintf(disk->given, sizeof disk->given, "%s", path);
    disk->bound = bound;
    disk->retry_ms = retry_ms;
    disk->read_only = read_only;
    disk->reader_count = choose_readers();
    atomic_init(&disk->state, GTE_CACHE_WAITING);
    pthread_mutex_init(&disk->fault_lock, NULL);
    for (size_t i = 0; i < disk->reader_count; i++)
        pthread_mutex_init(&disk->readers[i].lock, NULL);
    return disk;
}

void cache__disk_free(cache__disk *disk, bool tidy)
{
    if (!disk) return;
    cache__disk_close(disk, tidy);
    for (size_t i = 0; i < disk->reader_count; i++) pthread_mutex_destroy(&disk->readers[i].lock);
    pthread_mutex_destroy(&disk->fault_lock);
    free(disk);
}

void cache__disk_fault(cache__disk *disk, const char *reason)
{
    pthread_mutex_lock(&disk->fault_lock);
    snprintf(disk->fault, sizeof disk->fault, "%s", reason);
    pthread_mutex_unlock(&disk->fault_lock);
    atomic_fetch_add_explicit(&disk->faults, 1, memory_order_relaxed);
}

static bool readable(const cache__disk *disk)
{
    int state = atomic_load_explicit(&disk->state, memory_order_acquire);
    return state == GTE_CACHE_OK || state == GTE_CACHE_READ_ONLY;
}

/* A connection that is free; threads begin to look at different ones. Locked. */
static cache__reader *take_reader(cache__disk *disk)
{
    size_t count = disk->reader_count;
    size_t home = (size_t)(((uint64_t)(uintptr_t)pthread_self() * 0x9e3779b97f4a7c15u) >> 32);
    for (size_t i = 0; i < count; i++) {
        cache__reader *reader = &disk->readers[(home + i) % count];
        if (pthread_mutex_trylock(&reader->lock) == 0) return reader;
    }
    pthread_mutex_lock(&disk->readers[home % count].lock);
    return &disk->readers[home % count];
}

/* What a reader has met, for cache__disk_tend. No more reads until it has seen to it. */
static void tell(cache__disk *disk, cache__outcome outcome, const char *reason)
{
    cache__disk_fault(disk, reason);
    if (outcome != CACHE_DAMAGED && outcome != CACHE_FAULT) return;
    atomic_store(&disk->trouble, outcome);
    atomic_store(&disk->state, GTE_CACHE_WAITING);
    atomic_store(&disk->untold, true);
}

void cache__disk_let_go(cache__reader *reader)
{
    if (reader->db && reader->holds) cache__database_let_go(reader->db);
    reader->holds = false;
}

/* A view serves many reads: beginning one takes locks, which cost as much as two reads. It ends
 * when it is some milliseconds old, for other processes' rows and for their checkpoints, or older
 * than rows of our own. The writer's thread ends those of readers that fell silent. */
static void hold(cache__disk *disk, cache__reader *reader)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    int64_t now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
    uint64_t commits = atomic_load_explicit(&disk->commits, memory_order_acquire);
    if (reader->held_commits != commits || now - reader->held_since >= CACHE_HOLD_MS)
        cache__disk_let_go(reader);
    if (reader->holds) return;
    cache__database_hold(reader->db);
    reader->holds = true;
    reader->held_since = now;
    reader->held_commits = commits;
    if (!atomic_exchange(&disk->held, true)) atomic_store(&disk->untold, true);
}

cache__value *cache__disk_get(cache__disk *disk, const gte_cache_key *key)
{
    cache__value *value = NULL;
    if (!readable(disk)) return NULL;
    cache__reader *reader = take_reader(disk);
    cache__outcome outcome = CACHE_NOT_THERE;
    if (reader->db) {
        hold(disk, reader);
        outcome = cache__database_get(reader->db, key, &value);
    }
    if (outcome == CACHE_DONE)
        reader->hits++;
    else if (outcome == CACHE_ROW_BAD)
        reader->bad_rows++;
    else if (outcome != CACHE_NOT_THERE) {
        tell(disk, outcome, cache__database_reason(reader->db));
        cache__disk_let_go(reader);
    }
    pthread_mutex_unlock(&reader->lock);
    return value;
}

bool cache__disk_needs_tending(cache__disk *disk)
{
    return atomic_load_explicit(&disk->untold, memory_order_relaxed) &&
           atomic_exchange(&disk->untold, false);
}

bool cache__disk_writable(cache__disk *disk)
{
    return atomic_load_explicit(&disk->state, memory_order_acquire) == GTE_CACHE_OK;
}

void cache__disk_count(cache__disk *disk, gte_cache_counts *out)
{
    out->state = (gte_cache_state)atomic_load(&disk->state);
    pthread_mutex_lock(&disk->fault_lock);
    memcpy(out->fault, disk->fault, sizeof out->fault);
    pthread_mutex_unlock(&disk->fault_lock);
    out->faults = disk->faults;
    out->stored = disk->stored;
    out->evicted_disk = disk->evicted;
    out->set_aside = disk->set_aside;
    out->disk_rows = disk->rows;
    out->disk_bytes = disk->bytes;
    for (size_t i = 0; i < disk->reader_count; i++) {
        cache__reader *reader = &disk->readers[i];
        pthread_mutex_lock(&reader->lock);
        out->hits_disk += reader->hits;
        out->damaged_rows += reader->bad_rows;
        pthread_mutex_unlock(&reader->lock);
    }
}
