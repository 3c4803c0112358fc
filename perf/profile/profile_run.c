/* Rounds of one piece of work, recorded and not, in turns. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "perf/bench/refuse.h"
#include "perf/bench/stopwatch.h"
#include "perf/profile/profile.h"

#define SECONDS_WANTED 2.0
#define FEWEST_ROUNDS 8
#define MOST_ROUNDS 400
#define FIRST_SPANS 4096
#define MOST_SPANS ((size_t)1 << 22)

/* What lasts from round to round. */
typedef struct runner {
    const profile_work *work;
    profile *result;
    float *vectors;
    size_t floats, capacity;    /* spans of one thread */
    size_t room;                /* of `scratch` and of the result's spans: all threads */
    gte_trace_span *scratch;    /* of the round that has just run */
    double least;               /* of the costs */
    double *cost;               /* [rounds] thread seconds of a recorded call but those lost */
    double *recorded, *silent;  /* [rounds] seconds */
    profile_row *rows, *layers; /* [rounds][...] */
} runner;

static gte_status no_memory(gte_error *err)
{
    return bench__refuse(err, GTE_E_MEMORY, "out of memory");
}

static gte_status embed(const runner *r, gte_error *err)
{
    const profile_work *w = r->work;
    return gte_embed(w->context, w->texts, w->count, w->options, r->vectors, r->floats, err);
}

static unsigned flags(const runner *r)
{
    return r->work->cpu ? GTE_TRACE_CPU : 0;
}

static size_t layer_rows(const runner *r)
{
    return (size_t)r->result->model.layers * PROFILE_ROWS;
}

/* Embeds until the recording has room for a whole call. The first calls also touch the memory and
 * wake the threads. */
static gte_status find_capacity(runner *r, gte_error *err)
{
    for (r->capacity = FIRST_SPANS; r->capacity <= MOST_SPANS; r->capacity *= 4) {
        uint64_t dropped;
        gte_status status = gte_context_trace_start(r->work->context, r->capacity, flags(r), err);
        if (status == GTE_OK) status = embed(r, err);
        if (status != GTE_OK) return status;
        gte_context_trace_read(r->work->context, NULL, 0, 0, &dropped);
        if (!dropped) break;
    }
    if (r->capacity > MOST_SPANS) return no_memory(err);
    r->room = r->capacity * (size_t)r->result->context.threads;
    r->scratch = calloc(r->room, sizeof *r->scratch);
    r->result->spans = calloc(r->room, sizeof *r->result->spans);
    return r->scratch && r->result->spans ? GTE_OK : no_memory(err);
}

static gte_status timed(runner *r, double *seconds, gte_error *err)
{
    const double start = bench__wall_seconds();
    const gte_status status = embed(r, err);
    *seconds = bench__wall_seconds() - start;
    return status;
}

/* How often the work fits into the time wanted, twice a round. */
static gte_status plan_rounds(runner *r, gte_error *err)
{
    double seconds = 0;
    const gte_status status = timed(r, &seconds, err);
    if (status != GTE_OK) return status;
    const double fit = SECONDS_WANTED / 2 / (seconds > 1e-6 ? seconds : 1e-6);
    int rounds = fit < MOST_ROUNDS ? (int)fit : MOST_ROUNDS;
    if (rounds < FEWEST_ROUNDS) rounds = FEWEST_ROUNDS;
    if (r->work->rounds) rounds = r->work->rounds;
    r->result->rounds = rounds;
    const size_t n = (size_t)rounds;
    r->recorded = calloc(n, sizeof *r->recorded);
    r->silent = calloc(n, sizeof *r->silent);
    r->cost = calloc(n, sizeof *r->cost);
    r->rows = calloc(n * PROFILE_ROWS, sizeof *r->rows);
    r->layers = calloc(n * layer_rows(r), sizeof *r->layers);
    return r->recorded && r->silent && r->cost && r->rows && r->layers ? GTE_OK : no_memory(err);
}

/* One call recorded, one not; the trace of the fastest is kept. */
static gte_status round_of(runner *r, int round, gte_error *err)
{
    profile *p = r->result;
    gte_context *ctx = r->work->context;
    double seconds;
    gte_status status = timed(r, &r->silent[round], err);
    if (status == GTE_OK) status = gte_context_trace_start(ctx, r->capacity, flags(r), err);
    if (status == GTE_OK) status = timed(r, &seconds, err);
    gte_context_trace_stop(ctx);
    if (status != GTE_OK) return status;
    const size_t count = gte_context_trace_read(ctx, r->scratch, sizeof *r->scratch, r->room, NULL);
    const profile_sum how = {p->context.threads, p->model.layers, p->by_cpu};
    profile_row *rows = r->rows + (size_t)round * PROFILE_ROWS;
    r->recorded[round] =
        profile__add_up(r->scratch, count, &how, rows, r->layers + (size_t)round * layer_rows(r));
    r->cost[round] = how.threads * r->recorded[round] - rows[PROFILE_LOST].seconds;
    if (round == 0 || r->cost[round] < r->least) {
        gte_trace_span *old = p->spans;
        r->least = r->cost[round];
        p->spans = r->scratch;
        p->span_count = count;
        r->scratch = old;
    }
    return GTE_OK;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void add_rows(profile_row *sums, const profile_row *rows, size_t count, double weight)
{
    for (size_t i = 0; i < count; i++) {
        sums[i].calls += rows[i].calls * weight;
        sums[i].seconds += rows[i].seconds * weight;
        sums[i].flops += rows[i].flops * weight;
        sums[i].bytes += rows[i].bytes * weight;
    }
}

/* Means over the rounds up to the first quartile; sorts the times. */
static void take_means(runner *r, double *sorted)
{
    profile *p = r->result;
    const size_t n = (size_t)p->rounds, kept = (n + 3) / 4;
    memcpy(sorted, r->cost, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    qsort(r->silent, n, sizeof *r->silent, ascending);
    for (size_t i = 0; i < n; i++) {
        if (r->cost[i] > sorted[kept - 1] || (size_t)p->kept == kept) continue;
        p->kept++;
        p->mean_kept += r->recorded[i] / (double)kept;
        add_rows(p->rows, r->rows + i * PROFILE_ROWS, PROFILE_ROWS, 1 / (double)kept);
        add_rows(p->layers, r->layers + i * layer_rows(r), layer_rows(r), 1 / (double)kept);
    }
    qsort(r->recorded, n, sizeof *r->recorded, ascending);
    p->fastest = r->recorded[0];
    p->median = r->recorded[n / 2];
    p->slowest = r->recorded[n - 1];
    for (size_t i = 0; i < kept; i++) p->untraced += r->silent[i] / (double)kept;
}

static void finish_spans(profile *p)
{
    profile__sort_spans(p->spans, p->span_count);
    for (size_t i = 0; i < p->span_count; i++)
        if (p->spans[i].operation == GTE_TRACE_CALL) p->begin_ns = p->spans[i].begin_ns;
}

static long preemptions(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_nivcsw : 0;
}

static gte_status run_rounds(runner *r, gte_error *err)
{
    profile *p = r->result;
    gte_status status = GTE_OK;
    const double cpu = bench__process_seconds();
    const long preempted = preemptions();
    profile__counters_start(&p->counters);
    for (int i = 0; i < p->rounds && status == GTE_OK; i++) {
        status = round_of(r, i, err);
        if (status == GTE_OK && r->work->interrupted && r->work->interrupted())
            status = bench__refuse(err, GTE_E_CANCELLED, "interrupted");
    }
    profile__counters_stop(&p->counters);
    p->cpu = (bench__process_seconds() - cpu) / (2 * p->rounds);
    p->preempted = (double)(preemptions() - preempted) / (2 * p->rounds);
    for (int i = 0; i < PROFILE_COUNTERS; i++) p->counters.value[i] /= 2 * p->rounds;
    return status;
}

static gte_status count_tokens(runner *r, gte_error *err)
{
    uint32_t *counts = calloc(r->work->count, sizeof *counts);
    gte_embed_options options = *r->work->options;
    if (!counts) return no_memory(err);
    options.token_counts = counts;
    const gte_status status = gte_embed(r->work->context, r->work->texts, r->work->count, &options,
                                        r->vectors, r->floats, err);
    for (size_t i = 0; i < r->work->count && status == GTE_OK; i++) {
        r->result->tokens += counts[i];
        r->result->squares += (double)counts[i] * counts[i];
    }
    free(counts);
    return status;
}

gte_status profile__run(profile *out, const profile_work *work, gte_error *err)
{
    runner r = {.work = work, .result = out};
    const size_t dims = (size_t)out->model.hidden_size;
    double *sorted = NULL;
    out->texts = work->count;
    out->by_cpu = work->cpu;
    r.floats = work->count * dims;
    r.vectors = calloc(r.floats, sizeof *r.vectors);
    out->layers = calloc(layer_rows(&r), sizeof *out->layers);
    gte_status status = r.vectors && out->layers ? count_tokens(&r, err) : no_memory(err);
    if (status == GTE_OK) status = find_capacity(&r, err);
    gte_context_trace_stop(work->context);
    if (status == GTE_OK) status = plan_rounds(&r, err);
    if (status == GTE_OK && !(sorted = calloc((size_t)out->rounds, sizeof *sorted)))
        status = no_memory(err);
    if (status == GTE_OK) status = run_rounds(&r, err);
    if (status == GTE_OK) take_means(&r, sorted), finish_spans(out);
    free(sorted);
    free(r.vectors);
    free(r.scratch);
    free(r.recorded);
    free(r.silent);
    free(r.cost);
    free(r.rows);
    free(r.layers);
    return status;
}

void profile__free(profile *p)
{
    free(p->spans);
    free(p->layers);
    p->spans = NULL;
    p->layers = NULL;
    profile__counters_close(&p->counters);
}
