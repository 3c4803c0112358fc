/* The cache as its users see it: keys, both tiers, bounds, what outlives the process. Faults of the
 * file are test_cache_faults.c's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache_support.h"
#include "support.h"

static void keys_of_scopes_differ(const gte_cache_scope *scopes, size_t n)
{
    gte_cache_key keys[32];
    for (size_t i = 0; i < n; i++) gte_cache_key_of(&scopes[i], gte_text_of("x"), &keys[i]);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            CU_ASSERT_NOT_EQUAL(memcmp(&keys[i], &keys[j], sizeof keys[i]), 0);
}

static void test_scope(void)
{
    gte_cache_scope s[9];
    gte_cache_scope_init(&s[0], "ab", "embed", "opt", 3, 384, 1);
    gte_cache_scope_init(&s[1], "ac", "embed", "opt", 3, 384, 1);
    gte_cache_scope_init(&s[2], "ab", "embee", "opt", 3, 384, 1);
    gte_cache_scope_init(&s[3], "ab", "embed", "opu", 3, 384, 1);
    gte_cache_scope_init(&s[4], "ab", "embed", "opt", 3, 385, 1);
    gte_cache_scope_init(&s[5], "ab", "embed", "opt", 3, 384, 2);
    gte_cache_scope_init(&s[6], "a", "bembed", "opt", 3, 384, 1); /* parts are kept apart */
    gte_cache_scope_init(&s[7], "ab", "embedo", "pt", 2, 384, 1);
    gte_cache_scope_init(&s[8], "ab", "embed", NULL, 0, 384, 1);
    keys_of_scopes_differ(s, 9);
    gte_cache_scope_init(&s[1], NULL, "", NULL, 0, 0, 0);
    gte_cache_scope_init(&s[2], "", NULL, "", 0, 0, 0);
    CU_ASSERT_EQUAL(memcmp(&s[1], &s[2], sizeof s[1]), 0);
}

static void test_scope_vectors(void)
{
    gte_model_info model = {.hidden_size = 384, .pooling = GTE_POOLING_MEAN, .sha256 = "00ff"};
    gte_embed_options options = GTE_EMBED_OPTIONS_INIT;
    gte_cache_scope s[8], same;
    gte_cache_scope_vectors(&s[0], &model, NULL, NULL);
    gte_cache_scope_vectors(&same, &model, &options, "");
    CU_ASSERT_EQUAL(memcmp(&s[0], &same, sizeof same), 0);
    options.dims = 384;
    options.pooling = GTE_POOLING_MEAN;
    gte_cache_scope_vectors(&same, &model, &options, NULL);
    CU_ASSERT_EQUAL(memcmp(&s[0], &same, sizeof same), 0);
    options.dims = 64;
    gte_cache_scope_vectors(&s[1], &model, &options, NULL);
    options.dims = 384, options.pooling = GTE_POOLING_CLS;
    gte_cache_scope_vectors(&s[2], &model, &options, NULL);
    options.no_normalize = 1;
    gte_cache_scope_vectors(&s[3], &model, &options, NULL);
    options.flags = GTE_SPECIAL_AS_TEXT;
    gte_cache_scope_vectors(&s[4], &model, &options, NULL);
    gte_cache_scope_vectors(&s[5], &model, NULL, "avx2 packed");
    gte_cache_scope_vectors(&s[6], &model, NULL, "avx512 packed");
    model.sha256[0] = '1';
    gte_cache_scope_vectors(&s[7], &model, NULL, NULL);
    keys_of_scopes_differ(s, 8);
}

static void test_key(void)
{
    gte_cache_scope scope;
    gte_cache_key keys[200];
    static char text[200];
    gte_text texts[] = {{"ab", 2, NULL, 0},   {"a", 1, NULL, 0},   {"", 0, NULL, 0},
                        {"ab", 2, "", 0},     {"a", 1, "b", 1},    {"", 0, "ab", 2},
                        {"ab\0", 3, NULL, 0}, {"\0ab", 3, NULL, 0}};
    enum { FEW = sizeof texts / sizeof *texts, ALL = FEW + 150 };
    gte_cache_scope_init(&scope, "model", "embed", NULL, 0, 0, 0);
    for (size_t i = 0; i < FEW; i++) gte_cache_key_of(&scope, texts[i], &keys[i]);
    /* lengths around the blocks of SHA-256 */
    for (size_t i = FEW; i < ALL; i++)
        gte_cache_key_of(&scope, (gte_text){text, i, NULL, 0}, &keys[i]);
    for (size_t i = 0; i < ALL; i++)
        for (size_t j = 0; j < i; j++)
            CU_ASSERT_NOT_EQUAL(memcmp(&keys[i], &keys[j], sizeof keys[i]), 0);
}

static void test_finite(void)
{
    float v[5] = {1, -2, 0, 3e38f, -1e-45f};
    CU_ASSERT_EQUAL(gte_cache_finite(v, 5), 1);
    CU_ASSERT_EQUAL(gte_cache_finite(NULL, 0), 1);
    v[4] = NAN;
    CU_ASSERT_EQUAL(gte_cache_finite(v, 5), 0);
    CU_ASSERT_EQUAL(gte_cache_finite(v, 4), 1);
    v[0] = -INFINITY;
    CU_ASSERT_EQUAL(gte_cache_finite(v, 4), 0);
}

static void test_arguments(void)
{
    gte_cache *cache = (gte_cache *)1;
    gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
    gte_error err;
    gte_cache_key key = {{0}};
    size_t size = 9;
    options.struct_size = 0;
    CU_ASSERT_EQUAL(gte_cache_open(&cache, &options, &err), GTE_E_ARGUMENT);
    CU_ASSERT_PTR_NULL(cache);
    options = (gte_cache_options)GTE_CACHE_OPTIONS_INIT;
    options.path = "";
    CU_ASSERT_EQUAL(gte_cache_open(&cache, &options, &err), GTE_E_ARGUMENT);
    options.path = NULL, options.disk_bytes = 1;
    CU_ASSERT_EQUAL(gte_cache_open(&cache, &options, &err), GTE_E_ARGUMENT);
    options.disk_bytes = 0, options.retry_ms = -1;
    CU_ASSERT_EQUAL(gte_cache_open(&cache, &options, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte_cache_open(NULL, NULL, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte_cache_get(NULL, &key, NULL, 0, &size), GTE_CACHE_MISS);
    CU_ASSERT_EQUAL(size, 0);
    gte_cache_put(NULL, &key, "x", 1);
    CU_ASSERT_EQUAL(gte_cache_flush(NULL, 0, &err), GTE_E_ARGUMENT);
    gte_cache_close(&cache);
    gte_cache_close(NULL);
}

/* Values of many sizes through a cache, with the file or without. */
static void put_and_get(gte_cache *cache)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, 3072, 8191, 8192, 100000, 1 << 20};
    static unsigned char out[1 << 20];
    size_t size;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        gte_cache_key key = cache_key(i);
        CU_ASSERT_EQUAL(gte_cache_get(cache, &key, out, sizeof out, &size), GTE_CACHE_MISS);
        cache_put(cache, i, sizes[i]);
        CU_ASSERT_EQUAL(gte_cache_get(cache, &key, out, sizes[i], &size), GTE_CACHE_HIT);
        CU_ASSERT_EQUAL(size, sizes[i]);
        CU_ASSERT_TRUE(cache_is_value(i, out, size));
        if (!sizes[i]) continue;
        memset(out, 0x55, sizes[i]);
        CU_ASSERT_EQUAL(gte_cache_get(cache, &key, out, sizes[i] - 1, &size), GTE_CACHE_SMALL);
        CU_ASSERT_EQUAL(size, sizes[i]);
        CU_ASSERT_EQUAL(out[0], 0x55);
    }
    gte_cache_key key = cache_key(0);
    gte_cache_put(cache, &key, "new", 3);
    CU_ASSERT_EQUAL(gte_cache_get(cache, &key, out, sizeof out, &size), GTE_CACHE_HIT);
    CU_ASSERT_EQUAL(size, 3);
    CU_ASSERT_EQUAL(memcmp(out, "new", 3), 0);
    gte_cache_put(cache, &key, out, (1 << 20) + 1);
    CU_ASSERT_EQUAL(cache_counts(cache).refused, 1);
}

static void test_memory(void)
{
    gte_cache *cache = cache_open(NULL, NULL);
    gte_error err;
    CU_ASSERT_EQUAL(cache_counts(cache).state, GTE_CACHE_MEMORY_ONLY);
    put_and_get(cache);
    CU_ASSERT_EQUAL(gte_cache_flush(cache, 0, &err), GTE_OK);
    CU_ASSERT_EQUAL(gte_cache_clear(cache, &err), GTE_OK);
    CU_ASSERT_EQUAL(cache_counts(cache).memory_entries, 0);
    CU_ASSERT_EQUAL(cache_counts(cache).memory_bytes, 0);
    gte_cache_close(&cache);
    CU_ASSERT_PTR_NULL(cache);
}

/* The bound holds at every moment, whatever comes; a scan does not push out what is asked for. */
static void test_memory_bound(void)
{
    enum { BYTES = 4 << 20, HOT = 200 };
    gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
    options.memory_bytes = BYTES;
    gte_cache *cache = cache_open(NULL, &options);
    uint64_t seed = 7;
    size_t kept = 0;
    for (size_t i = 0; i < 30000; i++) {
        cache_put(cache, 1000 + i, support_random(&seed) % 3000);
        if (i < HOT) cache_put(cache, i, 1000);
        for (size_t hot = 0; i % 100 == 99 && hot < HOT; hot++) cache_check(cache, hot, 1000);
        if (i % 1000 == 0) CU_ASSERT_TRUE(cache_counts(cache).memory_bytes <= BYTES);
    }
    for (size_t hot = 0; hot < HOT; hot++) kept += cache_check(cache, hot, 1000);
    CU_ASSERT_EQUAL(kept, HOT);
    gte_cache_counts counts = cache_counts(cache);
    CU_ASSERT_TRUE(counts.memory_bytes > BYTES * 3 / 4);
    CU_ASSERT_TRUE(counts.evicted_memory > 20000);
    gte_cache_close(&cache);
}

static void test_file(void)
{
    const char *path = support_tmp_path("plain");
    struct stat st;
    gte_error err;
    gte_cache *cache = cache_open(path, NULL);
    if (cache_without_sqlite(cache)) return;
    CU_ASSERT_EQUAL(cache_counts(cache).state, GTE_CACHE_OK);
    put_and_get(cache);
    for (size_t i = 100; i < 1100; i++) cache_put(cache, i, i);
    CU_ASSERT_EQUAL(gte_cache_flush(cache, 0, &err), GTE_OK);
    CU_ASSERT_EQUAL(cache_counts(cache).stored, 1011);
    CU_ASSERT_EQUAL(cache_counts(cache).dropped, 0);
    gte_cache_close(&cache);
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
    CU_ASSERT_NOT_EQUAL(access(cache_beside(path, "-wal"), F_OK), 0);
    CU_ASSERT_NOT_EQUAL(access(cache_beside(path, "-shm"), F_OK), 0);
    /* once more: from the file, then from memory */
    cache = cache_open(path, NULL);
    for (size_t turn = 0; turn < 2; turn++)
        for (size_t i = 100; i < 1100; i++) CU_ASSERT_TRUE(cache_check(cache, i, i));
    gte_cache_counts counts = cache_counts(cache);
    CU_ASSERT_EQUAL(counts.hits_disk, 1000);
    CU_ASSERT_EQUAL(counts.hits_memory, 1000);
    CU_ASSERT_EQUAL(gte_cache_clear(cache, &err), GTE_OK);
    for (size_t i = 100; i < 1100; i++) CU_ASSERT_FALSE(cache_check(cache, i, i));
    gte_cache_close(&cache);
}

/* Far more than the file may hold: it stays within its bound, and the newest rows are there. */
static void fill_over(const char *path, uint64_t bytes, size_t newest)
{
    enum { ROWS = 6000, ROW = 3072 };
    struct stat st;
    gte_error err;
    size_t kept = 0;
    gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
    options.disk_bytes = bytes;
    options.memory_bytes = GTE_CACHE_NONE;
    gte_cache *cache = cache_open(path, &options);
    if (cache_without_sqlite(cache)) return;
    for (size_t i = 0; i < ROWS; i++) {
        cache_put(cache, i, ROW);
        if (i % 500 == 499) CU_ASSERT_EQUAL(gte_cache_flush(cache, 0, &err), GTE_OK);
    }
    CU_ASSERT_TRUE(cache_counts(cache).evicted_disk > ROWS / 2);
    CU_ASSERT_TRUE(cache_counts(cache).disk_bytes <= bytes);
    for (size_t i = ROWS - newest; i < ROWS; i++) CU_ASSERT_TRUE(cache_check(cache, i, ROW));
    for (size_t i = 0; i < ROWS; i++) kept += cache_check(cache, i, ROW);
    CU_ASSERT_TRUE(kept < bytes / ROW);
    gte_cache_close(&cache);
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_TRUE((uint64_t)st.st_size <= bytes);
}

static void test_file_bound(void)
{
    fill_over(support_tmp_path("bound"), 4 << 20, 500);
    fill_over(support_tmp_path("least"), 1 << 20, 30); /* less than a usual batch */
}

/* What a queue cannot hold is dropped and told, and the rest is stored. */
static void test_queue_bound(void)
{
    gte_error err;
    gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
    options.queue_bytes = 64 << 10;
    gte_cache *cache = cache_open(support_tmp_path("queue"), &options);
    if (cache_without_sqlite(cache)) return;
    for (size_t i = 0; i < 2000; i++) cache_put(cache, i, 3000);
    CU_ASSERT_TRUE(cache_counts(cache).queued_bytes <= options.queue_bytes);
    CU_ASSERT_EQUAL(gte_cache_flush(cache, 0, &err), GTE_E_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "the queue was full"));
    gte_cache_counts counts = cache_counts(cache);
    CU_ASSERT_TRUE(counts.dropped > 0);
    CU_ASSERT_EQUAL(counts.dropped + counts.stored, 2000);
    CU_ASSERT_EQUAL(gte_cache_flush(cache, 0, &err), GTE_OK); /* told once */
    gte_cache_close(&cache);
}

/* A child of fork: misses, and its close leaves the parent's cache alone. */
static void test_fork(void)
{
    const char *path = support_tmp_path("fork");
    int status = -1;
    gte_error err;
    gte_cache *cache = cache_open(path, NULL);
    if (cache_without_sqlite(cache)) return;
    cache_put(cache, 1, 100);
    CU_ASSERT_EQUAL(gte_cache_flush(cache, 0, &err), GTE_OK);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int bad = cache_check(cache, 1, 100);
        cache_put(cache, 2, 100);
        gte_cache_close(&cache);
        cache = cache_open(path, NULL); /* one of its own */
        bad |= !cache_check(cache, 1, 100) << 1;
        gte_cache_close(&cache);
        _exit(bad);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_TRUE(cache_check(cache, 1, 100));
    CU_ASSERT_FALSE(cache_check(cache, 2, 100));
    cache_put(cache, 3, 100);
    CU_ASSERT_EQUAL(gte_cache_flush(cache, 0, &err), GTE_OK);
    gte_cache_close(&cache);
}

int main(void)
{
    static const support_case cases[] = {
        {"scopes differ by each part", test_scope},
        {"scopes of vectors", test_scope_vectors},
        {"keys differ by every byte", test_key},
        {"finite vectors", test_finite},
        {"arguments", test_arguments},
        {"memory alone", test_memory},
        {"the memory's bound", test_memory_bound},
        {"a file", test_file},
        {"the file's bound", test_file_bound},
        {"the queue's bound", test_queue_bound},
        {"fork", test_fork},
    };
    return SUPPORT_MAIN("cache", cases);
}
