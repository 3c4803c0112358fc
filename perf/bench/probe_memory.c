/* Reading bandwidth of the caches and of the memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "probe.h"
#include "probe_units.h"
#include "stopwatch.h"

#define MIB ((size_t)1 << 20)
#define READ_AT_LEAST (64 * MIB) /* of a cache, for one sample, all passes together */

struct bench_memory {
    char *data;
    size_t size; /* DRAM span of all threads together */
    int threads;
    size_t span[BENCH_LEVELS]; /* one thread's; of DRAM: what all share */
};

/* From the kernel's description of the first processor ("1024K"). sysconf knows less: it gives some
 * AMD processors the third-level cache of the whole package. */
size_t bench__cache_size(int level, size_t otherwise)
{
    size_t found = otherwise;
    for (int i = 0; i < 8; i++) {
        char path[96], unit = 0;
        int at = 0;
        size_t size = 0;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/level", i);
        FILE *file = fopen(path, "r");
        if (!file) break;
        const bool ours = fscanf(file, "%d", &at) == 1 && at == level;
        fclose(file);
        if (!ours) continue;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/size", i);
        file = fopen(path, "r");
        if (!file) break;
        if (fscanf(file, "%8zu%c", &size, &unit) == 2 && size)
            found = size << (unit == 'K' ? 10 : unit == 'M' ? 20 : 0);
        fclose(file);
    }
    return found;
}

static size_t round_down(size_t size)
{
    return size < 4096 ? 4096 : size / 4096 * 4096;
}

bench_memory *bench__memory_create(int threads)
{
    bench_memory *m = calloc(1, sizeof *m);
    if (!m) return NULL;
    const size_t count = (size_t)threads;
    const size_t l2 = bench__cache_size(2, MIB);
    const size_t l3 = bench__cache_size(3, 8 * MIB);
    m->threads = threads;
    m->span[BENCH_L2] = round_down(l2 / 2);
    /* well above what all second-level caches hold, well below the third */
    m->span[BENCH_L3] = round_down(l3 / 4 / count > 2 * l2 ? l3 / 4 / count : 2 * l2);
    m->size = 8 * l3 > 256 * MIB ? 8 * l3 : 256 * MIB;
    if (m->size > 1024 * MIB) m->size = 1024 * MIB;
    if (m->size < count * m->span[BENCH_L3]) m->size = count * m->span[BENCH_L3];
    m->span[BENCH_DRAM] = m->size;
    m->data = aligned_alloc(4096, round_down(m->size + 4095));
    if (!m->data) {
        free(m);
        return NULL;
    }
    memset(m->data, 1, m->size); /* pages of its own, not the shared page of zeros */
    return m;
}

void bench__memory_free(bench_memory *memory)
{
    if (memory) free(memory->data);
    free(memory);
}

size_t bench__memory_span(const bench_memory *memory, bench_level level)
{
    return memory->span[level];
}

typedef struct reading {
    const bench_memory *memory;
    bench_reader *read;
    size_t span; /* of one thread */
    long passes;
} reading;

static double bandwidth_of_thread(void *arg, int thread)
{
    const reading *r = arg;
    const char *data = r->memory->data + (size_t)thread * r->span;
    if (r->passes > 1) r->read(data, r->span, 1); /* into the cache */
    const double start = bench__thread_seconds();
    r->read(data, r->span, r->passes);
    const double taken = bench__thread_seconds() - start;
    return taken > 0 ? (double)r->span * (double)r->passes / taken : 0;
}

double bench__probe_bandwidth(bench_memory *memory, bench_level level, int threads)
{
    reading r = {.memory = memory, .read = bench__reader_x86(), .span = memory->span[level]};
    if (threads < 1 || threads > memory->threads) return 0;
    if (!r.read) r.read = bench__read_plain;
    if (level == BENCH_DRAM) r.span = round_down(r.span / (size_t)threads);
    r.passes = level == BENCH_DRAM ? 1 : (long)(READ_AT_LEAST / r.span) + 1;
    return bench__crew_run(threads, bandwidth_of_thread, &r);
}
