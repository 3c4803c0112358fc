/* Clocks for stopwatch.h. */
#include "stopwatch.h"

#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec t = {0};
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench__wall_seconds(void)
{
    return seconds(CLOCK_MONOTONIC);
}

double bench__thread_seconds(void)
{
    return seconds(CLOCK_THREAD_CPUTIME_ID);
}

double bench__process_seconds(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}
