/* Threads that do one job at the same moment, for probes of what all cores reach together. */
#ifndef PERF_BENCH_CREW_H
#define PERF_BENCH_CREW_H

#include "probe.h"

/* A job measures itself and returns a rate. `thread` counts from 0. */
typedef double bench_job(void *arg, int thread);

/* Runs job(arg, 0 .. threads-1) on so many threads, the caller one of them, all beginning together;
 * the sum of their rates, or 0 when the threads cannot be had. */
double bench__crew_run(int threads, bench_job *job, void *arg);

#endif
