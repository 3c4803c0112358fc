/* The report of gte bench for people, within 100 columns. */
#include <stdio.h>
#include <string.h>

#include "bench_report.h"

/* A number with as many decimals as make sense, in `width` columns. */
static void put_number(cli_sink *sink, int width, double value)
{
    const int decimals = value < 10 ? 3 : value < 100 ? 2 : value < 1000 ? 1 : 0;
    cli__sink_printf(sink, "%*.*f", width, decimals, value);
}

static void put_share(cli_sink *sink, int width, double share)
{
    cli__sink_printf(sink, "%*.*f%%", width - 1, share < 0.0995 ? 1 : 0, 100 * share);
}

static void write_header(cli_sink *sink, bench_report *report, const cli_bench_facts *facts)
{
    const gte_runtime *runtime = &facts->runtime;
    const double clock = bench__clock(&report->peaks);
    cli__sink_printf(sink, "gte %s, %s, %d rounds, %g s for each cell%s%s\n", gte_version(),
                     facts->started, facts->rounds, facts->seconds, facts->task ? ", " : "",
                     facts->task ? facts->task : "");
    cli__sink_printf(sink, "%s", facts->processor);
    if (clock > 0) cli__sink_printf(sink, ", at %.2f GHz", clock * 1e-9);
    cli__sink_printf(sink, "\nlevel %s (best here: %s), %d thread%s allowed\n", runtime->isa,
                     runtime->isa_best, runtime->threads, runtime->threads == 1 ? "" : "s");
    cli__sink_printf(sink, "%s, core %s, threading %s\n", runtime->blas, runtime->blas_core,
                     runtime->blas_threading);
    if (runtime->blas_warning) cli__sink_printf(sink, "warning: %s\n", runtime->blas_warning);
}

static void write_thread_counts(cli_sink *sink, const bench_peaks *peaks, const char *title)
{
    cli__sink_printf(sink, "\n%-34s", title);
    for (size_t t = 0; t < peaks->thread_counts && t < 5; t++)
        cli__sink_printf(sink, "%4d thread%s", peaks->threads[t],
                         peaks->threads[t] == 1 ? " " : "s");
    cli__sink_string(sink, "\n");
}

/* Five thread counts are what a line has room for. */
static void write_peaks(cli_sink *sink, bench_peaks *peaks)
{
    static const char *const levels[BENCH_LEVELS] = {"second-level cache", "third-level cache",
                                                     "memory"};
    write_thread_counts(sink, peaks, "At most here");
    for (int u = 0; u < BENCH_UNITS; u++) {
        if (!bench__unit_here((bench_unit)u)) continue;
        cli__sink_printf(sink, "  %-24s GFLOP/s", bench__unit_name((bench_unit)u));
        for (size_t t = 0; t < peaks->thread_counts && t < 5; t++)
            put_number(sink, t ? 12 : 11,
                       bench__peak(peaks, (bench_unit)u, peaks->threads[t]) / 1e9);
        cli__sink_string(sink, "\n");
    }
    for (int l = 0; l < BENCH_LEVELS; l++) {
        cli__sink_printf(sink, "  read %-19s GB/s   ", levels[l]);
        for (size_t t = 0; t < peaks->thread_counts && t < 5; t++)
            put_number(sink, t ? 12 : 11,
                       bench__bandwidth(peaks, (bench_level)l, peaks->threads[t]) / 1e9);
        cli__sink_string(sink, "\n");
    }
}

static void write_load(cli_sink *sink, const bench_engine *e)
{
    const bench_load *load = &e->load;
    cli__sink_printf(sink, "  %-8s %2d thread%s  load", e->backend, e->threads,
                     e->threads == 1 ? " " : "s");
    put_number(sink, 8, 1e3 * (load->open + load->context));
    cli__sink_string(sink, " ms, first text");
    put_number(sink, 6, 1e3 * load->first);
    cli__sink_string(sink, " ms");
    if (load->cold >= 0) {
        cli__sink_string(sink, " (all, file on disk:");
        put_number(sink, 6, 1e3 * load->cold);
        cli__sink_string(sink, ")");
    }
    cli__sink_printf(sink, "; %.0f MB, private %.1f\n", load->resident / 1e6,
                     load->anonymous / 1e6);
}

/* Of a task the parts of gte_predict beside the encoder, as shares of it. */
static void write_task_row(cli_sink *sink, const bench_result *r)
{
    char cell[32];
    snprintf(cell, sizeof cell, "%dx%d", r->cell.texts, r->cell.tokens);
    cli__sink_printf(sink, "%-9s%2d %-8s", cell, r->engine->threads, r->engine->backend);
    put_number(sink, 8, 1e3 * r->wall);
    put_number(sink, 8, 1e3 * r->p90);
    put_number(sink, 9, r->cell.texts / r->wall);
    put_number(sink, 9, 1e3 * r->shares.forward);
    put_number(sink, 9, 1e6 * r->shares.tokenize);
    put_number(sink, 9, 1e6 * r->shares.head);
    put_number(sink, 9, 1e6 * r->shares.decode);
    if (cli__bench_decode_share(r) >= 0)
        cli__sink_printf(sink, "%8.3f%%", 100 * cli__bench_decode_share(r));
    else
        cli__sink_printf(sink, "%9s", "-");
    put_share(sink, 6, r->spread);
    cli__sink_string(sink, "\n");
}

static void write_row(cli_sink *sink, const bench_result *r)
{
    char cell[32];
    snprintf(cell, sizeof cell, "%dx%d", r->cell.texts, r->cell.tokens);
    cli__sink_printf(sink, "%-9s%2d %-8s", cell, r->engine->threads, r->engine->backend);
    put_number(sink, 8, 1e3 * r->wall);
    put_number(sink, 7, 1e3 * r->p90);
    put_number(sink, 7, 1e3 * r->p99);
    put_number(sink, 7, 1e3 * r->cold);
    put_number(sink, 8, r->cell.texts / r->wall);
    put_number(sink, 8, r->cell.texts * r->cell.tokens / r->wall);
    put_number(sink, 8, r->flops / r->wall / 1e9);
    put_share(sink, 5, r->flops / r->wall / r->peak);
    put_share(sink, 5, r->flops / r->cpu / r->peak_of_one);
    put_share(sink, 5, r->engine->weight_bytes / r->wall / r->memory);
    put_share(sink, 6, r->tokenizer / r->cpu);
    put_share(sink, 5, r->spread);
    cli__sink_string(sink, "\n");
}

static void write_cells(cli_sink *sink, const bench_report *report, const bench_model *model,
                        const char *task)
{
    if (task)
        cli__sink_printf(sink, "%-9s%2s %-8s%8s%8s%9s%9s%9s%9s%9s%9s%6s\n", "cell", "t", "backend",
                         "ms", "p90", "texts/s", "pass ms", "tok us", "head us", "dec us",
                         "dec/pass", "+-");
    else
        cli__sink_printf(sink, "%-9s%2s %-8s%8s%7s%7s%7s%8s%8s%8s%5s%5s%5s%6s%5s\n", "cell", "t",
                         "backend", "ms", "p90", "p99", "cold", "texts/s", "tok/s", "GFLOP/s",
                         "peak", "cpu", "mem", "tok", "+-");
    for (size_t i = 0; i < report->result_count; i++) {
        if (report->results[i].engine->model != model) continue;
        (task ? write_task_row : write_row)(sink, &report->results[i]);
    }
}

static void write_model(cli_sink *sink, const bench_report *report, const bench_model *model,
                        const char *task)
{
    char name[256];
    cli__bench_model_name(model, name, sizeof name);
    cli__sink_printf(sink, "\n%s: %s, %d layers of %d, %.1f M parameters, %.0f MB\n", name,
                     model->info.dtype, model->info.layers, model->info.hidden_size,
                     (double)model->info.parameters / 1e6, (double)model->info.file_size / 1e6);
    for (size_t i = 0; i < report->engine_count; i++)
        if (report->engines[i].model == model) write_load(sink, &report->engines[i]);
    write_cells(sink, report, model, task);
}

static const char legend[] =
    "\ncell: texts x tokens; t: threads; ms: median; cold: the first call after the caches were\n"
    "emptied; peak: share of what the instruction of the model's products reaches on so many\n"
    "threads; cpu: the same by CPU time, on one; mem: weights read once, as a share of what the\n"
    "memory gives; tok: share of the tokenizer; +-: spread of the medians of the rounds\n";

static const char task_legend[] =
    "\ncell: texts x tokens, to which a question adds its own; t: threads; ms: median; pass, tok,\n"
    "head, dec: CPU time of the encoder, the tokenizer, the head's layers and decoding, of traced\n"
    "calls; -: no such step; +-: spread of the medians of the rounds\n";

void cli__bench_table(cli_sink *sink, bench_report *report, const cli_bench_facts *facts)
{
    write_header(sink, report, facts);
    write_peaks(sink, &report->peaks);
    for (size_t i = 0; i < report->model_count; i++)
        write_model(sink, report, &report->models[i], facts->task);
    cli__sink_string(sink, facts->task ? task_legend : legend);
}
