/* The life of the file, on the writer's thread: opening or making it, writing rows, and what
 * follows from each fault:
 *
 *     damaged            renamed to path.corrupt, a new one made, at once
 *     another kind       left alone, looked at again when another file stands at the name
 *     deleted, replaced  let go of within a second, and made again
 *     full, read-only    read on; written again after retry_ms
 *     cannot be read     closed; opened again after retry_ms
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "disk_own.h"

enum { LOOK_MS = 1000, RELEASE_MS = 50, SHORTEN_MS = 200 };
/* SQLite begins the log anew by itself unless several processes write without a pause or one reads
 * for long. From the first size on we insist, above the second we write no more. */
#define LOG_SHORTEN ((off_t)16 << 20)
#define LOG_MOST ((off_t)256 << 20)

void cache__disk_close(cache__disk *disk, bool tidy)
{
    cache__file_id now;
    for (size_t i = 0; i < disk->reader_count; i++) {
        pthread_mutex_lock(&disk->readers[i].lock);
        cache__disk_let_go(&disk->readers[i]);
        cache__database_close(disk->readers[i].db);
        disk->readers[i].db = NULL;
        pthread_mutex_unlock(&disk->readers[i].lock);
    }
    /* By name SQLite would remove the log of whatever stands there now. */
    if (tidy && disk->writer && cache__place_look(disk->path, &now) == 1 &&
        cache__place_same(&now, &disk->id))
        cache__database_tidy(disk->writer);
    cache__database_close(disk->writer);
    disk->writer = NULL;
    disk->open = false;
    /* Whoever was reading has told by now; it was about the file that is closed. */
    atomic_store(&disk->trouble, CACHE_DONE);
}

static void stop_using(cache__disk *disk, gte_cache_state state, int64_t again)
{
    atomic_store(&disk->state, state);
    cache__disk_close(disk, false);
    disk->open_at = again;
}

/* The file in the state that a reader can open, whatever there was. Under the folder's lock. */
static cache__outcome make_file(cache__disk *disk, bool there, char *reason)
{
    if (!there && !cache__place_make(disk->path)) {
        snprintf(reason, CACHE_REASON_SIZE, "making the file: %s", strerror(errno));
        return CACHE_FAULT;
    }
    cache__place_look(disk->path, &disk->id);
    return cache__database_create(disk->path, reason);
}

static cache__outcome open_reader(cache__disk *disk, size_t i, char *reason)
{
    cache__database *db;
    cache__outcome outcome = cache__database_open(&db, disk->path, CACHE_TO_READ, reason);
    pthread_mutex_lock(&disk->readers[i].lock);
    disk->readers[i].db = db;
    pthread_mutex_unlock(&disk->readers[i].lock);
    return outcome;
}

/* The first connection, on a file that is made, or made anew, where that is needed and allowed. */
static cache__outcome open_first(cache__disk *disk, bool locked, char *reason)
{
    cache__outcome outcome = CACHE_NOT_THERE;
    bool may_make = locked && !disk->read_only;
    int there = cache__place_look(disk->path, &disk->id);
    snprintf(reason, CACHE_REASON_SIZE, "there is no such file");
    if (there < 0) {
        snprintf(reason, CACHE_REASON_SIZE, "%s",
                 errno == EINVAL ? "not a regular file" : strerror(errno));
        return errno == EINVAL ? CACHE_FOREIGN_FILE : CACHE_FAULT;
    }
    if (there) outcome = open_reader(disk, 0, reason);
    if (outcome == CACHE_DAMAGED && may_make) {
        cache__disk_fault(disk, reason);
        if (!cache__place_set_aside(disk->path, &disk->id)) return CACHE_FAULT;
        disk->set_aside++;
        there = 0, outcome = CACHE_NOT_THERE;
    }
    if (outcome == CACHE_NOT_THERE && may_make) {
        outcome = make_file(disk, there != 0, reason);
        if (outcome == CACHE_DONE) outcome = open_reader(disk, 0, reason);
    }
    return outcome;
}

static cache__outcome open_all(cache__disk *disk, bool locked, bool *writable, char *reason)
{
    cache__outcome outcome = open_first(disk, locked, reason);
    for (size_t i = 1; i < disk->reader_count && outcome == CACHE_DONE; i++)
        outcome = open_reader(disk, i, reason);
    *writable = false;
    if (outcome != CACHE_DONE || disk->read_only) return outcome;
    outcome = cache__database_open(&disk->writer, disk->path, CACHE_TO_WRITE, reason);
    *writable = outcome == CACHE_DONE;
    if (outcome == CACHE_NO_WRITE || outcome == CACHE_FULL) {
        cache__disk_fault(disk, reason);
        return CACHE_DONE;
    }
    return outcome;
}

static void try_to_open(cache__disk *disk, int64_t now)
{
    char reason[CACHE_REASON_SIZE] = "built without SQLite";
    bool writable = false;
    cache__outcome outcome = CACHE_FAULT;
    disk->name = cache__place_name(disk->given, disk->path) ? disk->path : NULL;
    disk->look_at = now + LOOK_MS;
    if (!disk->name) snprintf(reason, sizeof reason, "its folder is not there");
    if (disk->name && cache__database_present()) {
        int lock = cache__place_lock(disk->path);
        disk->still = cache__place_is_still(disk->path);
        outcome = open_all(disk, lock >= 0, &writable, reason);
        cache__place_unlock(lock);
    }
    if (outcome == CACHE_DONE) {
        disk->open = true;
        disk->write_at = now + disk->retry_ms;
        atomic_store(&disk->state, writable ? GTE_CACHE_OK : GTE_CACHE_READ_ONLY);
        return;
    }
    cache__disk_fault(disk, reason);
    bool foreign = outcome == CACHE_FOREIGN_FILE || outcome == CACHE_OTHER_VERSION;
    int wait = outcome == CACHE_BUSY && disk->retry_ms > LOOK_MS ? LOOK_MS : disk->retry_ms;
    stop_using(disk, foreign ? GTE_CACHE_FOREIGN : GTE_CACHE_WAITING, now + wait);
}

/* Readers go on meanwhile. What they were told would stay as it is must be opened anew, though. */
static void try_to_write(cache__disk *disk, int64_t now)
{
    char reason[CACHE_REASON_SIZE];
    cache__database_close(disk->writer);
    disk->write_at = now + disk->retry_ms;
    cache__outcome outcome =
        cache__database_open(&disk->writer, disk->path, CACHE_TO_WRITE, reason);
    if (outcome != CACHE_DONE)
        cache__disk_fault(disk, reason);
    else if (disk->still)
        stop_using(disk, GTE_CACHE_WAITING, now);
    else
        atomic_store(&disk->state, GTE_CACHE_OK);
}

/* Another file stands at the name, or none. */
static bool has_moved(cache__disk *disk)
{
    cache__file_id now;
    return cache__place_look(disk->path, &now) != 1 || !cache__place_same(&now, &disk->id);
}

static void see_to_trouble(cache__disk *disk, int64_t now)
{
    int trouble = atomic_load(&disk->trouble);
    if (trouble == CACHE_DONE) return;
    stop_using(disk, GTE_CACHE_WAITING, now + disk->retry_ms);
    if (trouble != CACHE_DAMAGED || disk->read_only) return;
    int lock = cache__place_lock(disk->path);
    if (lock >= 0 && cache__place_set_aside(disk->path, &disk->id)) {
        disk->set_aside++;
        disk->open_at = now;
    }
    cache__place_unlock(lock);
}

/* Views of readers that fell silent would keep the log from being begun anew. Those in use begin
 * another with their next read. */
static void release_views(cache__disk *disk)
{
    if (!atomic_exchange(&disk->held, false)) return;
    for (size_t i = 0; i < disk->reader_count; i++) {
        if (pthread_mutex_trylock(&disk->readers[i].lock) != 0) {
            atomic_store(&disk->held, true);
            continue;
        }
        cache__disk_let_go(&disk->readers[i]);
        pthread_mutex_unlock(&disk->readers[i].lock);
    }
}

int cache__disk_pause(cache__disk *disk)
{
    return atomic_load(&disk->held) ? RELEASE_MS : LOOK_MS;
}

void cache__disk_tend(cache__disk *disk, int64_t now)
{
    see_to_trouble(disk, now);
    if (now >= disk->release_at) {
        disk->release_at = now + RELEASE_MS;
        release_views(disk);
    }
    if (now >= disk->look_at) {
        disk->look_at = now + LOOK_MS;
        if (disk->open && has_moved(disk)) {
            cache__disk_fault(disk, "the file was removed or replaced");
            stop_using(disk, GTE_CACHE_WAITING, now);
        } else if (!disk->open && disk->name && disk->id.inode && has_moved(disk)) {
            disk->open_at = now; /* the one that was refused is gone */
        }
    }
    if (disk->open && !cache__disk_writable(disk) && !disk->read_only && now >= disk->write_at)
        try_to_write(disk, now);
    if (!disk->open && now >= disk->open_at) try_to_open(disk, now);
}

static void stop_writing(cache__disk *disk, const char *reason, int64_t now)
{
    cache__disk_fault(disk, reason);
    atomic_store(&disk->state, GTE_CACHE_READ_ONLY);
    disk->write_at = now + disk->retry_ms;
}

static void check_log(cache__disk *disk, int64_t now)
{
    char log[CACHE_NAME_SIZE];
    struct stat st;
    snprintf(log, sizeof log, "%s-wal", disk->path);
    if (now < disk->shorten_at || stat(log, &st) != 0 || st.st_size <= LOG_SHORTEN) return;
    if (cache__database_shorten_log(disk->writer) == CACHE_DONE) return;
    disk->shorten_at = now + SHORTEN_MS;
    if (st.st_size > LOG_MOST)
        stop_writing(disk, "the log cannot be shortened: another process reads for long", now);
}

/* What a failed transaction means for the file. */
static cache__outcome judge(cache__disk *disk, cache__outcome outcome, int64_t now)
{
    if (outcome == CACHE_DONE || outcome == CACHE_BUSY) return outcome;
    const char *reason = cache__database_reason(disk->writer);
    if (outcome == CACHE_DAMAGED) {
        cache__disk_fault(disk, reason);
        atomic_store(&disk->trouble, CACHE_DAMAGED);
    } else if (outcome == CACHE_NO_MEMORY) {
        cache__disk_fault(disk, reason);
    } else {
        stop_writing(disk, reason, now);
    }
    return outcome;
}

cache__outcome cache__disk_write(cache__disk *disk, const cache__value *first, int64_t now)
{
    cache__written written;
    if (!disk->writer || !cache__disk_writable(disk)) return CACHE_NO_WRITE;
    cache__outcome outcome = cache__database_write(disk->writer, first, disk->bound, &written);
    if (judge(disk, outcome, now) != CACHE_DONE) return outcome;
    if (has_moved(disk)) { /* committed, to a file that nobody will read again */
        disk->look_at = now;
        return CACHE_NOT_THERE;
    }
    atomic_fetch_add_explicit(&disk->commits, 1, memory_order_release);
    disk->stored += written.rows;
    disk->evicted += written.evicted;
    disk->rows = written.disk_rows;
    disk->bytes = written.disk_bytes;
    check_log(disk, now);
    return CACHE_DONE;
}

cache__outcome cache__disk_clear(cache__disk *disk, int64_t now)
{
    if (!disk->writer || !cache__disk_writable(disk)) return CACHE_NO_WRITE;
    cache__outcome outcome = judge(disk, cache__database_clear(disk->writer), now);
    atomic_fetch_add_explicit(&disk->commits, 1, memory_order_release);
    return outcome;
}

void cache__disk_give_up(cache__disk *disk, int64_t now)
{
    stop_writing(disk, "another process holds the lock of the file", now);
}
