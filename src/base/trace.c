/* Marks, laps and their buffers; the rules are in trace.h. */
#include "base/trace.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"

/* Less than this between two steps is the team handing out a task, not a thread without work. */
#define SHORTEST_WAIT 300

gte__trace *gte__trace_create(int members, size_t capacity)
{
    const size_t n = (size_t)members;
    gte__plan plan = {0};
    const size_t at_trace = gte__plan_add(&plan, 1, sizeof(gte__trace));
    const size_t at_members = gte__plan_add(&plan, n, sizeof(gte__trace_member));
    size_t spans, all;
    if (!gte__mul(capacity, sizeof(gte_trace_span), &spans) ||
        !gte__round_up(spans, GTE_ALIGNMENT, &spans) || !gte__mul(n, spans, &all))
        return NULL;
    const size_t at_spans = gte__plan_add(&plan, 1, all);
    char *block = plan.bad ? NULL : gte__block_alloc(plan.total);
    if (!block) return NULL;
    memset(block, 0, plan.total);
    gte__trace *t = (gte__trace *)(void *)(block + at_trace);
    *t = (gte__trace){.members = members,
                      .capacity = capacity,
                      .member = (gte__trace_member *)(void *)(block + at_members)};
    for (size_t i = 0; i < n; i++)
        t->member[i].spans = (gte_trace_span *)(void *)(block + at_spans + i * spans);
    return t;
}

void gte__trace_clear(gte__trace *t)
{
    for (int i = 0; i < t->members; i++) t->member[i].count = t->member[i].dropped = 0;
}

static int64_t read_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t gte__trace_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* Of the calling thread: its own mark only. */
static void mark_cpu(gte__trace *t, int member)
{
    if (t->cpu) t->member[member].cpu_mark = read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void gte__trace_mark(gte__trace *t, int member)
{
    mark_cpu(t, member);
    t->member[member].mark = gte__trace_now();
}

void gte__trace_mark_all(gte__trace *t)
{
    const int64_t now = gte__trace_now();
    for (int i = 0; i < t->members; i++) t->member[i].mark = now;
}

static void add(gte__trace *t, int member, gte_trace_span span)
{
    gte__trace_member *m = &t->member[member];
    span.member = member;
    if (m->count < t->capacity)
        m->spans[m->count++] = span;
    else
        m->dropped++;
}

static void wait_until(gte__trace *t, int member, int64_t now)
{
    gte__trace_member *m = &t->member[member];
    if (now - m->mark < SHORTEST_WAIT) return;
    /* one thread has nobody to wait for: it lost its core, which is no step */
    if (t->members > 1)
        add(t, member,
            (gte_trace_span){
                .begin_ns = m->mark, .end_ns = now, .operation = GTE_TRACE_WAIT, .layer = -1});
    m->mark = now;
}

void gte__trace_resume(gte__trace *t, int member)
{
    mark_cpu(t, member);
    wait_until(t, member, gte__trace_now());
}

void gte__trace_lap(gte__trace *t, int member, gte_trace_span what)
{
    gte__trace_member *m = &t->member[member];
    const int64_t cpu_mark = m->cpu_mark;
    mark_cpu(t, member);
    if (t->cpu) what.cpu_ns = m->cpu_mark - cpu_mark;
    what.begin_ns = m->mark;
    what.end_ns = m->mark = gte__trace_now();
    add(t, member, what);
}

void gte__trace_finish_all(gte__trace *t)
{
    const int64_t now = gte__trace_now();
    for (int i = 0; i < t->members; i++) wait_until(t, i, now);
}

void gte__trace_enclose(gte__trace *t, gte_trace_operation operation, int64_t begin, uint32_t rows)
{
    add(t, 0,
        (gte_trace_span){.begin_ns = begin,
                         .end_ns = gte__trace_now(),
                         .operation = operation,
                         .layer = -1,
                         .rows = rows});
}
