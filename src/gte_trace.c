/* The public API of gte.h, trace side: when a context records, and what it recorded. The recording
 * itself is base/trace.h's. */
#include <stdlib.h>

#include "handle.h"

const char *gte_trace_operation_name(gte_trace_operation operation)
{
    switch (operation) {
#define NAME_CASE(name, number, text)                                                              \
    case GTE_TRACE_##name:                                                                         \
        return text;
        GTE_TRACE_MAP(NAME_CASE)
#undef NAME_CASE
    }
    return "unknown";
}

gte_status gte_context_trace_start(gte_context *ctx, size_t capacity, unsigned flags,
                                   gte_error *err)
{
    if (!ctx) return gte__fail(err, GTE_E_ARGUMENT, 0, "ctx is NULL");
    if (!capacity) return gte__fail(err, GTE_E_ARGUMENT, 0, "a trace of no spans");
    if (flags & ~GTE_TRACE_CPU)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "flags 0x%x are not for a trace", flags);
    if (!ctx->trace || ctx->trace->capacity != capacity) {
        gte__trace *trace = gte__trace_create(gte__team_threads(ctx->encoder.team), capacity);
        if (!trace)
            return gte__fail(err, GTE_E_MEMORY, 0, "no memory for %zu spans a thread", capacity);
        free(ctx->trace);
        ctx->trace = trace;
    }
    gte__trace_clear(ctx->trace);
    ctx->trace->cpu = (flags & GTE_TRACE_CPU) != 0;
    ctx->encoder.trace = ctx->trace;
    return gte__ok(err);
}

void gte_context_trace_stop(gte_context *ctx)
{
    if (ctx) ctx->encoder.trace = NULL;
}

size_t gte_context_trace_read(const gte_context *ctx, gte_trace_span *out, size_t span_size,
                              size_t capacity, uint64_t *dropped)
{
    size_t all = 0;
    if (dropped) *dropped = 0;
    if (!ctx || !ctx->trace) return 0;
    const gte__trace *t = ctx->trace;
    for (int i = 0; i < t->members; i++) {
        const gte__trace_member *m = &t->member[i];
        if (dropped) *dropped += m->dropped;
        for (size_t k = 0; k < m->count; k++, all++) {
            if (!out || all >= capacity) continue;
            gte__describe((char *)out + all * span_size, span_size, &m->spans[k], sizeof *out);
        }
    }
    return all;
}
