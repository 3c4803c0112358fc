/* The fastest round in Chrome's trace event format: complete events ("X") in microseconds, one
 * thread of the context a track, calls, passes, layers and steps inside of each other. */
#include <stdlib.h>
#include <string.h>

#include "perf/profile/profile.h"

/* One slice on its way out: a span, or a stretch of a layer. */
typedef struct slice {
    int64_t begin_ns, end_ns;
    int member, layer, depth;
    const gte_trace_span *span; /* NULL: a layer */
} slice;

/* Chrome wants no order, but what reads it does well with one: by time, the outer one first. */
static int compare(const void *a, const void *b)
{
    const slice *x = a, *y = b;
    if (x->begin_ns != y->begin_ns) return x->begin_ns < y->begin_ns ? -1 : 1;
    if (x->member != y->member) return x->member < y->member ? -1 : 1;
    if (x->end_ns != y->end_ns) return x->end_ns > y->end_ns ? -1 : 1;
    return x->depth - y->depth;
}

static int depth_of(const gte_trace_span *s)
{
    return s->operation == GTE_TRACE_CALL ? 0 : s->operation == GTE_TRACE_FORWARD ? 1 : 3;
}

/* The spans and the stretches; at most one stretch begins with a span. NULL: no memory. */
static slice *collect(const profile *p, size_t *count)
{
    slice *out = calloc(2 * p->span_count + 1, sizeof *out);
    profile_stretch stretch;
    size_t n = 0, at = 0;
    if (!out) return NULL;
    for (size_t i = 0; i < p->span_count; i++) {
        const gte_trace_span *s = &p->spans[i];
        out[n++] = (slice){s->begin_ns, s->end_ns, s->member, s->layer, depth_of(s), s};
    }
    while (profile__next_stretch(p->spans, p->span_count, &at, &stretch))
        out[n++] =
            (slice){stretch.begin_ns, stretch.end_ns, stretch.member, stretch.layer, 2, NULL};
    qsort(out, n, sizeof *out, compare);
    *count = n;
    return out;
}

static void write_event(FILE *out, const profile *p, const slice *s)
{
    const double begin = (double)(s->begin_ns - p->begin_ns) * 1e-3;
    const double length = (double)(s->end_ns - s->begin_ns) * 1e-3;
    const gte_trace_span *span = s->span;
    fprintf(out, ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"cat\":\"%s\",",
            s->member + 1, begin, length, span ? "operation" : "layer");
    if (!span) {
        fprintf(out, "\"name\":\"layer %d\",\"args\":{\"layer\":%d}}", s->layer, s->layer);
        return;
    }
    fprintf(out, "\"name\":\"%s\",\"args\":{\"rows\":%u", gte_trace_operation_name(span->operation),
            (unsigned)span->rows);
    if (span->layer >= 0) fprintf(out, ",\"layer\":%d", span->layer);
    if (span->flops) {
        fprintf(out, ",\"flops\":%llu", (unsigned long long)span->flops);
        if (length > 0) fprintf(out, ",\"GFLOP/s\":%.1f", (double)span->flops / length * 1e-3);
    }
    if (span->bytes) fprintf(out, ",\"bytes\":%llu", (unsigned long long)span->bytes);
    fputs("}}", out);
}

void profile__write_trace(FILE *out, const profile *p)
{
    size_t count = 0;
    slice *slices = collect(p, &count);
    fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"processor\":", out);
    profile__write_string(out, p->roofs.processor);
    fputs(",\"model\":", out);
    profile__write_string(out, p->name);
    fputs("},\"traceEvents\":[\n{\"ph\":\"M\",\"pid\":1,\"tid\":1,\"ts\":0,"
          "\"name\":\"process_name\",\"args\":{\"name\":\"gte\"}}",
          out);
    for (int i = 0; i < p->context.threads; i++) {
        fprintf(out,
                ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"ts\":0,\"name\":\"thread_name\","
                "\"args\":{\"name\":\"%s %d\"}}",
                i + 1, i ? "member" : "caller", i);
    }
    for (size_t i = 0; i < count; i++) write_event(out, p, &slices[i]);
    fputs("\n]}\n", out);
    free(slices);
}
