/* In the place of database*.c and maintain.c in a build without SQLite: every file is out of use,
 * and the cache is the memory tier. */
#include <stdio.h>

#include "base/status.h"
#include "database.h"

#define WHY "built without SQLite"

bool cache__database_present(void)
{
    return false;
}

cache__outcome cache__database_open(cache__database **out, const char *path, cache__purpose purpose,
                                    char reason[CACHE_REASON_SIZE])
{
    (void)path, (void)purpose;
    *out = NULL;
    snprintf(reason, CACHE_REASON_SIZE, WHY);
    return CACHE_FAULT;
}

cache__outcome cache__database_create(const char *path, char reason[CACHE_REASON_SIZE])
{
    (void)path;
    snprintf(reason, CACHE_REASON_SIZE, WHY);
    return CACHE_FAULT;
}

void cache__database_close(cache__database *db)
{
    (void)db;
}

void cache__database_tidy(cache__database *db)
{
    (void)db;
}

cache__outcome cache__database_get(cache__database *db, const gte_cache_key *key,
                                   cache__value **out)
{
    (void)db, (void)key;
    *out = NULL;
    return CACHE_NOT_THERE;
}

cache__outcome cache__database_write(cache__database *db, const cache__value *first, uint64_t bound,
                                     cache__written *out)
{
    (void)db, (void)first, (void)bound;
    *out = (cache__written){0};
    return CACHE_FAULT;
}

cache__outcome cache__database_clear(cache__database *db)
{
    (void)db;
    return CACHE_FAULT;
}

cache__outcome cache__database_shorten_log(cache__database *db)
{
    (void)db;
    return CACHE_FAULT;
}

const char *cache__database_reason(const cache__database *db)
{
    (void)db;
    return WHY;
}

void cache__database_hold(cache__database *db)
{
    (void)db;
}

void cache__database_let_go(cache__database *db)
{
    (void)db;
}

static gte_status absent(gte_error *err)
{
    return gte__fail(err, GTE_E_UNSUPPORTED, 0, WHY);
}

gte_status gte_cache_file_describe(const char *path, gte_cache_file_info *out, size_t size,
                                   gte_error *err)
{
    (void)path, (void)out, (void)size;
    return absent(err);
}

gte_status gte_cache_file_verify(const char *path, gte_cache_file_info *out, size_t size,
                                 gte_error *err)
{
    (void)path, (void)out, (void)size;
    return absent(err);
}

gte_status gte_cache_file_purge(const char *path, int64_t before, uint64_t *removed, gte_error *err)
{
    (void)path, (void)before, (void)removed;
    return absent(err);
}

gte_status gte_cache_file_vacuum(const char *path, gte_error *err)
{
    (void)path;
    return absent(err);
}
