/* What the parts of gte_predict take, from the trace of a call: its decoding is a small part of the
 * whole, which the difference of two measurements would not show. */
#ifndef PERF_BENCH_SHARES_H
#define PERF_BENCH_SHARES_H

#include "gte_task.h"

/* CPU time of one call, all threads together, in seconds. */
typedef struct bench_shares {
    double forward;  /* the encoder */
    double tokenize; /* and gathering what goes through it */
    double head;     /* states to logits */
    double decode;   /* logits to results; 0 of what has no such step: no head, or pointers */
    double flops;
} bench_shares;

/* Begins to record; the next call is the one that bench__shares_end adds up. */
gte_status bench__shares_begin(gte_context *ctx, gte_error *err);
/* Errors: GTE_E_MEMORY; GTE_E_TOO_LONG where the call had more steps than the recording holds. */
gte_status bench__shares_end(bench_shares *out, gte_context *ctx, gte_error *err);

#endif
