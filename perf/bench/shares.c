/* Adding up a trace for shares.h. */
#include "shares.h"

#include <stdlib.h>
#include <string.h>

#include "refuse.h"

enum { SPANS = 1 << 16 }; /* of a thread */

gte_status bench__shares_begin(gte_context *ctx, gte_error *err)
{
    return gte_context_trace_start(ctx, SPANS, GTE_TRACE_CPU, err);
}

static void add(bench_shares *out, const gte_trace_span *s)
{
    const double seconds = 1e-9 * (double)s->cpu_ns;
    out->flops += (double)s->flops;
    switch (s->operation) {
    case GTE_TRACE_CALL:
    case GTE_TRACE_FORWARD:
    case GTE_TRACE_WAIT:
        return;
    case GTE_TRACE_TOKENIZE:
        out->tokenize += seconds;
        return;
    case GTE_TRACE_HEAD:
        out->head += seconds;
        return;
    case GTE_TRACE_DECODE:
        out->decode += seconds;
        return;
    default:
        out->forward += seconds;
    }
}

gte_status bench__shares_end(bench_shares *out, gte_context *ctx, gte_error *err)
{
    uint64_t dropped;
    gte_context_trace_stop(ctx);
    const size_t count = gte_context_trace_read(ctx, NULL, sizeof(gte_trace_span), 0, &dropped);
    if (dropped)
        return bench__refuse(err, GTE_E_TOO_LONG, "a cell has too many steps: take fewer texts");
    gte_trace_span *spans = calloc(count + 1, sizeof *spans);
    if (!spans) return bench__refuse(err, GTE_E_MEMORY, "out of memory");
    gte_context_trace_read(ctx, spans, sizeof *spans, count, NULL);
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < count; i++) add(out, &spans[i]);
    free(spans);
    return GTE_OK;
}
