/* What gte bench writes: a table for people or JSON for programs. */
#ifndef GTE_CLI_BENCH_REPORT_H
#define GTE_CLI_BENCH_REPORT_H

#include "perf/bench/bench.h"
#include "sink.h"

/* What a reader needs to know about a run besides its figures. */
typedef struct cli_bench_facts {
    gte_runtime runtime;
    char processor[160];
    char started[32]; /* "2026-11-20 16:40 UTC" */
    int rounds;
    double seconds;
    const char *task; /* NULL: vectors */
} cli_bench_facts;

/* What decoding takes of the encoder's time, for a task; or else -1. */
double cli__bench_decode_share(const bench_result *r);

/* The name of a model in tables: its file's, without folder and ".gte". */
void cli__bench_model_name(const bench_model *model, char *out, size_t size);

void cli__bench_table(cli_sink *sink, bench_report *report, const cli_bench_facts *facts);
/* One object per cell and line. */
void cli__bench_json(cli_sink *sink, bench_report *report, const cli_bench_facts *facts);

#endif
