/* A trace: what each thread of a context did and when, as spans in memory that was taken before.
 *
 * A thread's steps are laps: it has a mark, the end of its last step, and each step runs from the
 * mark to now, so that steps tile the time without gaps and cost one reading of the clock. What a
 * step is worth (FLOPs, bytes) is the business of those who know it (encoder/trace_steps.h).
 *
 * No locks: a member writes its own spans during its tasks; the caller writes everybody's between
 * jobs, which the team orders (base/team.h). A full buffer drops spans and counts them. */
#ifndef GTE_BASE_TRACE_H
#define GTE_BASE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gte.h"

typedef struct gte__trace_member {
    _Alignas(64) int64_t mark; /* CLOCK_MONOTONIC, nanoseconds */
    int64_t cpu_mark;          /* CLOCK_THREAD_CPUTIME_ID, where that is recorded */
    size_t count;
    uint64_t dropped;
    gte_trace_span *spans; /* [capacity] */
} gte__trace_member;

typedef struct gte__trace {
    int members;
    bool cpu;        /* record processor time too */
    size_t capacity; /* spans of one member */
    gte__trace_member *member;
} gte__trace;

/* Room for so many spans for each member, touched now, so that no page is missing later. NULL when
 * memory is short. Freed with free(). */
gte__trace *gte__trace_create(int members, size_t capacity);

/* Forgets all spans. */
void gte__trace_clear(gte__trace *t);

int64_t gte__trace_now(void);

/* The next step of the member, the calling thread, begins now. */
void gte__trace_mark(gte__trace *t, int member);
/* Everybody's does: the caller, before the first job of a pass. */
void gte__trace_mark_all(gte__trace *t);

/* The member begins a task. What lies between its mark and now was waiting; where that is next to
 * nothing (claiming the task), it is left to the step that follows. */
void gte__trace_resume(gte__trace *t, int member);

/* Ends a step: the span `what`, from the mark to now; times and member are filled in. */
void gte__trace_lap(gte__trace *t, int member, gte_trace_span what);

/* The caller, after the last job: whoever finished before has been waiting since. */
void gte__trace_finish_all(gte__trace *t);

/* A span of the caller's that encloses steps: from `begin` to now. */
void gte__trace_enclose(gte__trace *t, gte_trace_operation operation, int64_t begin, uint32_t rows);

#endif
