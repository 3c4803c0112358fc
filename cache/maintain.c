/* gte_cache_file_*: what is done to a file as a whole, beside the processes that use it. Unlike a
 * gte_cache these fail, and say why. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "checksum.h"
#include "database_own.h"
#include "file_place.h"

enum { PATIENCE_MS = 5000 };

typedef struct opened {
    cache__database *db;
    char path[CACHE_PATH_SIZE];
    cache__file_id id;
} opened;

static gte_status status_of(cache__outcome outcome)
{
    switch (outcome) {
    case CACHE_DONE:
        return GTE_OK;
    case CACHE_FOREIGN_FILE:
        return GTE_E_FORMAT;
    case CACHE_DAMAGED:
        return GTE_E_CHECKSUM;
    case CACHE_OTHER_VERSION:
        return GTE_E_VERSION;
    case CACHE_NO_MEMORY:
        return GTE_E_MEMORY;
    default:
        return GTE_E_IO;
    }
}

static gte_status open_file(opened *o, const char *path, cache__purpose purpose, gte_error *err)
{
    char reason[CACHE_REASON_SIZE];
    memset(o, 0, sizeof *o);
    if (!path || !*path) return gte__fail(err, GTE_E_ARGUMENT, 0, "no path was given");
    if (!cache__place_name(path, o->path))
        return gte__fail(err, GTE_E_IO, 0, "%s: its folder is not there", path);
    int there = cache__place_look(o->path, &o->id);
    if (there == 0) return gte__fail(err, GTE_E_IO, 0, "%s: there is no such file", path);
    if (there < 0) return gte__fail(err, GTE_E_FORMAT, 0, "%s: not a regular file", path);
    cache__outcome outcome = cache__database_open(&o->db, o->path, purpose, reason);
    if (outcome == CACHE_NOT_THERE) outcome = CACHE_FOREIGN_FILE; /* empty */
    if (outcome != CACHE_DONE) return gte__fail(err, status_of(outcome), 0, "%s: %s", path, reason);
    sqlite3_busy_timeout(o->db->handle, PATIENCE_MS);
    return GTE_OK;
}

/* Without the log that opening has made, if nobody else needs it. */
static gte_status close_file(opened *o, const char *path, cache__outcome outcome, gte_error *err)
{
    cache__file_id now;
    gte_status status = gte__ok(err);
    if (outcome != CACHE_DONE)
        status = gte__fail(err, status_of(outcome), 0, "%s: %s", path, o->db->reason);
    if (cache__place_look(o->path, &now) == 1 && cache__place_same(&now, &o->id))
        cache__database_tidy(o->db);
    cache__database_close(o->db);
    return status;
}

/* The numbers that a statement gives in its one row. */
static cache__outcome query(cache__database *db, const char *sql, int64_t *out, int columns)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    for (int i = 0; i < columns; i++)
        out[i] = code == SQLITE_ROW ? sqlite3_column_int64(statement, i) : 0;
    cache__outcome outcome = cache__database_outcome(db, code, "reading");
    sqlite3_finalize(statement);
    return outcome;
}

static cache__outcome describe(opened *o, gte_cache_file_info *out)
{
    char log[CACHE_NAME_SIZE];
    struct stat st;
    int64_t rows[4], unused = 0;
    cache__outcome outcome =
        query(o->db, "SELECT count(*), total(length(v)), min(at), max(at) FROM r", rows, 4);
    if (outcome == CACHE_DONE) outcome = query(o->db, "PRAGMA freelist_count", &unused, 1);
    out->rows = (uint64_t)rows[0];
    out->value_bytes = (uint64_t)rows[1];
    out->oldest = rows[2];
    out->newest = rows[3];
    out->free_bytes = (uint64_t)unused * CACHE_PAGE_SIZE;
    if (stat(o->path, &st) == 0) out->file_bytes = (uint64_t)st.st_size;
    snprintf(log, sizeof log, "%s-wal", o->path);
    if (stat(log, &st) == 0) out->log_bytes = (uint64_t)st.st_size;
    return outcome;
}

static void give(const gte_cache_file_info *info, gte_cache_file_info *out, size_t size)
{
    if (out) memcpy(out, info, size < sizeof *info ? size : sizeof *info);
}

gte_status gte_cache_file_describe(const char *path, gte_cache_file_info *out, size_t size,
                                   gte_error *err)
{
    opened o;
    gte_cache_file_info info = {0};
    gte_status status = open_file(&o, path, CACHE_TO_READ, err);
    if (status == GTE_OK) status = close_file(&o, path, describe(&o, &info), err);
    give(&info, out, size);
    /* a checksum is gte_cache_file_verify's to judge */
    if (status == GTE_E_CHECKSUM && err) err->status = GTE_E_FORMAT;
    return status == GTE_E_CHECKSUM ? GTE_E_FORMAT : status;
}

/* SQLite's own look at every page and at the index. */
static cache__outcome check_pages(cache__database *db)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db->handle, "PRAGMA integrity_check(1)", -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    cache__outcome outcome = cache__database_outcome(db, code, "reading");
    const char *found = code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : "ok";
    if (outcome == CACHE_DONE && (!found || strcmp(found, "ok") != 0)) {
        snprintf(db->reason, sizeof db->reason, "damaged: %s", found ? found : "");
        outcome = CACHE_DAMAGED;
    }
    sqlite3_finalize(statement);
    return outcome;
}

static bool row_is_whole(sqlite3_stmt *row)
{
    gte_cache_key key;
    const void *k = sqlite3_column_blob(row, 0), *v = sqlite3_column_blob(row, 2);
    size_t size = (size_t)sqlite3_column_bytes(row, 2);
    if (!k || (size_t)sqlite3_column_bytes(row, 0) != sizeof key) return false;
    memcpy(key.bytes, k, sizeof key);
    return (uint64_t)sqlite3_column_int64(row, 1) == cache__checksum(&key, v, size);
}

static cache__outcome check_rows(cache__database *db, uint64_t *damaged)
{
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(db->handle, "SELECT k, x, v FROM r", -1, &row, NULL);
    if (code == SQLITE_OK)
        while ((code = sqlite3_step(row)) == SQLITE_ROW) *damaged += !row_is_whole(row);
    cache__outcome outcome = cache__database_outcome(db, code, "reading");
    sqlite3_finalize(row);
    if (outcome == CACHE_DONE && *damaged) {
        snprintf(db->reason, sizeof db->reason, "%llu damaged rows", (unsigned long long)*damaged);
        outcome = CACHE_DAMAGED;
    }
    return outcome;
}

gte_status gte_cache_file_verify(const char *path, gte_cache_file_info *out, size_t size,
                                 gte_error *err)
{
    opened o;
    gte_cache_file_info info = {0};
    gte_status status = open_file(&o, path, CACHE_TO_READ, err);
    if (status == GTE_OK) {
        cache__outcome outcome = describe(&o, &info);
        if (outcome == CACHE_DONE) outcome = check_pages(o.db);
        if (outcome == CACHE_DONE) outcome = check_rows(o.db, &info.damaged_rows);
        status = close_file(&o, path, outcome, err);
    }
    give(&info, out, size);
    return status;
}

gte_status gte_cache_file_purge(const char *path, int64_t before, uint64_t *removed, gte_error *err)
{
    opened o;
    char sql[96];
    if (removed) *removed = 0;
    gte_status status = open_file(&o, path, CACHE_TO_WRITE, err);
    if (status != GTE_OK) return status;
    /* not the bare DELETE, which leaves the pages as they are */
    snprintf(sql, sizeof sql, "DELETE FROM r WHERE at < %lld",
             before ? (long long)before : (long long)INT64_MAX);
    cache__outcome outcome = cache__database_run(o.db, "PRAGMA secure_delete=ON");
    if (outcome == CACHE_DONE) outcome = cache__database_run(o.db, sql);
    if (outcome == CACHE_DONE && removed) *removed = (uint64_t)sqlite3_changes(o.db->handle);
    if (outcome == CACHE_DONE)
        cache__database_shorten_log(o.db); /* what was overwritten is there */
    return close_file(&o, path, outcome, err);
}

gte_status gte_cache_file_vacuum(const char *path, gte_error *err)
{
    opened o;
    gte_status status = open_file(&o, path, CACHE_TO_WRITE, err);
    if (status != GTE_OK) return status;
    cache__outcome outcome = cache__database_run(o.db, "VACUUM");
    if (outcome == CACHE_DONE) cache__database_shorten_log(o.db);
    return close_file(&o, path, outcome, err);
}
