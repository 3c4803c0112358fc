/* Each request of the cache for memory or a thread made to fail in turn, then each of SQLite's: a
 * status or a miss every time, nothing left behind, and no wrong answer. */
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache_support.h"
#include "oom/failing.h"
#include "support.h"

enum { MOST_REQUESTS = 5000, ROWS = 12 };

/* ---- SQLite's memory -------------------------------------------------------------- */

static sqlite3_mem_methods real;
static atomic_size_t requests, failing; /* failing 0: none */

static bool fails(void)
{
    return atomic_fetch_add(&requests, 1) + 1 == failing;
}

static void *sqlite_malloc(int size)
{
    return fails() ? NULL : real.xMalloc(size);
}

static void *sqlite_realloc(void *p, int size)
{
    return fails() ? NULL : real.xRealloc(p, size);
}

static void test_prepare(void)
{
    CU_ASSERT_EQUAL_FATAL(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real), SQLITE_OK);
    sqlite3_mem_methods ours = real;
    ours.xMalloc = sqlite_malloc;
    ours.xRealloc = sqlite_realloc;
    CU_ASSERT_EQUAL_FATAL(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_initialize(), SQLITE_OK);
}

/* ---- one life of a cache ------------------------------------------------------------ */

/* Open, put, flush, get, clear, close. `path` NULL: memory alone. False: it did not open. */
static bool live(const char *path)
{
    gte_cache *cache = NULL;
    gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
    gte_error err = {0};
    options.path = path;
    options.memory_bytes = path ? GTE_CACHE_NONE : 1 << 20;
    options.retry_ms = 5;
    gte_status status = gte_cache_open(&cache, &options, &err);
    CU_ASSERT_EQUAL(status == GTE_OK, cache != NULL);
    CU_ASSERT_EQUAL(err.status, status);
    if (status != GTE_OK) {
        CU_ASSERT_EQUAL(status, GTE_E_MEMORY);
        return false;
    }
    for (size_t i = 0; i < ROWS; i++) cache_put(cache, i, 100 + i * 300);
    status = gte_cache_flush(cache, 0, &err);
    CU_ASSERT_TRUE(status == GTE_OK || status == GTE_E_IO);
    for (size_t i = 0; i < ROWS; i++) cache_check(cache, i, 100 + i * 300);
    status = gte_cache_clear(cache, &err);
    CU_ASSERT_TRUE(status == GTE_OK || status == GTE_E_IO);
    gte_cache_close(&cache);
    return true;
}

static void exhaust(const char *name, const char *path)
{
    size_t n, refused = 0;
    for (n = 1; n < MOST_REQUESTS; n++) {
        failing_arm(n);
        refused += !live(path);
        failing_disarm();
        if (!failing_happened()) break;
    }
    CU_ASSERT_TRUE(n > 5 && n < MOST_REQUESTS);
    CU_ASSERT_TRUE(refused >= 3);
    printf("\n    %s: %zu requests, %zu of them refused to open", name, n - 1, refused);
}

static void test_memory(void)
{
    exhaust("memory", NULL);
}

static void test_file(void)
{
    exhaust("a file", support_tmp_path("ours"));
}

static void test_sqlite(void)
{
    const char *path = support_tmp_path("sqlite");
    size_t n, step;
    CU_ASSERT_TRUE(live(path));
    requests = 0;
    CU_ASSERT_TRUE(live(path));
    size_t all = requests;
    for (n = 1; n < all * 2; n += step) {
        requests = 0;
        failing = n;
        CU_ASSERT_TRUE(live(path)); /* SQLite's failures are never ours */
        if (requests < n) break;
        step = n < 1000 ? 1 : 1 + n / 200;
    }
    failing = 0;
    CU_ASSERT_TRUE(all > 100 && n < all * 2);
    printf("\n    SQLite: %zu requests, the %zu first failed in turn", all, n);
    CU_ASSERT_EQUAL(gte_cache_file_verify(path, NULL, 0, NULL), GTE_OK);
}

int main(void)
{
    static const support_case cases[] = {
        {"prepare", test_prepare},
        {"memory alone", test_memory},
        {"a file", test_file},
        {"SQLite's own requests", test_sqlite},
    };
    return SUPPORT_MAIN("cache: allocation failures", cases);
}
