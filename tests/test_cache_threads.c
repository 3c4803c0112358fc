/* Many threads on one cache, memory small, while the file is taken away and put back: every answer
 * is right. For ThreadSanitizer above all. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache_support.h"
#include "support.h"

enum { THREADS = 6, KEYS = 400, TURNS = 3000, MOST = 4096 };

static gte_cache *cache;
static atomic_size_t wrong, hits;
static atomic_bool stop;
static char path[1024];

static size_t size_of(size_t number)
{
    return number * 7 % MOST;
}

/* CUnit counts in no safe way from many threads: they count for themselves. */
static void get(size_t number)
{
    unsigned char bytes[MOST];
    gte_cache_key key = cache_key(number);
    size_t size;
    gte_cache_answer answer = gte_cache_get(cache, &key, bytes, sizeof bytes, &size);
    if (answer == GTE_CACHE_MISS) return;
    hits++;
    if (answer != GTE_CACHE_HIT || size != size_of(number) || !cache_is_value(number, bytes, size))
        wrong++;
}

static void *use(void *arg)
{
    uint64_t seed = (uintptr_t)arg + 1;
    gte_error err;
    for (size_t i = 0; i < TURNS; i++) {
        size_t number = support_random(&seed) % KEYS;
        if (support_random(&seed) % 3)
            get(number);
        else
            cache_put(cache, number, size_of(number));
        if (i % 500 == 499) gte_cache_flush(cache, 0, &err);
        if (i % 1000 == 999) gte_cache_clear(cache, &err);
        if (i % 100 == 0) cache_counts(cache);
    }
    return NULL;
}

static void *disturb(void *arg)
{
    while (!stop) {
        unlink(path);
        usleep(30000);
    }
    return arg;
}

static void run(bool with_file, bool disturbed)
{
    pthread_t threads[THREADS], other;
    gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
    options.memory_bytes = 256 << 10;
    options.retry_ms = 10;
    snprintf(path, sizeof path, "%s", support_tmp_path("threads-%d", disturbed));
    cache = cache_open(with_file ? path : NULL, &options);
    wrong = hits = 0;
    stop = false;
    if (disturbed) CU_ASSERT_EQUAL_FATAL(pthread_create(&other, NULL, disturb, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, use, (void *)(uintptr_t)i), 0);
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    stop = true;
    if (disturbed) pthread_join(other, NULL);
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(hits > TURNS / 4);
    gte_cache_close(&cache);
}

static void test_memory(void)
{
    run(false, false);
}
static void test_file(void)
{
    run(true, false);
}
static void test_disturbed(void)
{
    run(true, true);
}

int main(void)
{
    static const support_case cases[] = {
        {"memory alone", test_memory},
        {"with a file", test_file},
        {"the file is taken away", test_disturbed},
    };
    return SUPPORT_MAIN("cache: threads", cases);
}
