/* Spans to rows: sums by operation and layer, and what no span accounts for. */
#include <stdlib.h>
#include <string.h>

#include "perf/profile/profile.h"

const char *profile__row_name(int row)
{
    if (row == PROFILE_IDLE) return "idle";
    if (row == PROFILE_LOST) return "lost";
    if (row == PROFILE_REST) return "rest";
    return gte_trace_operation_name((gte_trace_operation)row);
}

static int encloses(const gte_trace_span *s)
{
    return s->operation == GTE_TRACE_CALL || s->operation == GTE_TRACE_FORWARD;
}

static double seconds(const gte_trace_span *s)
{
    return (double)(s->end_ns - s->begin_ns) * 1e-9;
}

static void add(profile_row *row, const gte_trace_span *s, double time)
{
    row->calls++;
    row->seconds += time;
    row->flops += (double)s->flops;
    row->bytes += (double)s->bytes;
}

double profile__add_up(const gte_trace_span *spans, size_t count, const profile_sum *how,
                       profile_row *rows, profile_row *layers)
{
    memset(rows, 0, PROFILE_ROWS * sizeof *rows);
    memset(layers, 0, (size_t)how->layers * PROFILE_ROWS * sizeof *layers);
    for (size_t i = 0; i < count; i++) {
        const gte_trace_span *s = &spans[i];
        if ((unsigned)s->operation >= PROFILE_IDLE) continue; /* of a newer library: in the rest */
        double time = seconds(s);
        if (how->by_cpu && !encloses(s) && s->operation != GTE_TRACE_WAIT) {
            time = (double)s->cpu_ns * 1e-9;
            rows[PROFILE_LOST].seconds += seconds(s) - time;
        }
        add(&rows[s->operation], s, time);
        if (s->layer >= 0 && s->layer < how->layers)
            add(&layers[s->layer * PROFILE_ROWS + (int)s->operation], s, time);
    }
    const double call = rows[GTE_TRACE_CALL].seconds;
    rows[PROFILE_IDLE].seconds = (how->threads - 1) * (call - rows[GTE_TRACE_FORWARD].seconds);
    double known = 0;
    for (int i = 0; i < PROFILE_REST; i++)
        if (i != GTE_TRACE_CALL && i != GTE_TRACE_FORWARD) known += rows[i].seconds;
    rows[PROFILE_REST].seconds = how->threads * call - known;
    return call;
}

static int compare(const void *a, const void *b)
{
    const gte_trace_span *x = a, *y = b;
    if (x->member != y->member) return x->member < y->member ? -1 : 1;
    if (x->begin_ns != y->begin_ns) return x->begin_ns < y->begin_ns ? -1 : 1;
    if (x->end_ns != y->end_ns) return x->end_ns > y->end_ns ? -1 : 1;
    return (int)x->operation - (int)y->operation;
}

void profile__sort_spans(gte_trace_span *spans, size_t count)
{
    qsort(spans, count, sizeof *spans, compare);
}

int profile__next_stretch(const gte_trace_span *spans, size_t count, size_t *at,
                          profile_stretch *out)
{
    size_t i = *at;
    while (i < count && spans[i].layer < 0) i++;
    *at = i;
    if (i == count) return 0;
    *out = (profile_stretch){spans[i].member, spans[i].layer, spans[i].begin_ns, spans[i].end_ns};
    for (; i < count && spans[i].member == out->member; i++) {
        if (spans[i].operation == GTE_TRACE_WAIT) continue; /* ends it only if another follows */
        if (encloses(&spans[i]) || spans[i].layer != out->layer) break;
        out->end_ns = spans[i].end_ns;
    }
    *at = i;
    return 1;
}

double profile__whole(const profile *p)
{
    return p->context.threads * p->mean_kept;
}
