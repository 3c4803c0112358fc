/* The cache beside bare SQLite on the same file, in one run: nanoseconds of this thread's processor
 * time and hits a second by the clock, the best of some rounds.
 *
 *     build/perf/bench_cache [ROWS [BYTES]]    defaults 50000 rows of 3072 bytes (768 floats) */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gte_cache.h"

enum { ROUNDS = 5, GETS = 100000, MOST_BYTES = 1 << 20 };

typedef struct figures {
    double cpu_ns, wall_ns;
} figures;

typedef struct bench {
    size_t rows, bytes, n; /* n: keys that are asked for */
    const char *path;
    gte_cache_key *keys;
    uint32_t *order;
    unsigned char *out;
    gte_cache *cache;
    sqlite3_stmt *get;
    gte_cache_scope scope;
    uint64_t found;
} bench;

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The best round of GETS calls. */
static figures measure(bench *b, void (*once)(bench *b, size_t i))
{
    figures best = {1e18, 1e18};
    for (int round = 0; round < ROUNDS; round++) {
        double cpu = seconds(CLOCK_THREAD_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
        b->found = 0;
        for (size_t i = 0; i < GETS; i++) once(b, b->order[i] % b->n);
        cpu = (seconds(CLOCK_THREAD_CPUTIME_ID) - cpu) * 1e9 / GETS;
        wall = (seconds(CLOCK_MONOTONIC) - wall) * 1e9 / GETS;
        if (cpu < best.cpu_ns) best.cpu_ns = cpu;
        if (wall < best.wall_ns) best.wall_ns = wall;
        if (b->found != GETS) fprintf(stderr, "only %llu found\n", (unsigned long long)b->found);
    }
    return best;
}

static void get_cached(bench *b, size_t i)
{
    size_t size;
    b->found += gte_cache_get(b->cache, &b->keys[i], b->out, b->bytes, &size) == GTE_CACHE_HIT;
}

static gte_text text_of(size_t i, char text[64])
{
    int n = snprintf(text, 64, "text %zu of some fifty characters, as users write", i);
    return (gte_text){text, (size_t)n, NULL, 0};
}

static void get_by_text(bench *b, size_t i)
{
    char text[64];
    gte_cache_key key;
    size_t size;
    gte_cache_key_of(&b->scope, text_of(i, text), &key);
    b->found += gte_cache_get(b->cache, &key, b->out, b->bytes, &size) == GTE_CACHE_HIT;
}

static void make_text(bench *b, size_t i)
{
    char text[64];
    b->found += text_of(i, text).size > 0;
}

static void get_bare(bench *b, size_t i)
{
    sqlite3_bind_blob(b->get, 1, b->keys[i].bytes, sizeof b->keys[i].bytes, SQLITE_STATIC);
    if (sqlite3_step(b->get) == SQLITE_ROW) {
        memcpy(b->out, sqlite3_column_blob(b->get, 0), (size_t)sqlite3_column_bytes(b->get, 0));
        b->found++;
    }
    sqlite3_reset(b->get);
}

static void show(const char *name, figures f, figures bare)
{
    printf("%-42s %8.0f ns CPU %9.0f /s %7.2f x bare\n", name, f.cpu_ns, 1e9 / f.wall_ns,
           bare.cpu_ns / f.cpu_ns);
}

static figures bare(bench *b, const char *pragma)
{
    sqlite3 *db;
    figures f = {1, 1};
    if (sqlite3_open_v2(b->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == 0 &&
        sqlite3_exec(db, pragma, NULL, NULL, NULL) == 0 &&
        sqlite3_prepare_v2(db, "SELECT v FROM r WHERE k = ?1", -1, &b->get, NULL) == 0)
        f = measure(b, get_bare);
    sqlite3_finalize(b->get);
    sqlite3_close(db);
    return f;
}

static void open_cache(bench *b, uint64_t memory, const char *path)
{
    gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
    gte_error err;
    options.path = path;
    options.memory_bytes = memory;
    options.disk_bytes = (uint64_t)4 << 30;
    options.queue_bytes = (uint64_t)1 << 30;
    if (gte_cache_open(&b->cache, &options, &err) == GTE_OK) return;
    fprintf(stderr, "%s\n", err.message);
    exit(1);
}

/* Rows through the queue into the file: seconds until all are there. */
static void fill(bench *b)
{
    gte_error err;
    char text[64];
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < b->rows; i++) {
        gte_cache_key_of(&b->scope, text_of(i, text), &b->keys[i]);
        memset(b->out, (int)i, b->bytes);
        gte_cache_put(b->cache, &b->keys[i], b->out, b->bytes);
    }
    cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
    if (gte_cache_flush(b->cache, 0, &err) != GTE_OK) fprintf(stderr, "%s\n", err.message);
    wall = seconds(CLOCK_MONOTONIC) - wall;
    printf("%-42s %8.0f ns CPU of the caller; %.0f rows/s into the file\n", "put",
           cpu * 1e9 / (double)b->rows, (double)b->rows / wall);
}

static void run(bench *b)
{
    open_cache(b, GTE_CACHE_NONE, b->path);
    fill(b);
    b->n = b->rows;
    figures cached = measure(b, get_cached);
    gte_cache_close(&b->cache);
    figures plain = bare(b, "PRAGMA mmap_size=0; PRAGMA cache_size=-4096");
    figures mapped = bare(b, "PRAGMA mmap_size=268435456; PRAGMA cache_size=-4096");
    show("bare SQLite get", plain, plain);
    show("bare SQLite get, mmap", mapped, plain);
    show("hit in the file", cached, plain);
    open_cache(b, (uint64_t)1 << 30, b->path);
    measure(b, get_cached); /* into memory */
    show("hit in memory, all rows", measure(b, get_cached), plain);
    b->n = 1000;
    show("hit in memory, 1000 rows", measure(b, get_cached), plain);
    figures text = measure(b, make_text), whole = measure(b, get_by_text);
    show("key of 50 characters and hit in memory",
         (figures){whole.cpu_ns - text.cpu_ns, whole.wall_ns - text.wall_ns}, plain);
    gte_cache_close(&b->cache);
}

int main(int argc, char **argv)
{
    char path[] = "/tmp/gte-bench-cache-XXXXXX";
    bench b = {.rows = argc > 1 ? strtoul(argv[1], NULL, 10) : 50000,
               .bytes = argc > 2 ? strtoul(argv[2], NULL, 10) : 3072,
               .path = path};
    uint64_t state = 1;
    int fd = mkstemp(path);
    if (fd < 0 || close(fd) != 0 || b.rows == 0 || b.bytes == 0 || b.bytes > MOST_BYTES) return 2;
    b.keys = calloc(b.rows, sizeof *b.keys);
    b.order = calloc(GETS, sizeof *b.order);
    b.out = calloc(1, b.bytes);
    if (!b.keys || !b.order || !b.out) return 2;
    gte_cache_scope_init(&b.scope, "model", "embed f32", NULL, 0, 768, 0);
    for (size_t i = 0; i < GETS; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        b.order[i] = (uint32_t)(state >> 33) % (uint32_t)b.rows;
    }
    printf("%zu rows of %zu bytes, one thread, SQLite %s\n", b.rows, b.bytes, sqlite3_libversion());
    run(&b);
    unlink(path);
    free(b.keys);
    free(b.order);
    free(b.out);
    return 0;
}
