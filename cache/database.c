/* Rows: one read, a batch written. Opening is database_open.c's; when to write, writer.c's. */
#include <time.h>

#include "checksum.h"
#include "database_own.h"

cache__outcome cache__database_get(cache__database *db, const gte_cache_key *key,
                                   cache__value **out)
{
    cache__outcome outcome = CACHE_NOT_THERE;
    *out = NULL;
    sqlite3_bind_blob(db->get, 1, key->bytes, sizeof key->bytes, SQLITE_STATIC);
    int code = sqlite3_step(db->get);
    if (code == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(db->get, 1);
        size_t size = (size_t)sqlite3_column_bytes(db->get, 1);
        int64_t sum = sqlite3_column_int64(db->get, 0);
        /* no bytes where there should be some: SQLite had no memory */
        if (size && !bytes)
            outcome = CACHE_NO_MEMORY;
        else if ((uint64_t)sum != cache__checksum(key, bytes, size))
            outcome = CACHE_ROW_BAD;
        else
            outcome = (*out = cache__value_make(key, bytes, size)) ? CACHE_DONE : CACHE_NO_MEMORY;
    } else if (code != SQLITE_DONE) {
        outcome = cache__database_outcome(db, code, "reading");
    }
    sqlite3_reset(db->get);
    return outcome;
}

void cache__database_hold(cache__database *db)
{
    if (!sqlite3_get_autocommit(db->handle)) return;
    sqlite3_step(db->begin);
    sqlite3_reset(db->begin);
}

void cache__database_let_go(cache__database *db)
{
    if (sqlite3_get_autocommit(db->handle)) return;
    sqlite3_step(db->commit);
    sqlite3_reset(db->commit);
}

static cache__outcome step(cache__database *db, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    cache__outcome outcome = cache__database_outcome(db, code, sqlite3_sql(statement));
    sqlite3_reset(statement);
    return outcome;
}

/* Bytes in use: pages that are not free. */
static cache__outcome used_bytes(cache__database *db, uint64_t *out)
{
    int64_t pages = 0, unused = 0;
    cache__outcome outcome = cache__database_number(db, db->page_count, &pages);
    if (outcome == CACHE_DONE) outcome = cache__database_number(db, db->free_count, &unused);
    *out = (uint64_t)(pages - unused) * CACHE_PAGE_SIZE;
    return outcome;
}

/* What rows take at most: whole ones share a page, larger ones go on in pages of their own; the
 * index has each key again, in pages that may be half empty. */
static uint64_t room_for(const cache__value *first)
{
    enum { ROW_HEAD = 64, INDEX = 128, SPLITS = 16 };
    uint64_t bytes = SPLITS * CACHE_PAGE_SIZE;
    for (; first; first = first->queued) {
        uint64_t row = first->size + ROW_HEAD, in_a_page = CACHE_PAGE_SIZE / row;
        bytes += INDEX + (in_a_page ? CACHE_PAGE_SIZE / in_a_page : row + CACHE_PAGE_SIZE);
    }
    return bytes;
}

/* The oldest rows go until there is room. */
static cache__outcome make_room(cache__database *db, uint64_t need, uint64_t bound,
                                cache__written *out)
{
    uint64_t used;
    cache__outcome outcome = used_bytes(db, &used);
    while (outcome == CACHE_DONE && used + need > bound) {
        outcome = step(db, db->evict);
        int gone = sqlite3_changes(db->handle);
        if (outcome == CACHE_DONE && gone == 0) break;
        if (outcome == CACHE_DONE) out->evicted += (uint64_t)gone;
        if (outcome == CACHE_DONE) outcome = used_bytes(db, &used);
    }
    return outcome;
}

static cache__outcome insert(cache__database *db, const cache__value *value, int64_t now)
{
    sqlite3_stmt *s = db->insert;
    static const char nothing[1] = "";
    const void *bytes = value->size ? (const void *)value->bytes : nothing;
    int64_t sum = (int64_t)cache__checksum(&value->key, value->bytes, value->size);
    sqlite3_bind_blob(s, 1, value->key.bytes, sizeof value->key.bytes, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, now);
    sqlite3_bind_int64(s, 3, sum);
    sqlite3_bind_blob64(s, 4, bytes, value->size, SQLITE_STATIC);
    return step(db, s);
}

static cache__outcome fill(cache__database *db, const cache__value *first, uint64_t bound,
                           cache__written *out)
{
    int64_t now = (int64_t)time(NULL), low = 0, high = 0;
    cache__outcome outcome = make_room(db, room_for(first), bound, out);
    for (; first && outcome == CACHE_DONE; first = first->queued, out->rows++)
        outcome = insert(db, first, now);
    if (outcome == CACHE_DONE) outcome = used_bytes(db, &out->disk_bytes);
    if (outcome == CACHE_DONE) outcome = cache__database_number(db, db->first_id, &low);
    if (outcome == CACHE_DONE) outcome = cache__database_number(db, db->last_id, &high);
    out->disk_rows = (uint64_t)(high - low) + 1;
    return outcome;
}

/* Ends the transaction that `outcome` tells of; a failure keeps its reason. */
static cache__outcome finish(cache__database *db, cache__outcome outcome)
{
    if (outcome == CACHE_DONE) outcome = step(db, db->commit);
    if (outcome != CACHE_DONE && !sqlite3_get_autocommit(db->handle)) {
        sqlite3_step(db->rollback);
        sqlite3_reset(db->rollback);
    }
    return outcome;
}

cache__outcome cache__database_write(cache__database *db, const cache__value *first, uint64_t bound,
                                     cache__written *out)
{
    *out = (cache__written){0};
    cache__outcome outcome = step(db, db->begin);
    if (outcome != CACHE_DONE) return outcome;
    outcome = finish(db, fill(db, first, bound, out));
    if (outcome != CACHE_DONE) out->rows = out->evicted = 0;
    return outcome;
}

cache__outcome cache__database_clear(cache__database *db)
{
    cache__outcome outcome = step(db, db->begin);
    return outcome == CACHE_DONE ? finish(db, step(db, db->clear)) : outcome;
}

cache__outcome cache__database_shorten_log(cache__database *db)
{
    int code = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return cache__database_outcome(db, code, "shortening the log");
}
