/* Where the time of an embedding goes: the trace of gte.h, recorded over rounds of one piece of
 * work, added up by operation and layer, and set against what the machine can do.
 *
 * A client of the library: include/gte.h and perf/bench. Times are thread time: with n threads the
 * whole is n times the duration of a call, and what no step accounts for is a row of its own, so
 * that the rows always add up. They are means over the fastest quarter of the rounds, which other
 * processes disturbed least.
 *
 * profile_run.c runs, profile_sums.c adds, roofs.c and counters.c measure the machine; the writers
 * (profile_table.c, profile_json.c, profile_trace.c, profile_html.c) only read. */
#ifndef PERF_PROFILE_PROFILE_H
#define PERF_PROFILE_PROFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "gte.h"
#include "perf/profile/counters.h"
#include "perf/profile/roofs.h"

/* Rows: the operations of a trace by their numbers, and two that no span tells. */
enum {
#define PROFILE_ONE(name, number, text) +1
    PROFILE_IDLE = 0 GTE_TRACE_MAP(PROFILE_ONE), /* other threads while the caller works alone */
#undef PROFILE_ONE
    PROFILE_LOST, /* of steps: their duration less processor time, where that is measured */
    PROFILE_REST, /* between steps: sharing out, the recording itself, a core lost for a while */
    PROFILE_ROWS
};

typedef struct profile_row {
    double calls, seconds, flops, bytes; /* of one round */
} profile_row;

typedef struct profile_work {
    gte_context *context;
    const gte_text *texts;
    size_t count;
    const gte_embed_options *options;
    int rounds; /* 0: what fits into two seconds */
    bool cpu;   /* count steps by the processor time of their threads */
    bool (*interrupted)(void);
} profile_work;

typedef struct profile {
    const char *name; /* of the model; the caller keeps it */
    gte_model_info model;
    gte_context_info context;
    gte_runtime runtime;
    profile_roofs roofs;
    profile_counters counters;
    size_t texts, tokens;
    double squares; /* sum of the squares of the texts' tokens */

    bool by_cpu;                                /* steps are counted by processor time */
    int rounds, kept;                           /* all, and those the rows are means of */
    double fastest, median, slowest, mean_kept; /* seconds of a recorded call */
    double cpu;                                 /* processor time of a call, all threads */
    double preempted;                           /* times a call lost a core to another process */
    double untraced;                            /* as mean_kept, of calls that nobody recorded */

    profile_row rows[PROFILE_ROWS];
    profile_row *layers; /* [model.layers][PROFILE_ROWS] */

    gte_trace_span *spans; /* of the fastest round; by thread, then by time, outer spans first */
    size_t span_count;
    int64_t begin_ns; /* of its call */
} profile;

/* Runs and measures. Fills *out, to be freed with profile__free, also on failure. GTE_E_CANCELLED
 * when work->interrupted said so. */
gte_status profile__run(profile *out, const profile_work *work, gte_error *err);
void profile__free(profile *p);

/* ---- reading it ---------------------------------------------------------------------------- */

/* "qkv", "idle", "rest": constant strings. */
const char *profile__row_name(int row);

/* Thread time of a call: what the rows add up to. */
double profile__whole(const profile *p);

/* What one thread could reach in a row, FLOP/s, and what bounds it there; 0 where a row has no
 * FLOPs. `level` (optional): the cache or memory its bytes come from. */
double profile__roof(const profile *p, int row, const profile_row *sums, bench_level *level);

/* ---- writing it ---------------------------------------------------------------------------- */

void profile__write_table(FILE *out, const profile *p, int layers);
void profile__write_json(FILE *out, const profile *p);
/* Chrome's trace event format: https://ui.perfetto.dev and chrome://tracing open it. */
void profile__write_trace(FILE *out, const profile *p);
/* One page that asks for nothing outside of itself. */
void profile__write_html(FILE *out, const profile *p);

/* A JSON string; what would end a script element in a page is escaped. */
void profile__write_string(FILE *out, const char *text);

/* ---- adding up ----------------------------------------------------------------------------- */

/* How spans are added up. */
typedef struct profile_sum {
    int threads, layers;
    bool by_cpu;
} profile_sum;

/* One round: `spans` into rows [PROFILE_ROWS] and layers [how->layers][PROFILE_ROWS], both set, not
 * added to. Returns the duration of the call in seconds. */
double profile__add_up(const gte_trace_span *spans, size_t count, const profile_sum *how,
                       profile_row *rows, profile_row *layers);

/* Sorts spans by thread and time, an outer span before what it encloses. */
void profile__sort_spans(gte_trace_span *spans, size_t count);

/* Steps of one layer that follow each other on a thread: the level between a pass and its steps.
 * Finds the next run at or after *at in sorted spans and moves *at behind it; 0 at the end. */
typedef struct profile_stretch {
    int member, layer;
    int64_t begin_ns, end_ns;
} profile_stretch;
int profile__next_stretch(const gte_trace_span *spans, size_t count, size_t *at,
                          profile_stretch *out);

#endif
