/* Files that are not what they should be, or not where: of another kind or version, no files at
 * all, removed or replaced while they are open, used by two processes. The cache goes on, touches
 * nothing foreign, and uses the file again when it can. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache_support.h"
#include "support.h"

static gte_cache *open_quick(const char *path)
{
    gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
    options.retry_ms = 50;
    return cache_open(path, &options);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* A cache on a file that it must not touch: works in memory, changes nothing, makes nothing beside
 * it, and takes its place when it is gone. */
static void expect_left_alone(const char *path, const char *reason)
{
    size_t before = 0, after = 0;
    char *bytes = support_read_file(path, &before);
    gte_cache *cache = open_quick(path);
    if (cache_without_sqlite(cache)) return free(bytes);
    CU_ASSERT_EQUAL(cache_counts(cache).state, GTE_CACHE_FOREIGN);
    CU_ASSERT_PTR_NOT_NULL(strstr(cache_counts(cache).fault, reason));
    cache_put(cache, 1, 100);
    CU_ASSERT_TRUE(cache_check(cache, 1, 100));
    usleep(120000); /* it has looked again */
    CU_ASSERT_EQUAL(cache_counts(cache).state, GTE_CACHE_FOREIGN);
    char *still = support_read_file(path, &after);
    CU_ASSERT_TRUE(before == after && bytes && still && memcmp(bytes, still, before) == 0);
    CU_ASSERT_FALSE(exists(cache_beside(path, "-wal")));
    CU_ASSERT_FALSE(exists(cache_beside(path, "-shm")));
    CU_ASSERT_FALSE(exists(cache_beside(path, ".corrupt")));
    CU_ASSERT_EQUAL(unlink(path), 0);
    CU_ASSERT_TRUE(cache_wait_state(cache, GTE_CACHE_OK));
    CU_ASSERT_TRUE(cache_check(cache, 1, 100)); /* memory has it still */
    gte_cache_close(&cache);
    free(bytes);
    free(still);
}

static void test_other_kind(void)
{
    const char *path = support_tmp_path("text");
    char header[200] = "SQLite format 3";
    CU_ASSERT_TRUE(support_write_file(path, "a text of the user\n", 19));
    expect_left_alone(path, "not a cache of gte");
    CU_ASSERT_TRUE(support_write_file(path, header, sizeof header)); /* some other database */
    expect_left_alone(path, "not a cache of gte");
}

static void patch(const char *path, long at, int byte)
{
    FILE *f = fopen(path, "r+b");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(fseek(f, at, SEEK_SET), 0);
    fputc(byte, f);
    fclose(f);
}

static void make_cache(const char *path)
{
    gte_error err;
    gte_cache *cache = open_quick(path);
    cache_put(cache, 7, 700);
    CU_ASSERT_TRUE(gte_cache_flush(cache, 0, &err) == GTE_OK || !exists(path));
    gte_cache_close(&cache);
}

static void test_other_version(void)
{
    const char *path = support_tmp_path("version");
    make_cache(path);
    if (!exists(path)) return;
    patch(path, 63, 99); /* the last byte of user_version */
    CU_ASSERT_EQUAL(gte_cache_file_describe(path, NULL, 0, NULL), GTE_E_VERSION);
    expect_left_alone(path, "another version");
}

static void test_no_regular_file(void)
{
    const char *folder = support_tmp_path("folder"), *pipe = support_tmp_path("pipe");
    const char *odd[] = {folder, pipe, "/dev/null"};
    CU_ASSERT_EQUAL(mkdir(folder, 0700), 0);
    CU_ASSERT_EQUAL(mkfifo(pipe, 0600), 0);
    for (size_t i = 0; i < 3; i++) {
        gte_cache *cache = open_quick(odd[i]);
        if (cache_without_sqlite(cache)) return;
        CU_ASSERT_EQUAL(cache_counts(cache).state, GTE_CACHE_FOREIGN);
        cache_put(cache, 1, 100);
        CU_ASSERT_TRUE(cache_check(cache, 1, 100));
        gte_cache_close(&cache);
    }
}

/* A folder that comes later is found. */
static void test_no_folder(void)
{
    const char *path = support_tmp_path("later/cache"), *folder = support_tmp_path("later");
    gte_error err;
    gte_cache *cache = open_quick(path);
    if (cache_without_sqlite(cache)) return;
    CU_ASSERT_EQUAL(cache_counts(cache).state, GTE_CACHE_WAITING);
    cache_put(cache, 1, 100);
    CU_ASSERT_EQUAL(gte_cache_flush(cache, 0, &err), GTE_E_IO);
    CU_ASSERT_EQUAL(mkdir(folder, 0700), 0);
    CU_ASSERT_TRUE(cache_wait_state(cache, GTE_CACHE_OK));
    cache_put(cache, 2, 100);
    CU_ASSERT_EQUAL(gte_cache_flush(cache, 0, &err), GTE_OK);
    gte_cache_close(&cache);
    CU_ASSERT_TRUE(exists(path));
}

static void test_empty_file(void)
{
    const char *path = support_tmp_path("empty");
    CU_ASSERT_TRUE(support_write_file(path, "", 0));
    gte_cache *cache = open_quick(path);
    if (cache_without_sqlite(cache)) return;
    CU_ASSERT_EQUAL(cache_counts(cache).state, GTE_CACHE_OK);
    gte_cache_close(&cache);
}

/* Puts until a row is in the file that stands at the name: within some seconds. */
static bool put_until_kept(gte_cache *cache, size_t number)
{
    gte_error err;
    for (int i = 0; i < 1000; i++) {
        cache_put(cache, number, 300);
        if (gte_cache_flush(cache, 0, &err) == GTE_OK) return true;
        usleep(10000);
    }
    printf("\n    %s", err.message);
    return false;
}

static void test_removed(void)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    const char *path = support_tmp_path("removed");
    for (size_t all = 1; all <= 3; all += 2) { /* the file alone, or with what belongs to it */
        gte_cache *cache = open_quick(path);
        if (cache_without_sqlite(cache)) return;
        CU_ASSERT_TRUE(put_until_kept(cache, 1));
        for (size_t i = 0; i < all; i++) CU_ASSERT_EQUAL(unlink(cache_beside(path, tails[i])), 0);
        CU_ASSERT_TRUE(put_until_kept(cache, 2));
        CU_ASSERT_TRUE(exists(path));
        CU_ASSERT_TRUE(cache_check(cache, 2, 300));
        gte_cache_close(&cache);
        cache = open_quick(path);
        CU_ASSERT_TRUE(cache_check(cache, 2, 300));
        CU_ASSERT_FALSE(cache_check(cache, 1, 300));
        CU_ASSERT_EQUAL(unlink(path), 0);
        gte_cache_close(&cache);
    }
}

/* The log of what took the place is not the closing cache's to remove. */
static void test_replaced(void)
{
    const char *path = support_tmp_path("replaced"), *other = support_tmp_path("other");
    gte_cache *first = open_quick(path), *second = NULL;
    if (cache_without_sqlite(first)) return;
    CU_ASSERT_TRUE(put_until_kept(first, 1));
    make_cache(other);
    CU_ASSERT_EQUAL(rename(other, path), 0);
    unlink(cache_beside(path, "-wal"));
    unlink(cache_beside(path, "-shm"));
    second = open_quick(path);
    CU_ASSERT_TRUE(put_until_kept(second, 2));
    gte_cache_close(&first); /* on a file without a name */
    CU_ASSERT_TRUE(exists(cache_beside(path, "-wal")));
    CU_ASSERT_TRUE(put_until_kept(second, 3));
    gte_cache_close(&second);
    first = open_quick(path);
    for (size_t i = 2; i <= 3; i++) CU_ASSERT_TRUE(cache_check(first, i, 300));
    CU_ASSERT_TRUE(cache_check(first, 7, 700));
    gte_cache_close(&first);
}

static void use_in_child(const char *path, size_t from)
{
    gte_cache *cache = cache_open(path, NULL); /* patient: locks pass from one to the other */
    gte_error err;
    for (size_t i = 0; i < 2000; i++) {
        cache_put(cache, from + i, 200 + i % 50);
        cache_check(cache, (from ^ 100000) + i, 200 + i % 50); /* the other's */
        if (i % 100 == 99 && gte_cache_flush(cache, 0, &err) != GTE_OK) {
            fprintf(stderr, "%s\n", err.message);
            _exit(1);
        }
    }
    gte_cache_close(&cache);
    _exit((int)CU_get_number_of_failures());
}

static void test_two_processes(void)
{
    const char *path = support_tmp_path("shared");
    pid_t children[2];
    if (cache_without_sqlite(NULL)) return;
    fflush(NULL);
    for (size_t i = 0; i < 2; i++) /* both begin without a file */
        if ((children[i] = fork()) == 0) use_in_child(path, i * 100000);
    for (size_t i = 0; i < 2; i++) {
        int status = -1;
        CU_ASSERT_EQUAL(waitpid(children[i], &status, 0), children[i]);
        CU_ASSERT_EQUAL(status, 0);
    }
    gte_cache *cache = open_quick(path);
    for (size_t i = 0; i < 2000; i++)
        for (size_t c = 0; c < 2; c++)
            CU_ASSERT_TRUE(cache_check(cache, c * 100000 + i, 200 + i % 50));
    gte_cache_close(&cache);
    CU_ASSERT_EQUAL(gte_cache_file_verify(path, NULL, 0, NULL), GTE_OK);
}

/* What one process has flushed, another sees at once, or some milliseconds later. */
static void test_two_handles(void)
{
    const char *path = support_tmp_path("handles");
    gte_cache *a = open_quick(path), *b = open_quick(path);
    if (cache_without_sqlite(a)) return gte_cache_close(&b);
    for (size_t i = 0; i < 20; i++) {
        bool seen = false;
        CU_ASSERT_TRUE(put_until_kept(a, i));
        for (int turn = 0; turn < 200 && !seen; turn++)
            if (!(seen = cache_check(b, i, 300))) usleep(5000);
        CU_ASSERT_TRUE(seen);
    }
    gte_cache_close(&a);
    CU_ASSERT_TRUE(put_until_kept(b, 100));
    gte_cache_close(&b);
}

int main(void)
{
    static const support_case cases[] = {
        {"files of another kind", test_other_kind},
        {"a file of another version", test_other_version},
        {"no regular file", test_no_regular_file},
        {"no folder yet", test_no_folder},
        {"an empty file", test_empty_file},
        {"removed while it is open", test_removed},
        {"replaced while it is open", test_replaced},
        {"two processes", test_two_processes},
        {"two handles", test_two_handles},
    };
    return SUPPORT_MAIN("cache: files", cases);
}
