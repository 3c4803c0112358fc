/* The roof over a row (Williams, Waterman & Patterson, 2009): min(peak, intensity * bandwidth), the
 * bandwidth being that of where the row's bytes can lie at best. */
#include <string.h>

#include "perf/profile/profile.h"

static enum profile_kind kind_of(int row)
{
    switch (row) {
    case GTE_TRACE_QKV:
    case GTE_TRACE_ATTENTION_OUT:
    case GTE_TRACE_FFN_UP:
    case GTE_TRACE_FFN_DOWN:
        return PROFILE_LINEAR;
    case GTE_TRACE_ATTENTION:
        return PROFILE_ATTENTION;
    default:
        return PROFILE_ELEMENTS;
    }
}

/* Bytes of the weights of all linear layers, in the file or as OpenBLAS reads them. */
static double weights_bytes(const profile *p, const char *dtype)
{
    const double h = p->model.hidden_size, f = p->model.ffn_size;
    const int size = strcmp(dtype, "f32") == 0 ? 4 : strcmp(dtype, "bf16") == 0 ? 2 : 1;
    return p->model.layers * (4 * h * h + 2 * h * f) * size;
}

/* Before the same weights are read again, all others are; the table of words, most of what else is
 * in the file, is read at random; all other bytes the step before has just written. */
static double reused_after(const profile *p, int row, const profile_row *sums)
{
    const int copied = strcmp(p->context.backend, "openblas") == 0;
    if (kind_of(row) == PROFILE_LINEAR) return weights_bytes(p, copied ? "f32" : p->model.dtype);
    if (row == GTE_TRACE_EMBED)
        return (double)p->model.file_size - weights_bytes(p, p->model.dtype);
    return sums->bytes / sums->calls;
}

double profile__roof(const profile *p, int row, const profile_row *sums, bench_level *level)
{
    const double peak = p->roofs.peak[kind_of(row)];
    bench_level from = BENCH_L2;
    if (level) *level = from;
    if (sums->flops <= 0 || sums->bytes <= 0 || sums->calls <= 0) return 0;
    const double bytes = reused_after(p, row, sums);
    while (from < BENCH_DRAM && bytes > (double)p->roofs.cache[from]) from++;
    if (level) *level = from;
    const double fed = sums->flops / sums->bytes * p->roofs.bandwidth[from];
    return fed > 0 && fed < peak ? fed : peak;
}
