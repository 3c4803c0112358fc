/* Numbered keys and values; see cache_support.h. Nothing here asks for memory, so that a test can
 * make all requests of the cache fail. */
#include "cache_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support.h"

enum { MOST = 1 << 20 };

gte_cache_key cache_key(size_t number)
{
    static const char task[] = "test";
    gte_cache_scope scope;
    gte_cache_key key;
    gte_cache_scope_init(&scope, "", task, NULL, 0, 0, 0);
    gte_cache_key_of(&scope, (gte_text){(const char *)&number, sizeof number, NULL, 0}, &key);
    return key;
}

static void fill(size_t number, unsigned char *out, size_t size)
{
    uint64_t state = (number + 1) * 0x9e3779b97f4a7c15u ^ size;
    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = support_random(&state);
        memcpy(out + i, &word, size - i < 8 ? size - i : 8);
    }
}

bool cache_is_value(size_t number, const void *bytes, size_t size)
{
    static _Thread_local unsigned char expected[MOST];
    fill(number, expected, size);
    return memcmp(expected, bytes, size) == 0;
}

gte_cache *cache_open(const char *path, const gte_cache_options *options)
{
    gte_cache *cache = NULL;
    gte_error err;
    gte_cache_options o = GTE_CACHE_OPTIONS_INIT;
    if (options) o = *options;
    o.path = path;
    gte_status status = gte_cache_open(&cache, &o, &err);
    if (status != GTE_OK) fprintf(stderr, "%s: %s\n", path ? path : "memory", err.message);
    CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
    return cache;
}

bool cache_without_sqlite(gte_cache *cache)
{
    if (gte_cache_file_describe("/", NULL, 0, NULL) != GTE_E_UNSUPPORTED) return false;
    support_skip("built without SQLite");
    gte_cache_close(&cache);
    return true;
}

void cache_put(gte_cache *cache, size_t number, size_t size)
{
    static _Thread_local unsigned char bytes[MOST];
    gte_cache_key key = cache_key(number);
    fill(number, bytes, size);
    gte_cache_put(cache, &key, bytes, size);
}

bool cache_check(gte_cache *cache, size_t number, size_t size)
{
    static _Thread_local unsigned char bytes[MOST];
    gte_cache_key key = cache_key(number);
    size_t got = 0;
    gte_cache_answer answer = gte_cache_get(cache, &key, bytes, sizeof bytes, &got);
    if (answer != GTE_CACHE_MISS) {
        CU_ASSERT_EQUAL(answer, GTE_CACHE_HIT);
        CU_ASSERT_EQUAL(got, size);
        CU_ASSERT_TRUE(cache_is_value(number, bytes, got));
    }
    return answer != GTE_CACHE_MISS;
}

gte_cache_counts cache_counts(gte_cache *cache)
{
    gte_cache_counts counts;
    gte_cache_stats(cache, &counts, sizeof counts);
    return counts;
}

bool cache_wait_state(gte_cache *cache, gte_cache_state state)
{
    const struct timespec pause = {0, 5 * 1000 * 1000};
    for (int i = 0; i < 2000; i++) {
        if (cache_counts(cache).state == state) return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

const char *cache_beside(const char *path, const char *tail)
{
    static char name[4200];
    snprintf(name, sizeof name, "%s%s", path, tail);
    return name;
}
