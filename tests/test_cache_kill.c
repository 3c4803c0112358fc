/* kill -9 at any moment, by two writers at once: every row that a flush has acknowledged is there
 * afterwards, and the file is whole. GTE_CACHE_KILLS=1000 for more than the usual number. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cache_support.h"
#include "support.h"

enum { WRITERS = 2, STEP = 8, ROW = 600, USUAL_KILLS = 40, MOST_ROWS = 1 << 20 };

static char path[1024];
static uint64_t seed = 11;

static gte_cache *open_plain(void)
{
    gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
    options.memory_bytes = GTE_CACHE_NONE;
    options.disk_bytes = (uint64_t)4 << 30;
    return cache_open(path, &options);
}

/* Rows from `first` on; the number of the next one goes to the pipe when all before it are
 * acknowledged. Never returns. */
static void write_rows(size_t first, int pipe_end)
{
    gte_cache *cache = open_plain();
    gte_error err;
    for (size_t next = first;;) {
        for (size_t i = 0; i < STEP; i++) cache_put(cache, next++, ROW);
        if (gte_cache_flush(cache, 0, &err) != GTE_OK) {
            printf("\n    %s", err.message); /* not acknowledged: nothing is claimed any more */
            fflush(stdout);
            pause();
        }
        if (write(pipe_end, &next, sizeof next) != sizeof next) _exit(4);
    }
}

typedef struct writer {
    pid_t pid;
    int pipe_end;
    size_t first, acknowledged; /* rows from first to acknowledged - 1 */
} writer;

static void start(writer *w, size_t first)
{
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    fflush(NULL);
    w->first = w->acknowledged = first;
    w->pid = fork();
    if (w->pid == 0) {
        close(ends[0]);
        write_rows(first, ends[1]);
    }
    close(ends[1]);
    w->pipe_end = ends[0];
}

/* Kills it and reads what it had said by then. */
static void end(writer *w)
{
    size_t next;
    int status = 0;
    kill(w->pid, SIGKILL);
    CU_ASSERT_EQUAL(waitpid(w->pid, &status, 0), w->pid);
    CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    while (read(w->pipe_end, &next, sizeof next) == sizeof next) w->acknowledged = next;
    close(w->pipe_end);
}

static size_t lost_rows(gte_cache *cache, size_t first, size_t after)
{
    size_t lost = 0;
    for (size_t i = first; i < after; i++) lost += !cache_check(cache, i, ROW);
    return lost;
}

static size_t kills(void)
{
    const char *text = getenv("GTE_CACHE_KILLS");
    return text ? strtoul(text, NULL, 10) : USUAL_KILLS;
}

/* Waits until a writer has acknowledged something, then a random moment: from the middle of the
 * opening to the middle of a commit, anything is met. */
static void wait_a_moment(writer *w)
{
    struct pollfd ready = {w->pipe_end, POLLIN, 0};
    struct timespec pause = {0, (long)(support_random(&seed) % 12000000)};
    if (support_random(&seed) % 8) poll(&ready, 1, 10000);
    nanosleep(&pause, NULL);
}

static void test_kill(void)
{
    size_t n = kills(), rows = 0, lost = 0, next = 0;
    static size_t bounds[2 * WRITERS * 20000][2];
    size_t count = 0;
    gte_cache *cache;
    snprintf(path, sizeof path, "%s", support_tmp_path("killed"));
    cache = open_plain();
    if (cache_without_sqlite(cache)) return;
    gte_cache_close(&cache);
    for (size_t i = 0; i < n && next < MOST_ROWS; i++) {
        writer writers[WRITERS];
        for (size_t w = 0; w < WRITERS; w++) start(&writers[w], next + w * (MOST_ROWS * 4));
        wait_a_moment(&writers[i % WRITERS]);
        for (size_t w = 0; w < WRITERS; w++) end(&writers[w]);
        cache = open_plain();
        for (size_t w = 0; w < WRITERS; w++) {
            lost += lost_rows(cache, writers[w].first, writers[w].acknowledged);
            rows += writers[w].acknowledged - writers[w].first;
            if (count < sizeof bounds / sizeof *bounds) {
                bounds[count][0] = writers[w].first;
                bounds[count++][1] = writers[w].acknowledged;
            }
            size_t done = writers[w].acknowledged - w * (MOST_ROWS * 4);
            if (done + STEP > next) next = done + STEP; /* past what was put and not told */
        }
        gte_cache_close(&cache);
    }
    cache = open_plain();
    for (size_t i = 0; i < count; i++) lost += lost_rows(cache, bounds[i][0], bounds[i][1]);
    CU_ASSERT_EQUAL(cache_counts(cache).set_aside, 0);
    gte_cache_close(&cache);
    printf("\n    %zu kills of %d writers: %zu rows acknowledged, %zu lost", n, WRITERS, rows,
           lost);
    CU_ASSERT_EQUAL(lost, 0);
    CU_ASSERT_TRUE(rows > n);
}

static void test_whole(void)
{
    gte_error err;
    gte_cache_file_info info;
    gte_status status = gte_cache_file_verify(path, &info, sizeof info, &err);
    if (status == GTE_E_UNSUPPORTED) return;
    if (status != GTE_OK) printf("\n    %s", err.message);
    CU_ASSERT_EQUAL(status, GTE_OK);
    CU_ASSERT_EQUAL(info.damaged_rows, 0);
}

int main(void)
{
    static const support_case cases[] = {
        {"acknowledged rows outlive kill -9", test_kill},
        {"the file is whole", test_whole},
    };
    return SUPPORT_MAIN("cache: kill -9", cases);
}
