/* Loading in child processes, for load.h. */
#include "load.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "samples.h"
#include "stopwatch.h"

enum { REPEATS = 3 };

/* The number of kB behind "Rss:" in one of the files of /proc that hold such lines, as bytes. */
static double proc_bytes(const char *path, const char *key)
{
    char line[256];
    double bytes = 0;
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key)) != 0) continue;
        bytes = 1024.0 * strtod(line + strlen(key), NULL);
        break;
    }
    fclose(file);
    return bytes;
}

static void measure_memory(bench_load *out)
{
    out->resident = proc_bytes("/proc/self/smaps_rollup", "Rss:");
    out->anonymous = proc_bytes("/proc/self/smaps_rollup", "Anonymous:");
    if (out->resident > 0) return;
    out->resident = proc_bytes("/proc/self/status", "VmRSS:");
    out->anonymous = proc_bytes("/proc/self/status", "RssAnon:");
}

/* From nothing to one vector, with a time for each step. */
static bool load_once(bench_load *out, const char *path, gte_backend backend, int threads)
{
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    const gte_text text = gte_text_of("the first text of a process");
    gte_model *model = NULL;
    gte_context *ctx = NULL;
    gte_model_info info;
    options.backend = backend;
    options.threads = threads;
    const double start = bench__wall_seconds();
    if (gte_model_open(&model, path, NULL, NULL) != GTE_OK) return false;
    const double opened = bench__wall_seconds();
    if (gte_context_create(&ctx, model, &options, NULL) != GTE_OK) return false;
    const double ready = bench__wall_seconds();
    gte_model_describe(model, &info, sizeof info);
    float *vector = calloc((size_t)info.hidden_size, sizeof *vector);
    if (!vector) return false;
    const gte_status status =
        gte_embed(ctx, &text, 1, NULL, vector, (size_t)info.hidden_size, NULL);
    const double done = bench__wall_seconds();
    measure_memory(out);
    out->open = opened - start;
    out->context = ready - opened;
    out->first = done - ready;
    free(vector);
    gte_context_free(&ctx);
    gte_model_close(&model);
    return status == GTE_OK;
}

/* Asks the system to forget the file's pages, and looks whether it did. */
static bool drop_from_cache(const char *path)
{
    struct stat status;
    const long page = sysconf(_SC_PAGESIZE);
    bool dropped = false;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
        const size_t size = (size_t)status.st_size;
        const size_t pages = (size + (size_t)page - 1) / (size_t)page;
        fdatasync(fd); /* pages that are not written yet stay */
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
        unsigned char *there = malloc(pages);
        size_t left = 0;
        if (map != MAP_FAILED && there && mincore(map, size, there) == 0) {
            for (size_t i = 0; i < pages; i++) left += there[i] & 1u;
            dropped = left <= pages / 20;
        }
        free(there);
        if (map != MAP_FAILED) munmap(map, size);
    }
    close(fd);
    return dropped;
}

/* load_once in a child, which sends the figures through a pipe. */
static bool load_in_child(bench_load *out, const char *path, gte_backend backend, int threads)
{
    int ends[2], status = 0;
    if (pipe(ends) != 0) return false;
    const pid_t child = fork();
    if (child == 0) {
        bench_load load = {0};
        const bool ok = load_once(&load, path, backend, threads);
        _exit(ok && write(ends[1], &load, sizeof load) == (ssize_t)sizeof load ? 0 : 1);
    }
    close(ends[1]);
    bool ok = child > 0 && read(ends[0], out, sizeof *out) == (ssize_t)sizeof *out;
    close(ends[0]);
    if (child > 0) ok = waitpid(child, &status, 0) == child && ok;
    return ok && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int bench__load_measure(bench_load *out, const char *path, gte_backend backend, int threads,
                        bool cold)
{
    bench_samples open = {0}, context = {0}, first = {0};
    bench_load one;
    bool ok = true;
    double cold_time = -1;
    if (cold && drop_from_cache(path)) {
        ok = load_in_child(&one, path, backend, threads);
        if (ok) cold_time = one.open + one.context + one.first;
    }
    for (int i = 0; ok && i <= REPEATS; i++) {
        ok = load_in_child(&one, path, backend, threads);
        if (!ok || i == 0) continue; /* the first brings the file into the page cache */
        ok = bench__samples_add(&open, one.open) && bench__samples_add(&context, one.context) &&
             bench__samples_add(&first, one.first);
    }
    *out = (bench_load){
        .open = bench__samples_quantile(&open, 0.5),
        .context = bench__samples_quantile(&context, 0.5),
        .first = bench__samples_quantile(&first, 0.5),
        .cold = cold_time,
        .resident = ok ? one.resident : 0,
        .anonymous = ok ? one.anonymous : 0,
    };
    bench__samples_free(&open);
    bench__samples_free(&context);
    bench__samples_free(&first);
    return ok;
}
