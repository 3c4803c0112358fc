/* Damage: bits flipped, sectors zeroed, pages exchanged, files cut, in the database and in its log,
 * before it is opened and while it is. Never a wrong answer, never a failed call, and the cache
 * keeps what is put after it. GTE_CACHE_TRIALS=1000 for more than the usual number. */
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

enum { ROWS = 300, IN_LOG = 100, NEW_ROWS = 5, USUAL_TRIALS = 150, PAGE = 4096 };

static char *files[2]; /* the database and its log, as bytes */
static size_t sizes[2];
static uint64_t seed = 20261120;

static size_t row_size(size_t i)
{
    return i % 7 == 0 ? 5000 : 100 + i * 5;
}

static gte_cache *open_quick(const char *path)
{
    gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
    options.memory_bytes = GTE_CACHE_NONE;
    options.retry_ms = 20;
    return cache_open(path, &options);
}

/* A file with its last rows in the log alone, as a process that was killed leaves it. */
static void test_prepare(void)
{
    const char *path = support_tmp_path("whole");
    char command[3000];
    gte_error err;
    gte_cache *cache = open_quick(path);
    if (cache_without_sqlite(cache)) return;
    for (size_t i = 0; i < ROWS - IN_LOG; i++) cache_put(cache, i, row_size(i));
    CU_ASSERT_EQUAL(gte_cache_flush(cache, 0, &err), GTE_OK);
    gte_cache_close(&cache); /* all into the file */
    cache = open_quick(path);
    for (size_t i = ROWS - IN_LOG; i < ROWS; i++) cache_put(cache, i, row_size(i));
    CU_ASSERT_EQUAL(gte_cache_flush(cache, 0, &err), GTE_OK);
    snprintf(command, sizeof command, "cp '%s' '%s.copy' && cp '%s-wal' '%s.copy-wal'", path, path,
             path, path);
    CU_ASSERT_EQUAL_FATAL(system(command), 0);
    gte_cache_close(&cache);
    files[0] = support_read_file(support_tmp_path("whole.copy"), &sizes[0]);
    files[1] = support_read_file(support_tmp_path("whole.copy-wal"), &sizes[1]);
    CU_ASSERT_TRUE_FATAL(files[0] && files[1] && sizes[0] > 50 * PAGE && sizes[1] > 20 * PAGE);
}

static size_t any(size_t n)
{
    return (size_t)(support_random(&seed) % n);
}

/* One kind of damage to some bytes; returns their new size. */
static size_t damage(unsigned char *bytes, size_t size)
{
    size_t at = any(size), page = any(size / PAGE) * PAGE, other = any(size / PAGE) * PAGE;
    unsigned char kept[PAGE];
    switch (any(7)) {
    case 0: /* one bit */
        bytes[at] ^= (unsigned char)(1u << any(8));
        return size;
    case 1: /* some bits */
        for (size_t i = 0; i < 50; i++) bytes[any(size)] ^= (unsigned char)(1u << any(8));
        return size;
    case 2: /* a sector */
        memset(bytes + at / 512 * 512, 0, size - at / 512 * 512 < 512 ? size % 512 : 512);
        return size;
    case 3: /* a page of something else */
        for (size_t i = 0; i < PAGE; i++) bytes[page + i] = (unsigned char)any(256);
        return size;
    case 4: /* two pages exchanged, both whole */
        memcpy(kept, bytes + page, PAGE);
        memmove(bytes + page, bytes + other, PAGE);
        memcpy(bytes + other, kept, PAGE);
        return size;
    case 5: /* one bit in the head, where most is decided */
        bytes[any(200)] ^= (unsigned char)(1u << any(8));
        return size;
    default:
        return any(2) ? at : page;
    }
}

static void damaged_copy(const char *path)
{
    size_t which = any(3) == 0; /* the log every third time */
    for (size_t i = 0; i < 2; i++) {
        unsigned char *bytes = malloc(sizes[i]);
        size_t size = sizes[i];
        memcpy(bytes, files[i], size);
        if (i == which) size = damage(bytes, size);
        CU_ASSERT_TRUE_FATAL(support_write_file(cache_beside(path, i ? "-wal" : ""), bytes, size));
        free(bytes);
    }
}

/* Every answer is right or none (cache_check), and new rows are kept, by this cache or, after a
 * fault of the file, by the one it begins. Foreign is what has lost its head: that stays. */
static size_t use(const char *path)
{
    size_t hits = 0, kept = 0;
    gte_error err;
    gte_cache *cache = open_quick(path);
    for (size_t i = 0; i < ROWS; i++) hits += cache_check(cache, i, row_size(i));
    for (int turn = 0; turn < 500 && kept < NEW_ROWS; turn++) {
        for (size_t i = 0; i < NEW_ROWS; i++) cache_put(cache, 1000 + i, 700);
        gte_status flushed = gte_cache_flush(cache, 0, &err);
        kept = 0;
        for (size_t i = 0; i < NEW_ROWS; i++) kept += cache_check(cache, 1000 + i, 700);
        if (flushed == GTE_OK) break;
        if (cache_counts(cache).state == GTE_CACHE_FOREIGN) kept = NEW_ROWS;
        usleep(2000);
    }
    if (kept != NEW_ROWS) printf("\n    %s: %zu kept", cache_counts(cache).fault, kept);
    CU_ASSERT_EQUAL(kept, NEW_ROWS);
    gte_cache_close(&cache);
    return hits;
}

static size_t trials(void)
{
    const char *text = getenv("GTE_CACHE_TRIALS");
    return text ? strtoul(text, NULL, 10) : USUAL_TRIALS;
}

static void test_damage(void)
{
    size_t n = trials(), hits = 0;
    const char *path = support_tmp_path("damaged");
    if (!files[0]) return;
    for (size_t i = 0; i < n; i++) {
        char command[1200];
        damaged_copy(path);
        hits += use(path);
        snprintf(command, sizeof command, "rm -f '%s'*", path);
        CU_ASSERT_EQUAL(system(command), 0);
    }
    printf("\n    %zu trials, %zu of %zu rows were found, the others missed", n, hits, n * ROWS);
    CU_ASSERT_TRUE(hits > n * ROWS / 4); /* or the trials try nothing */
}

/* By a process of its own: closing a descriptor here would drop the locks of SQLite. */
static void damage_in_place(const char *path)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct stat st;
        int fd = open(path, O_RDWR);
        if (fd < 0 || fstat(fd, &st) != 0 || st.st_size < 2 * PAGE) _exit(0);
        size_t size = (size_t)st.st_size;
        unsigned char *bytes = malloc(size);
        if (pread(fd, bytes, size, 0) != (ssize_t)size) _exit(1);
        size_t now = damage(bytes, size);
        if (pwrite(fd, bytes, now, 0) != (ssize_t)now || ftruncate(fd, (off_t)now) != 0) _exit(1);
        _exit(0);
    }
    int status = -1;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    any(2); /* the child's numbers were not ours */
}

/* The file changes under an open cache. Neither the reads nor the writes after it may go wrong. */
static void test_damage_in_use(void)
{
    size_t n = trials() / 3 + 1, hits = 0;
    gte_error err;
    const char *path = support_tmp_path("in-use");
    if (!files[0]) return;
    for (size_t i = 0; i < n; i++) {
        char command[1200];
        CU_ASSERT_TRUE(support_write_file(path, files[0], sizes[0]));
        CU_ASSERT_TRUE(support_write_file(cache_beside(path, "-wal"), files[1], sizes[1]));
        gte_cache *cache = open_quick(path);
        size_t first = any(ROWS); /* some pages are in memory already */
        hits += cache_check(cache, first, row_size(first));
        damage_in_place(any(3) ? path : cache_beside(path, "-wal"));
        for (size_t r = 0; r < ROWS; r++) {
            hits += cache_check(cache, r, row_size(r));
            if (r % 20 == 0) cache_put(cache, 2000 + r, 900);
        }
        gte_cache_flush(cache, 0, &err);
        for (size_t r = 0; r < ROWS; r += 20) hits += cache_check(cache, 2000 + r, 900);
        gte_cache_close(&cache);
        snprintf(command, sizeof command, "rm -f '%s'*", path);
        CU_ASSERT_EQUAL(system(command), 0);
    }
    printf("\n    %zu trials, %zu hits", n, hits);
}

static void test_end(void)
{
    free(files[0]);
    free(files[1]);
}

int main(void)
{
    static const support_case cases[] = {
        {"a whole file and its log", test_prepare},
        {"damage before it is opened", test_damage},
        {"damage while it is open", test_damage_in_use},
        {"end", test_end},
    };
    return SUPPORT_MAIN("cache: damage", cases);
}
