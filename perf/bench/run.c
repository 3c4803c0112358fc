/* The rounds of bench.h. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "refuse.h"
#include "stopwatch.h"
#include "work.h"

enum { LEAST_CALLS = 3 }; /* of a cell that takes longer than its time */

/* A result in the making. */
typedef struct track {
    bench_work *work;
    size_t next_set;
    double spent;
    bench_samples wall, cpu, cold, tokenizer, rounds;
    bench_samples forward, tokenize, head, decode; /* of a task */
} track;

typedef struct run {
    const bench_options *options;
    bench_report *report;
    bench_work *works; /* [models][cells] */
    track *tracks;     /* beside report->results */
    size_t done;
    gte_error *err;
} run;

static gte_status out_of_memory(gte_error *err)
{
    return bench__refuse(err, GTE_E_MEMORY, "out of memory");
}

/* A failure is a model's, whichever of its texts it was. */
static gte_status of_model(const run *r, size_t model, gte_status status)
{
    if (status != GTE_OK && r->err) r->err->index = model;
    return status;
}

static gte_status of_engine(const run *r, const bench_engine *e, gte_status status)
{
    return of_model(r, (size_t)(e->model - r->report->models), status);
}

/* What answers the task, which may be the model alone. */
static gte_status open_head(bench_model *m, const bench_options *o, gte_error *err)
{
    if (!o->task) return GTE_OK;
    m->head = gte_model_head(m->model);
    if (o->head) {
        const gte_status status = gte_head_open(&m->opened, m->model, o->head, err);
        if (status != GTE_OK) return status;
        m->head = m->opened;
    }
    return gte_predict_check(m->model, m->head, o->task, err);
}

/* Opens them and looks whether they read the cells, before anything takes time. */
static gte_status open_models(run *r)
{
    for (size_t i = 0; i < r->options->model_count; i++) {
        bench_model *m = &r->report->models[i];
        m->path = r->options->models[i];
        gte_status status = gte_model_open(&m->model, m->path, NULL, r->err);
        if (status == GTE_OK) {
            r->report->model_count = i + 1;
            gte_model_describe(m->model, &m->info, sizeof m->info);
            status = open_head(m, r->options, r->err);
        }
        for (size_t c = 0; status == GTE_OK && c < r->options->cell_count; c++)
            status = bench__cell_check(r->options->cells[c], &m->info, r->err);
        if (status != GTE_OK) return of_model(r, i, status);
    }
    return GTE_OK;
}

static gte_status make_works(run *r)
{
    const bench_options *o = r->options;
    for (size_t i = 0; i < o->model_count; i++)
        for (size_t c = 0; c < o->cell_count; c++) {
            const gte_status status =
                bench__work_make(&r->works[i * o->cell_count + c], &r->report->models[i],
                                 o->cells[c], o->task, r->err);
            if (status != GTE_OK) return of_model(r, i, status);
        }
    return GTE_OK;
}

static double linear_weights(const gte_model_info *info)
{
    const double h = info->hidden_size, f = info->ffn_size;
    return info->layers * (4 * h * h + 2 * h * f);
}

static double element_size(const char *dtype)
{
    return strcmp(dtype, "int8") == 0 ? 1 : strcmp(dtype, "bf16") == 0 ? 2 : 4;
}

static gte_status start_engine(bench_engine *e, gte_backend backend, gte_error *err)
{
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    gte_context_info info;
    gte_runtime runtime;
    options.threads = e->threads;
    options.backend = backend;
    const gte_status status = gte_context_create(&e->context, e->model->model, &options, err);
    if (status != GTE_OK) return status;
    gte_context_describe(e->context, &info, sizeof info);
    gte_runtime_describe(&runtime, sizeof runtime);
    const bool openblas = strcmp(info.backend, "openblas") == 0;
    const char *dtype = e->model->info.dtype;
    e->backend = info.backend;
    e->unit = openblas ? bench__unit_best_f32() : bench__unit_of(dtype, runtime.isa);
    e->weight_bytes = linear_weights(&e->model->info) * element_size(openblas ? "f32" : dtype);
    return GTE_OK;
}

/* Before this process has threads, or texts that its children would hold, too. */
static gte_status measure_loads(run *r)
{
    const bench_options *o = r->options;
    bench_engine *e = r->report->engines;
    for (size_t m = 0; m < o->model_count; m++)
        for (size_t t = 0; t < o->thread_count; t++)
            for (size_t b = 0; b < o->backend_count; b++, e++) {
                e->model = &r->report->models[m];
                e->threads = o->threads[t];
                bench__load_measure(&e->load, e->model->path, o->backends[b], e->threads,
                                    o->cold_file && t + b == 0);
                if (o->progress && o->progress(o->progress_arg, 0, 1)) return GTE_E_CANCELLED;
            }
    return GTE_OK;
}

static gte_status start_engines(run *r)
{
    const bench_options *o = r->options;
    bench_engine *e = r->report->engines;
    for (size_t i = 0; i < r->report->engine_count; i++, e++) {
        const gte_status status = start_engine(e, o->backends[i % o->backend_count], r->err);
        if (status != GTE_OK) return of_engine(r, e, status);
    }
    return GTE_OK;
}

static void lay_out_results(run *r)
{
    const bench_options *o = r->options;
    const size_t per_model = o->thread_count * o->backend_count;
    for (size_t i = 0; i < r->report->result_count; i++) {
        const size_t model = i / (o->cell_count * per_model);
        const size_t cell = i / per_model % o->cell_count;
        bench_result *result = &r->report->results[i];
        result->engine = &r->report->engines[model * per_model + i % per_model];
        result->cell = o->cells[cell];
        result->flops = bench__cell_flops(&result->engine->model->info, result->cell);
        r->tracks[i].work = &r->works[model * o->cell_count + cell];
    }
}

/* CPU time of the calling thread where it is the only one that works: finer, and cheaper to ask. */
static double cpu_seconds(const bench_engine *e)
{
    return e->threads == 1 ? bench__thread_seconds() : bench__process_seconds();
}

static const gte_text *next_texts(track *t)
{
    const size_t set = t->next_set++ % t->work->sets;
    return t->work->texts.texts + set * t->work->texts_per_set;
}

static gte_status call_once(const bench_engine *e, track *t, double *wall, gte_error *err)
{
    const gte_text *texts = next_texts(t);
    const double start = bench__wall_seconds();
    const gte_status status = bench__work_call(t->work, e, texts, err);
    *wall = bench__wall_seconds() - start;
    return status;
}

static gte_status tokenize_once(const bench_engine *e, track *t, double *cpu, gte_error *err)
{
    const gte_text *texts = next_texts(t);
    const double start = bench__thread_seconds();
    const gte_status status = bench__work_tokenize(t->work, e, texts, err);
    *cpu = bench__thread_seconds() - start;
    if (status != GTE_OK) return status;
    return bench__samples_add(&t->tokenizer, *cpu) ? GTE_OK : out_of_memory(err);
}

/* The probes before a cell's turn; the last of them empties the caches. */
static gte_status probe(run *r, const bench_engine *e)
{
    bench_peaks *peaks = &r->report->peaks;
    if (bench__peaks_probe(peaks, e->unit, 1) &&
        (e->threads == 1 || bench__peaks_probe(peaks, e->unit, e->threads)) &&
        bench__peaks_probe_level(peaks, BENCH_DRAM, e->threads))
        return GTE_OK;
    return out_of_memory(r->err);
}

/* Calls until the slice is over; the times of a round go to `walls`, too. The first call, on cold
 * caches, is kept apart, and counts with the others only where there are no others.
 *
 * CPU time is taken of a round as a whole: the kernel adds what another thread of the process has
 * done only when that thread sleeps or at a tick, so around one short call it would be missing. */
static gte_status call_for(const bench_engine *e, track *t, double slice, bench_samples *walls,
                           gte_error *err)
{
    double wall = 0, spent = 0, cpu_before = 0, tokenizer = 0, tokenizing = 0;
    size_t calls = 0;
    for (; calls == 0 || spent < slice; calls++) {
        if (calls <= 1) {
            cpu_before = cpu_seconds(e);
            tokenizing = 0;
        }
        gte_status status = call_once(e, t, &wall, err);
        if (status == GTE_OK) status = tokenize_once(e, t, &tokenizer, err);
        if (status != GTE_OK) return status;
        spent += wall;
        tokenizing += tokenizer;
        bool kept = calls || bench__samples_add(&t->cold, wall);
        if (calls || spent >= slice)
            kept = kept && bench__samples_add(walls, wall) && bench__samples_add(&t->wall, wall);
        if (!kept) return out_of_memory(err);
    }
    const double cpu = cpu_seconds(e) - cpu_before - tokenizing;
    t->spent += spent;
    return bench__samples_add(&t->cpu, cpu / (double)(calls > 1 ? calls - 1 : 1))
               ? GTE_OK
               : out_of_memory(err);
}

/* One call of a task with a trace, which is no part of the times. */
static gte_status take_shares(run *r, const bench_engine *e, bench_result *result, track *t)
{
    double wall;
    bench_shares *s = &result->shares;
    gte_status status = bench__shares_begin(e->context, r->err);
    if (status == GTE_OK) status = call_once(e, t, &wall, r->err);
    if (status == GTE_OK) status = bench__shares_end(s, e->context, r->err);
    if (status != GTE_OK) return status;
    result->flops = s->flops;
    return bench__samples_add(&t->forward, s->forward) &&
                   bench__samples_add(&t->tokenize, s->tokenize) &&
                   bench__samples_add(&t->head, s->head) &&
                   bench__samples_add(&t->decode, s->decode)
               ? GTE_OK
               : out_of_memory(r->err);
}

static gte_status measure(run *r, size_t at)
{
    bench_result *result = &r->report->results[at];
    const bench_engine *e = result->engine;
    track *t = &r->tracks[at];
    bench_samples walls = {0};
    gte_status status = probe(r, e);
    if (status == GTE_OK)
        status = call_for(e, t, r->options->seconds / r->options->rounds, &walls, r->err);
    if (status == GTE_OK && !bench__samples_add(&t->rounds, bench__samples_quantile(&walls, 0.5)))
        status = out_of_memory(r->err);
    if (status == GTE_OK && r->options->task) status = take_shares(r, e, result, t);
    bench__samples_free(&walls);
    return status;
}

/* Pages of the model that no call has touched yet are not part of any measurement. */
static gte_status warm_up(run *r)
{
    double wall;
    for (size_t i = 0; i < r->report->result_count; i++) {
        const bench_engine *e = r->report->results[i].engine;
        const gte_status status = call_once(e, &r->tracks[i], &wall, r->err);
        if (status != GTE_OK) return of_engine(r, e, status);
    }
    return GTE_OK;
}

/* One round, forwards and backwards by turns, so that a trend cancels. */
static gte_status run_round(run *r, int round)
{
    const bench_options *o = r->options;
    const size_t count = r->report->result_count;
    if (!bench__peaks_probe_all(&r->report->peaks)) return out_of_memory(r->err);
    for (size_t i = 0; i < count; i++) {
        const size_t at = round % 2 ? count - 1 - i : i;
        track *t = &r->tracks[at];
        r->done++;
        if (t->wall.count >= LEAST_CALLS && t->spent >= o->seconds) continue;
        const bench_engine *e = r->report->results[at].engine;
        const gte_status status = measure(r, at);
        if (status != GTE_OK) return of_engine(r, e, status);
        if (o->progress && o->progress(o->progress_arg, r->done, count * (size_t)o->rounds))
            return GTE_E_CANCELLED;
    }
    return GTE_OK;
}

static void summarise(bench_result *result, track *t, bench_peaks *peaks)
{
    const bench_engine *e = result->engine;
    const double least = bench__samples_quantile(&t->rounds, 0);
    const double most = bench__samples_quantile(&t->rounds, 1);
    const double middle = bench__samples_quantile(&t->rounds, 0.5);
    result->calls = t->wall.count;
    result->wall = bench__samples_quantile(&t->wall, 0.5);
    result->p90 = bench__samples_quantile(&t->wall, 0.9);
    result->p99 = bench__samples_quantile(&t->wall, 0.99);
    result->cpu = bench__samples_quantile(&t->cpu, 0.5);
    result->cold = bench__samples_quantile(&t->cold, 0.5);
    result->spread = middle > 0 ? (most - least) / middle : 0;
    result->tokenizer = bench__samples_quantile(&t->tokenizer, 0.5);
    result->shares.forward = bench__samples_quantile(&t->forward, 0.5);
    result->shares.tokenize = bench__samples_quantile(&t->tokenize, 0.5);
    result->shares.head = bench__samples_quantile(&t->head, 0.5);
    result->shares.decode = bench__samples_quantile(&t->decode, 0.5);
    result->peak = bench__peak(peaks, e->unit, e->threads);
    result->peak_of_one = bench__peak(peaks, e->unit, 1);
    result->memory = bench__bandwidth(peaks, BENCH_DRAM, e->threads);
}

static gte_status measure_all(run *r)
{
    const bench_options *o = r->options;
    gte_status status = open_models(r);
    if (status == GTE_OK) status = measure_loads(r);
    if (status == GTE_OK) status = make_works(r);
    if (status == GTE_OK) status = start_engines(r);
    if (status != GTE_OK) return status;
    lay_out_results(r);
    if (!bench__peaks_open(&r->report->peaks, o->threads, o->thread_count))
        return out_of_memory(r->err);
    status = warm_up(r);
    for (int round = 0; status == GTE_OK && round < o->rounds; round++)
        status = run_round(r, round);
    for (size_t i = 0; i < r->report->result_count; i++)
        summarise(&r->report->results[i], &r->tracks[i], &r->report->peaks);
    return status;
}

static void free_works(run *r, size_t count)
{
    for (size_t i = 0; r->works && i < count; i++) bench__work_free(&r->works[i]);
    free(r->works);
}

static void free_tracks(run *r, size_t count)
{
    for (size_t i = 0; r->tracks && i < count; i++) {
        track *t = &r->tracks[i];
        bench_samples *const all[] = {&t->wall,      &t->cpu,    &t->cold,
                                      &t->tokenizer, &t->rounds, &t->forward,
                                      &t->tokenize,  &t->head,   &t->decode};
        for (size_t s = 0; s < sizeof all / sizeof *all; s++) bench__samples_free(all[s]);
    }
    free(r->tracks);
}

gte_status bench__run(bench_report *report, const bench_options *options, gte_error *err)
{
    run r = {.options = options, .report = report, .err = err};
    const size_t works = options->model_count * options->cell_count;
    gte_status status;
    memset(report, 0, sizeof *report);
    report->engine_count = options->model_count * options->thread_count * options->backend_count;
    report->result_count = report->engine_count * options->cell_count;
    report->models = calloc(options->model_count, sizeof *report->models);
    report->engines = calloc(report->engine_count, sizeof *report->engines);
    report->results = calloc(report->result_count, sizeof *report->results);
    r.works = calloc(works, sizeof *r.works);
    r.tracks = calloc(report->result_count, sizeof *r.tracks);
    if (report->models && report->engines && report->results && r.works && r.tracks)
        status = measure_all(&r);
    else
        status = out_of_memory(err);
    free_works(&r, works);
    free_tracks(&r, report->result_count);
    return status;
}

void bench__report_free(bench_report *report)
{
    for (size_t i = 0; report->engines && i < report->engine_count; i++)
        gte_context_free(&report->engines[i].context);
    for (size_t i = 0; report->models && i < report->model_count; i++) {
        gte_head_close(&report->models[i].opened);
        gte_model_close(&report->models[i].model);
    }
    bench__peaks_close(&report->peaks);
    free(report->results);
    free(report->engines);
    free(report->models);
    memset(report, 0, sizeof *report);
}
