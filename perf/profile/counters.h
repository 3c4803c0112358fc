/* Hardware counters of this process through perf_event_open(2), where the kernel allows. */
#ifndef PERF_PROFILE_COUNTERS_H
#define PERF_PROFILE_COUNTERS_H

#include <stdint.h>

enum profile_counter {
    PROFILE_CYCLES,
    PROFILE_INSTRUCTIONS,
    PROFILE_CACHE_MISSES, /* of the last level */
    PROFILE_BRANCH_MISSES,
    PROFILE_COUNTERS
};

typedef struct profile_counters {
    int fd[PROFILE_COUNTERS];       /* -1: not to be had */
    int error;                      /* errno of the first that failed; 0: none did */
    double value[PROFILE_COUNTERS]; /* after profile__counters_stop; negative: not counted */
} profile_counters;

/* Opens them, stopped, for this thread and all it starts from now on: before the context is
 * made. What cannot be opened is left out. */
void profile__counters_open(profile_counters *c);
void profile__counters_start(profile_counters *c);
/* Stops and reads; scaled up where the processor had to take turns between counters. */
void profile__counters_stop(profile_counters *c);
void profile__counters_close(profile_counters *c);

/* "cycles", "cache misses"; constant strings. */
const char *profile__counter_name(int counter);

#endif
