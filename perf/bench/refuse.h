/* Failing as the library does: a status, and a message in the caller's gte_error. */
#ifndef PERF_BENCH_REFUSE_H
#define PERF_BENCH_REFUSE_H

#include "gte.h"

/* Fills *err, which may be NULL, and returns the status. */
gte_status bench__refuse(gte_error *err, gte_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
