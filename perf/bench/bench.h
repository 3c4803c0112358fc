/* `gte bench`: the time from texts to vectors, or to a task's results, in cells (so many texts of
 * so many tokens), for models, thread counts and backends, beside what the processor reaches at
 * most in the same run.
 *
 * The measured call is gte_embed: tokenizer, encoder and pooling; with a task gte_predict:
 * tokenizer, encoder, head and decoding. The cells take turns, in rounds, so that whatever else
 * the machine does falls on all of them alike. Prints nothing; the command's side is in src/cli. */
#ifndef PERF_BENCH_BENCH_H
#define PERF_BENCH_BENCH_H

#include "cell.h"
#include "gte_task.h"
#include "load.h"
#include "peaks.h"
#include "shares.h"

typedef struct bench_options {
    const char *const *models; /* paths */
    size_t model_count;
    const bench_cell *cells;
    size_t cell_count;
    const int *threads;
    size_t thread_count; /* fewer than BENCH_MAX_THREAD_COUNTS */
    const gte_backend *backends;
    size_t backend_count;
    gte_task task;    /* GTE_TASK_NONE: vectors */
    const char *head; /* of a task: a head's file for every model; NULL: the models' own, if any */
    int rounds;
    bool cold_file; /* also measure loading when the file is on disk alone: drops its pages */
    double seconds; /* for each cell, over all rounds; it may take less when calls are few and long,
                       or more: three calls at least */
    /* Optional: how many of the measurements are done. Not 0 stops with GTE_E_CANCELLED. */
    int (*progress)(void *arg, size_t done, size_t total);
    void *progress_arg;
} bench_options;

typedef struct bench_model {
    const char *path;
    gte_model *model;
    gte_model_info info;
    gte_head *opened;     /* from options->head */
    const gte_head *head; /* that one or its own; NULL without a task */
} bench_model;

/* One model with one backend and thread count. */
typedef struct bench_engine {
    const bench_model *model;
    gte_context *context;
    const char *backend; /* "packed" or "openblas" */
    int threads;
    bench_unit unit;     /* what its products are made of */
    double weight_bytes; /* of the linear layers, as the backend reads them */
    bench_load load;
} bench_engine;

/* One cell on one engine. Seconds are medians over calls unless they say otherwise. */
typedef struct bench_result {
    const bench_engine *engine;
    bench_cell cell;
    size_t calls;
    double flops;             /* of one call */
    double wall, p90, p99;    /* time of a call */
    double cpu;               /* CPU time of a call, all threads together; of a round the mean */
    double cold;              /* the first call of a round, after the caches were emptied */
    double spread;            /* (largest - smallest) / median of the rounds' medians of `wall` */
    double tokenizer;         /* gte_tokenize on the same texts, one thread */
    bench_shares shares;      /* of a task's call */
    double peak, peak_of_one; /* operations per second: the engine's threads together; one */
    double memory;            /* bytes per second that the engine's threads read from memory */
} bench_result;

typedef struct bench_report {
    bench_model *models;
    bench_engine *engines;
    bench_result *results; /* by model, cell, threads, backend */
    size_t model_count, engine_count, result_count;
    bench_peaks peaks;
} bench_report;

/* Measures. Free the report with bench__report_free, also after a failure. err->index is the model
 * at fault. Errors: those of opening, making contexts, embedding and bench__texts_make;
 * GTE_E_CANCELLED. */
gte_status bench__run(bench_report *report, const bench_options *options, gte_error *err);
void bench__report_free(bench_report *report);

#endif
