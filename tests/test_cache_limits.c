/* A full disk, a file system that is only read, no rights, a writer that keeps its lock: no get
 * or put fails or waits, and writing begins again when it can. GTE_CACHE_LOCK_SECONDS=10 for a
 * longer lock. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cache_support.h"
#include "support.h"

enum { NOT_HERE = 77 };

static gte_cache *open_quick(const char *path)
{
    gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
    options.retry_ms = 100;
    options.memory_bytes = GTE_CACHE_NONE;
    return cache_open(path, &options);
}

/* Runs in a process of its own, which may change its rights, limits and mounts. */
static void in_child(void (*run)(const char *folder), const char *reason)
{
    const char *folder = support_tmp_path("%p", (void *)(uintptr_t)run);
    int status = -1;
    CU_ASSERT_EQUAL_FATAL(mkdir(folder, 0755), 0);
    CU_ASSERT_EQUAL(chmod(support_tmp(), 0755), 0);
    fflush(NULL);
    unsigned failures = CU_get_number_of_failures();
    pid_t child = fork();
    if (child == 0) {
        run(folder);
        _exit(CU_get_number_of_failures() != failures);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_HERE)
        support_skip(reason);
    else
        CU_ASSERT_EQUAL(status, 0);
}

/* CUnit's numbers stay in the child: say what failed. */
#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("\n    %s:%d: %s", __FILE__, __LINE__, #condition);                             \
            fflush(NULL);                                                                          \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

static void own_mounts(const char *folder, const char *options)
{
    uid_t user = getuid();
    if (user != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) _exit(NOT_HERE);
    if (user == 0 && unshare(CLONE_NEWNS) != 0) _exit(NOT_HERE);
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) _exit(NOT_HERE);
    if (mount("gte", folder, "tmpfs", 0, options) != 0) _exit(NOT_HERE);
}

static const char *in(const char *folder, const char *name)
{
    static char path[1200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* Puts and flushes; whether all of them were stored. */
static bool store(gte_cache *cache, size_t first, size_t n)
{
    gte_error err;
    for (size_t i = first; i < first + n; i++) cache_put(cache, i, 3000);
    return gte_cache_flush(cache, 0, &err) == GTE_OK;
}

static size_t found(gte_cache *cache, size_t first, size_t n)
{
    size_t hits = 0;
    for (size_t i = first; i < first + n; i++) hits += cache_check(cache, i, 3000);
    return hits;
}

static bool stored_at_last(gte_cache *cache, size_t first)
{
    for (int i = 0; i < 500; i++) {
        if (store(cache, first, 1)) return true;
        usleep(20000);
    }
    return false;
}

static void full_disk(const char *folder)
{
    size_t next = 0;
    own_mounts(folder, "size=1m");
    gte_cache *cache = open_quick(in(folder, "cache"));
    EXPECT(cache_counts(cache).state == GTE_CACHE_OK);
    while (next < 1000 && store(cache, next, 10)) next += 10;
    EXPECT(next >= 20 && next < 1000);
    EXPECT(cache_counts(cache).state == GTE_CACHE_READ_ONLY);
    EXPECT(found(cache, 0, next) == next); /* reads go on */
    cache_put(cache, 5000, 3000);
    EXPECT(cache_counts(cache).dropped > 0);
    EXPECT(mount("gte", folder, "tmpfs", MS_REMOUNT, "size=20m") == 0);
    EXPECT(stored_at_last(cache, 2000));
    EXPECT(found(cache, 0, next) == next && found(cache, 2000, 1) == 1);
    gte_cache_close(&cache);
    EXPECT(gte_cache_file_verify(in(folder, "cache"), NULL, 0, NULL) == GTE_OK);
}

/* From the beginning: there is not even room for the tables. */
static void no_room_at_all(const char *folder)
{
    own_mounts(folder, "size=16k");
    gte_cache *cache = open_quick(in(folder, "cache"));
    EXPECT(!store(cache, 0, 10));
    EXPECT(found(cache, 0, 10) == 0);
    EXPECT(mount("gte", folder, "tmpfs", MS_REMOUNT, "size=20m") == 0);
    EXPECT(stored_at_last(cache, 100));
    EXPECT(found(cache, 100, 1) == 1);
    gte_cache_close(&cache);
}

static void file_size_limit(const char *folder)
{
    struct rlimit limit = {512 << 10, RLIM_INFINITY};
    size_t next = 0;
    gte_cache *cache = open_quick(in(folder, "cache"));
    EXPECT(store(cache, next, 10));
    EXPECT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    while (next < 1000 && store(cache, next, 10)) next += 10;
    EXPECT(next < 1000);
    EXPECT(found(cache, 0, next) == next);
    limit.rlim_cur = RLIM_INFINITY;
    EXPECT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    EXPECT(stored_at_last(cache, 2000));
    gte_cache_close(&cache);
}

static void read_only_mount(const char *folder)
{
    own_mounts(folder, "size=20m");
    gte_cache *cache = open_quick(in(folder, "cache"));
    EXPECT(store(cache, 0, 50));
    gte_cache_close(&cache);
    EXPECT(mount("gte", folder, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=20m") == 0);
    cache = open_quick(in(folder, "cache"));
    EXPECT(cache_counts(cache).state == GTE_CACHE_READ_ONLY);
    EXPECT(found(cache, 0, 50) == 50);
    EXPECT(!store(cache, 100, 5));
    gte_cache_close(&cache);
    cache = open_quick(in(folder, "none")); /* and none to read */
    EXPECT(!store(cache, 0, 5));
    EXPECT(found(cache, 0, 5) == 0);
    EXPECT(mount("gte", folder, "tmpfs", MS_REMOUNT, "size=20m") == 0);
    EXPECT(stored_at_last(cache, 0));
    gte_cache_close(&cache);
}

static void read_only_while_open(const char *folder)
{
    own_mounts(folder, "size=20m");
    gte_cache *cache = open_quick(in(folder, "cache"));
    EXPECT(store(cache, 0, 50));
    /* open for writing, it can only be forced */
    if (mount("gte", folder, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=20m") != 0) {
        EXPECT(errno == EBUSY);
        gte_cache_close(&cache);
        return;
    }
    EXPECT(found(cache, 0, 50) == 50);
    gte_cache_close(&cache);
}

static void no_rights(const char *folder)
{
    const char *path = in(folder, "cache");
    gte_cache *cache = open_quick(path);
    EXPECT(store(cache, 0, 50));
    gte_cache_close(&cache);
    EXPECT(chmod(path, 0444) == 0 && chmod(folder, 0555) == 0);
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(NOT_HERE);
    cache = open_quick(path);
    EXPECT(cache_counts(cache).state == GTE_CACHE_READ_ONLY);
    EXPECT(found(cache, 0, 50) == 50);
    EXPECT(!store(cache, 100, 5));
    gte_cache_close(&cache);
    cache = open_quick(in(folder, "new"));
    EXPECT(!store(cache, 0, 5) && found(cache, 0, 5) == 0);
    gte_cache_close(&cache);
}

static void not_readable(const char *folder)
{
    const char *path = in(folder, "cache");
    gte_cache *cache = open_quick(path);
    EXPECT(store(cache, 0, 50));
    gte_cache_close(&cache);
    EXPECT(chmod(path, 0) == 0 && chmod(folder, 0755) == 0);
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(NOT_HERE);
    cache = open_quick(path);
    EXPECT(!store(cache, 0, 5) && found(cache, 0, 5) == 0);
    gte_cache_close(&cache);
}

static void test_full_disk(void)
{
    in_child(full_disk, "no mounts of one's own here");
}
static void test_no_room(void)
{
    in_child(no_room_at_all, "no mounts of one's own here");
}
static void test_file_size_limit(void)
{
    in_child(file_size_limit, "");
}
static void test_read_only_mount(void)
{
    in_child(read_only_mount, "no mounts of one's own here");
}
static void test_read_only_while_open(void)
{
    in_child(read_only_while_open, "no mounts of one's own here");
}
static void test_no_rights(void)
{
    in_child(no_rights, "rights cannot be dropped here");
}
static void test_not_readable(void)
{
    in_child(not_readable, "rights cannot be dropped here");
}

/* ---- locks ------------------------------------------------------------------------ */

/* A child that runs a statement, tells that it holds, and ends when the pipe to it closes. */
static pid_t hold_lock(const char *path, const char *sql, int *release)
{
    int up[2], down[2];
    char byte = 0;
    CU_ASSERT_TRUE_FATAL(pipe(up) == 0 && pipe(down) == 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        sqlite3 *db;
        close(down[1]);
        byte = sqlite3_open(path, &db) == SQLITE_OK && sqlite3_busy_timeout(db, 2000) == 0 &&
               sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
        if (write(up[1], &byte, 1) != 1 || read(down[0], &byte, 1) != 0) _exit(1);
        _exit(0);
    }
    close(up[1]);
    close(down[0]);
    CU_ASSERT_EQUAL(read(up[0], &byte, 1), 1);
    CU_ASSERT_EQUAL(byte, 1);
    close(up[0]);
    *release = down[1];
    return child;
}

static void let_go(pid_t child, int release)
{
    int status;
    close(release);
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* The 99th percentile of gets and puts, in milliseconds, over so many seconds. */
static double p99_ms(gte_cache *cache, double lasting, size_t *next)
{
    enum { MOST = 400000 };
    static double times[MOST];
    size_t n = 0;
    double begin = now_ms(), at = begin;
    while (n + 2 < MOST && at < begin + lasting * 1e3) {
        for (int put = 0; put < 2; put++) {
            at = now_ms();
            if (put)
                cache_put(cache, (*next)++, 300);
            else
                cache_check(cache, n % 100, 3000);
            times[n++] = now_ms() - at;
        }
        usleep(200);
    }
    qsort(times, n, sizeof *times, by_size);
    return times[n - 1 - n / 100];
}

static void test_write_lock(void)
{
    const char *path = support_tmp_path("locked"), *text = getenv("GTE_CACHE_LOCK_SECONDS");
    double lasting = text ? atof(text) : 2;
    int release;
    size_t next = 1000000;
    gte_error err;
    gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
    options.memory_bytes = GTE_CACHE_NONE;
    gte_cache *cache = cache_open(path, &options);
    CU_ASSERT_TRUE(store(cache, 0, 100));
    double before = p99_ms(cache, 1, &next);
    CU_ASSERT_EQUAL(gte_cache_flush(cache, 0, &err), GTE_OK);
    pid_t child = hold_lock(path, "BEGIN IMMEDIATE; DELETE FROM r WHERE id < 0", &release);
    double during = p99_ms(cache, lasting, &next);
    CU_ASSERT_EQUAL(found(cache, 0, 100), 100);
    CU_ASSERT_EQUAL(gte_cache_flush(cache, 50, &err), GTE_E_CANCELLED);
    let_go(child, release);
    CU_ASSERT_EQUAL(gte_cache_flush(cache, 0, &err), GTE_OK);
    printf("\n    p99 of gets and puts %.3f ms, beside a lock of %.0f s %.3f ms", before, lasting,
           during);
    if (during >= before + 5 && support_is_busy())
        support_skip("other processes wait for the processors");
    else
        CU_ASSERT_TRUE(during < before + 5);
    gte_cache_close(&cache);
}

/* Everybody locked out, from the beginning: misses, until it lets go. */
static void test_exclusive_lock(void)
{
    const char *path = support_tmp_path("exclusive");
    int release;
    gte_cache *cache = open_quick(path);
    CU_ASSERT_TRUE(store(cache, 0, 10));
    gte_cache_close(&cache);
    pid_t child = hold_lock(
        path, "PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE; DELETE FROM r WHERE id < 0",
        &release);
    cache = open_quick(path);
    CU_ASSERT_EQUAL(cache_counts(cache).state, GTE_CACHE_WAITING);
    CU_ASSERT_EQUAL(found(cache, 0, 10), 0);
    CU_ASSERT_FALSE(store(cache, 100, 1));
    let_go(child, release);
    CU_ASSERT_TRUE(cache_wait_state(cache, GTE_CACHE_OK));
    CU_ASSERT_EQUAL(found(cache, 0, 10), 10);
    CU_ASSERT_TRUE(store(cache, 100, 1));
    gte_cache_close(&cache);
}

/* A lock for longer than retry_ms: rows are dropped, and told, and it goes on. */
static void test_long_lock(void)
{
    const char *path = support_tmp_path("long");
    int release;
    gte_cache *cache = open_quick(path);
    CU_ASSERT_TRUE(store(cache, 0, 10));
    pid_t child = hold_lock(path, "BEGIN IMMEDIATE", &release);
    CU_ASSERT_FALSE(store(cache, 100, 5));
    CU_ASSERT_EQUAL(found(cache, 0, 10), 10);
    let_go(child, release);
    CU_ASSERT_TRUE(stored_at_last(cache, 200));
    gte_cache_close(&cache);
}

int main(void)
{
    static const support_case cases[] = {
        {"a full disk", test_full_disk},
        {"no room from the beginning", test_no_room},
        {"a limit on the size of files", test_file_size_limit},
        {"a file system that is only read", test_read_only_mount},
        {"only read from now on", test_read_only_while_open},
        {"no right to write", test_no_rights},
        {"no right to read", test_not_readable},
        {"another process writes for long", test_write_lock},
        {"another process has it for itself", test_exclusive_lock},
        {"a lock for longer than we wait", test_long_lock},
    };
    return SUPPORT_MAIN("cache: limits", cases);
}
