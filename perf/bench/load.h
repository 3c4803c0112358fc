/* What it costs to begin with a model: time to open it, to make a context, to the first vector, and
 * the memory that a process then holds. */
#ifndef PERF_BENCH_LOAD_H
#define PERF_BENCH_LOAD_H

#include <stdbool.h>

#include "gte.h"

typedef struct bench_load {
    double open, context, first; /* seconds, medians, the file in the page cache */
    double cold;                 /* all three, the file on disk alone; negative: not measured */
    double resident, anonymous;  /* bytes of the process: all, and what is no page of a file */
} bench_load;

/* Each measurement is made in a process of its own (fork), so that nothing lies there already. Call
 * it before this process starts threads. When `cold`, the file is dropped from the page cache once,
 * where the system does that. Returns 0 when a process failed, which opening the model in this
 * process would explain. */
int bench__load_measure(bench_load *out, const char *path, gte_backend backend, int threads,
                        bool cold);

#endif
