/* Opening a connection: what kind of file it is, the settings, the statements. Reading and writing
 * rows are database.c's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "database_own.h"
#include "file_place.h"

/* synchronous NORMAL: a commit survives the end of the process, not always a power failure.
 * mmap_size 0: a file cut short under a mapping is SIGBUS, under pread an error. */
static const char settings[] =
    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA synchronous=NORMAL;"
    "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA cache_size=-4096;"
    "PRAGMA journal_size_limit=16777216; PRAGMA wal_autocheckpoint=1000;";

enum { WRITER_BUSY_MS = 100 };

cache__outcome cache__database_outcome(cache__database *db, int code, const char *doing)
{
    int kind = code & 0xff;
    if (kind == SQLITE_OK || kind == SQLITE_ROW || kind == SQLITE_DONE) return CACHE_DONE;
    snprintf(db->reason, sizeof db->reason, "%s: %s", doing,
             db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code));
    switch (kind) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return CACHE_BUSY;
    case SQLITE_FULL:
        return CACHE_FULL;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return CACHE_NO_WRITE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return CACHE_DAMAGED;
    case SQLITE_NOMEM:
        return CACHE_NO_MEMORY;
    }
    return CACHE_FAULT;
}

cache__outcome cache__database_run(cache__database *db, const char *sql)
{
    return cache__database_outcome(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL), sql);
}

cache__outcome cache__database_number(cache__database *db, sqlite3_stmt *statement, int64_t *out)
{
    int code = sqlite3_step(statement);
    *out = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    cache__outcome outcome = cache__database_outcome(db, code, sqlite3_sql(statement));
    sqlite3_reset(statement);
    return outcome;
}

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static cache__outcome refuse(cache__database *db, cache__outcome outcome, const char *reason)
{
    snprintf(db->reason, sizeof db->reason, "%s", reason);
    return outcome;
}

/* Through SQLite's own descriptor: closing one of ours would drop the locks that other connections
 * of this process hold on the file (POSIX). */
cache__outcome cache__database_probe(cache__database *db)
{
    unsigned char header[100];
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    int code = sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code != SQLITE_OK || !file || !file->pMethods)
        return refuse(db, CACHE_FAULT, "the file cannot be opened");
    code = file->pMethods->xFileSize(file, &size);
    if (code == SQLITE_OK && size < (sqlite3_int64)sizeof header)
        return refuse(db, size ? CACHE_FOREIGN_FILE : CACHE_NOT_THERE,
                      size ? "not a cache of gte" : "an empty file");
    if (code == SQLITE_OK) code = file->pMethods->xRead(file, header, sizeof header, 0);
    if (code != SQLITE_OK) return cache__database_outcome(db, code, "reading the file");
    if (memcmp(header, "SQLite format 3", 16) != 0 ||
        big_endian(header + 68) != CACHE_APPLICATION_ID)
        return refuse(db, CACHE_FOREIGN_FILE, "not a cache of gte");
    if (big_endian(header + 60) != CACHE_SCHEMA_VERSION)
        return refuse(db, CACHE_OTHER_VERSION, "a cache of another version of gte");
    return CACHE_DONE;
}

/* Beyond the header: our table and nothing else, no triggers or views of somebody's making. */
static cache__outcome check_schema(cache__database *db)
{
    sqlite3_stmt *statement = NULL;
    const char *sql = "SELECT count(*) + 10 * sum(sql IS ?1) + 100 * sum(name LIKE 'sqlite_auto%')"
                      " FROM sqlite_schema";
    int64_t found;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_bind_text(statement, 1, CACHE_TABLE, -1, SQLITE_STATIC);
    cache__outcome outcome = code == SQLITE_OK
                                 ? cache__database_number(db, statement, &found)
                                 : cache__database_outcome(db, code, "reading the schema");
    sqlite3_finalize(statement);
    if (outcome == CACHE_DONE && found != 112)
        return refuse(db, CACHE_DAMAGED, "its tables are not those of a cache");
    return outcome;
}

static cache__outcome prepare(cache__database *db, const char *sql, sqlite3_stmt **out)
{
    return cache__database_outcome(
        db, sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL), sql);
}

typedef struct wanted {
    const char *sql;
    sqlite3_stmt **out;
} wanted;

static cache__outcome prepare_all(cache__database *db, const wanted *all, size_t n)
{
    cache__outcome outcome = CACHE_DONE;
    for (size_t i = 0; i < n && outcome == CACHE_DONE; i++)
        outcome = prepare(db, all[i].sql, all[i].out);
    return outcome;
}

static cache__outcome prepare_to_read(cache__database *db)
{
    const wanted all[] = {
        {"BEGIN", &db->begin},
        {"SELECT x, v FROM r WHERE k = ?1", &db->get},
        {"COMMIT", &db->commit},
    };
    sqlite3_busy_timeout(db->handle, 0); /* who reads does not wait: it is a miss */
    return prepare_all(db, all, sizeof all / sizeof *all);
}

static cache__outcome prepare_to_write(cache__database *db)
{
    const wanted all[] = {
        /* IMMEDIATE: a transaction that becomes a writer later fails without waiting */
        {"BEGIN IMMEDIATE", &db->begin},
        {"INSERT OR REPLACE INTO r(k, at, x, v) VALUES(?1, ?2, ?3, ?4)", &db->insert},
        {"DELETE FROM r WHERE id IN (SELECT id FROM r ORDER BY id LIMIT 256)", &db->evict},
        {"COMMIT", &db->commit},
        {"ROLLBACK", &db->rollback},
        {"PRAGMA page_count", &db->page_count},
        {"PRAGMA freelist_count", &db->free_count},
        {"SELECT min(id) FROM r", &db->first_id},
        {"SELECT max(id) FROM r", &db->last_id},
        {"DELETE FROM r", &db->clear},
    };
    cache__outcome outcome = cache__database_run(db, "PRAGMA journal_mode=WAL");
    if (outcome == CACHE_DONE) outcome = prepare_all(db, all, sizeof all / sizeof *all);
    if (outcome == CACHE_DONE && sqlite3_db_readonly(db->handle, "main"))
        return refuse(db, CACHE_NO_WRITE, "the file may not be written");
    return outcome;
}

/* SQLite's handle on a file that is there. Nothing is read yet. `name` is a path or a URI. */
static cache__outcome connect(cache__database *db, const char *name, int flags)
{
    flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int code = sqlite3_open_v2(name, &db->handle, flags, NULL);
    if (code == SQLITE_OK) {
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    }
    return cache__database_outcome(db, code, "opening");
}

/* Where nothing can be made beside the file SQLite reads it only on our word that nobody changes
 * it. If somebody does, rows still prove themselves. */
static cache__outcome connect_to_still(cache__database *db, const char *path)
{
    char uri[3 * CACHE_PATH_SIZE + 32] = "file:";
    size_t used = strlen(uri);
    for (const char *p = path; *p && used < sizeof uri - 20; p++) {
        if (strchr("%?#", *p))
            used += (size_t)snprintf(uri + used, 4, "%%%02X", (unsigned char)*p);
        else
            uri[used++] = *p;
    }
    strcpy(uri + used, "?immutable=1");
    return connect(db, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

static cache__outcome open_as(cache__database *db, const char *path, cache__purpose purpose)
{
    bool still = cache__place_is_still(path);
    if (still && purpose == CACHE_TO_WRITE)
        return refuse(db, CACHE_NO_WRITE, "its folder may not be written");
    cache__outcome outcome =
        still ? connect_to_still(db, path) : connect(db, path, SQLITE_OPEN_READWRITE);
    if (outcome == CACHE_DONE) outcome = cache__database_probe(db);
    if (outcome == CACHE_DONE) {
        sqlite3_busy_timeout(db->handle, WRITER_BUSY_MS);
        outcome = cache__database_run(db, settings);
    }
    if (outcome == CACHE_DONE) outcome = check_schema(db);
    if (outcome == CACHE_DONE)
        outcome = purpose == CACHE_TO_READ ? prepare_to_read(db) : prepare_to_write(db);
    return outcome;
}

cache__outcome cache__database_open(cache__database **out, const char *path, cache__purpose purpose,
                                    char reason[CACHE_REASON_SIZE])
{
    *out = NULL;
    cache__database *db = calloc(1, sizeof *db);
    if (!db) {
        snprintf(reason, CACHE_REASON_SIZE, "out of memory");
        return CACHE_NO_MEMORY;
    }
    cache__outcome outcome = open_as(db, path, purpose);
    if (outcome == CACHE_DONE) {
        *out = db;
        return outcome;
    }
    snprintf(reason, CACHE_REASON_SIZE, "%s", db->reason);
    cache__database_close(db);
    return outcome;
}

cache__outcome cache__database_create(const char *path, char reason[CACHE_REASON_SIZE])
{
    cache__database db = {0};
    char sql[512];
    snprintf(sql, sizeof sql,
             "PRAGMA page_size=%d; BEGIN IMMEDIATE; %s;"
             "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT",
             CACHE_PAGE_SIZE, CACHE_TABLE, CACHE_APPLICATION_ID, CACHE_SCHEMA_VERSION);
    cache__outcome outcome = connect(&db, path, SQLITE_OPEN_READWRITE);
    /* Not in WAL mode yet: what the probe looks at must stand in the file, not in the log. */
    if (outcome == CACHE_DONE) outcome = cache__database_run(&db, sql);
    snprintf(reason, CACHE_REASON_SIZE, "%s", db.reason);
    sqlite3_close(db.handle);
    return outcome;
}

void cache__database_tidy(cache__database *db)
{
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
}

void cache__database_close(cache__database *db)
{
    if (!db) return;
    sqlite3_stmt *all[] = {db->get,        db->begin,    db->insert, db->evict,
                           db->commit,     db->rollback, db->clear,  db->page_count,
                           db->free_count, db->first_id, db->last_id};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) sqlite3_finalize(all[i]);
    sqlite3_close(db->handle);
    free(db);
}

bool cache__database_present(void)
{
    return true;
}

const char *cache__database_reason(const cache__database *db)
{
    return db->reason;
}
