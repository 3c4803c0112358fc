/* What to call the processor that figures were measured on. */
#ifndef PERF_BENCH_PROCESSOR_H
#define PERF_BENCH_PROCESSOR_H

#include <stddef.h>

/* "AMD EPYC, family 26, model 2" from /proc/cpuinfo, or what uname calls the machine. Fills at most
 * `size` bytes, NUL included. */
void bench__processor_name(char *out, size_t size);

#endif
