/* The clocks of a measurement, in seconds: of the wall, of one thread's and of the whole process's
 * work. Where a machine is shared, the last two leave out the time that others had the core. */
#ifndef PERF_BENCH_STOPWATCH_H
#define PERF_BENCH_STOPWATCH_H

double bench__wall_seconds(void);
double bench__thread_seconds(void);
double bench__process_seconds(void);

#endif
