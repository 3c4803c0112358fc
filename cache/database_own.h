/* What database*.c and maintain.c share: SQLite's handles. Nobody else includes this. */
#ifndef GTE_CACHE_DATABASE_OWN_H
#define GTE_CACHE_DATABASE_OWN_H

#include <sqlite3.h>

#include "database.h"

/* "gteC": SQLite keeps it in the header, for file(1) and for us. */
#define CACHE_APPLICATION_ID 0x67746543
#define CACHE_SCHEMA_VERSION 1
#define CACHE_PAGE_SIZE 4096 /* 8192 and 16384 read 20 and 30 % fewer rows a second */

/* x: cache__checksum; at: seconds since 1970. Rows are appended, so the smallest id is the oldest;
 * a rowid table writes four times as fast as one WITHOUT ROWID here. */
#define CACHE_TABLE                                                                                \
    "CREATE TABLE r(id INTEGER PRIMARY KEY, k BLOB NOT NULL UNIQUE, at INTEGER NOT NULL, "         \
    "x INTEGER NOT NULL, v BLOB NOT NULL)"

struct cache__database {
    sqlite3 *handle;
    sqlite3_stmt *begin, *commit, *rollback;
    sqlite3_stmt *get; /* to read */
    /* to write */
    sqlite3_stmt *insert, *evict, *page_count, *free_count, *first_id, *last_id, *clear;
    char reason[CACHE_REASON_SIZE];
};

/* The outcome of a result code; a failure leaves its reason in db->reason. */
cache__outcome cache__database_outcome(cache__database *db, int code, const char *doing);

/* Runs statements that give no rows. */
cache__outcome cache__database_run(cache__database *db, const char *sql);

/* The first column of the first row. */
cache__outcome cache__database_number(cache__database *db, sqlite3_stmt *statement, int64_t *out);

/* SQLite's reader of the file itself: its first 100 bytes. CACHE_DONE: a cache of this version. */
cache__outcome cache__database_probe(cache__database *db);

#endif
