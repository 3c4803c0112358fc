/* What probe_x86.c and probe_plain.c give to probe.c and probe_memory.c: the loops. */
#ifndef PERF_BENCH_PROBE_UNITS_H
#define PERF_BENCH_PROBE_UNITS_H

#include "probe.h"

typedef struct bench_loop {
    void (*run)(long rounds);
    double operations; /* of one round */
} bench_loop;

/* The loop of a unit; one without `run` where the processor is another. */
bench_loop bench__loop_x86(bench_unit unit);
bool bench__unit_on_x86(bench_unit unit);
bench_loop bench__loop_plain(void);

/* Reads `size` bytes (a multiple of 1024) `passes` times. */
typedef void bench_reader(const void *data, size_t size, long passes);
bench_reader *bench__reader_x86(void); /* NULL: take the plain one */
void bench__read_plain(const void *data, size_t size, long passes);

/* `rounds` times 16 dependent multiplications of three cycles each; 0: not on this processor. */
int bench__clock_chain_x86(long rounds);

#endif
