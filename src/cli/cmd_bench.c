/* gte bench: how fast models are on this machine. What is measured and how is in perf/bench. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench_report.h"
#include "interrupt.h"
#include "json_text.h"
#include "perf/bench/processor.h"
#include "report.h"
#include "session.h"

enum { MAX_CELLS = 64, MAX_COUNTS = BENCH_MAX_THREAD_COUNTS - 1, MAX_BACKENDS = 3 };

static const char default_cells[] = "1x8,1x32,1x128,1x512,32x32,32x128,8x512";

typedef struct bench_values {
    cli_list models;
    const char *cells, *threads, *backend, *seconds, *task, *head;
    int rounds, json, cold_file;
} bench_values;

static const cli_option options[] = {
    CLI_LIST_ROW("model", 'm', "FILE", bench_values, models,
                 "A model, a .gte file; may be given several times\n"
                 "[environment: GTE_MODEL; else the installed\ndefault model]."),
    CLI_STRING_ROW("cells", 0, "LIST", bench_values, cells,
                   "What to embed at once: 32x128 is 32 texts of 128\n"
                   "tokens [default: 1x8,1x32,1x128,1x512,32x32,\n"
                   "32x128,8x512, as far as the models read]."),
    CLI_STRING_ROW("threads", 't', "LIST", bench_values, threads,
                   "Thread counts [default: 1 and what affinity and\n"
                   "the cgroup allow; environment: GTE_THREADS]."),
    CLI_STRING_ROW("backend", 0, "LIST", bench_values, backend,
                   "What multiplies matrices, of packed, openblas and\n"
                   "auto [default: auto, the library's choice;\nenvironment: GTE_BACKEND]."),
    CLI_STRING_ROW("task", 0, "TASK", bench_values, task,
                   "Measure what gte predict does and not vectors: ner,\n"
                   "relation, event, sentiment, classification or qa."),
    CLI_STRING_ROW("head", 0, "FILE", bench_values, head,
                   "Answer the task with a head of gte train [default:\n"
                   "the model's own, or the model alone]."),
    CLI_INTEGER_ROW("rounds", 0, "N", 1, 10000, bench_values, rounds,
                    "Turns that every cell gets [default: 5]."),
    CLI_STRING_ROW("seconds", 0, "S", bench_values, seconds,
                   "Time for each cell, over all rounds [default: 1]."),
    CLI_FLAG_ROW("cold-file", 0, bench_values, cold_file,
                 "Also load each model once from a file that is on\n"
                 "disk alone: drops it from the page cache."),
    CLI_FLAG_ROW("json", 0, bench_values, json, "One JSON object per cell."),
    CLI_LAST_ROW,
};

static const char details[] =
    "Text goes in and vectors come out: the tokenizer and pooling are part of the time. Texts are\n"
    "made of the model's own vocabulary, of exactly so many tokens. The probes of what the\n"
    "processor reaches at most run between the measurements. With --task results come out, and\n"
    "the table says what the head and decoding take.\n";

/* The options as numbers. */
typedef struct bench_plan {
    bench_cell cells[MAX_CELLS];
    int threads[MAX_COUNTS];
    gte_backend backends[MAX_BACKENDS];
    bench_options options;
    cli_progress bar;
} bench_plan;

static int read_cells(const char *text, bench_plan *plan)
{
    size_t count = 0;
    int got;
    for (const char *at = text; (got = bench__cell_parse(&at, &plan->cells[count])) == 1;)
        if (++count == MAX_CELLS && *at) return cli__misuse("--cells: more than %d", MAX_CELLS);
    if (got < 0 || !count)
        return cli__misuse("--cells takes texts x tokens, as in 1x32,32x128, not '%s'", text);
    plan->options.cells = plan->cells;
    plan->options.cell_count = count;
    return CLI_OK;
}

static int read_threads(const char *text, const char *from, bench_plan *plan)
{
    size_t count = 0;
    for (const char *at = text; *at;) {
        char word[16];
        const size_t length = strcspn(at, ",");
        if (count == MAX_COUNTS) return cli__misuse("%s: more than %d", from, MAX_COUNTS);
        snprintf(word, sizeof word, "%.*s", length < 15 ? (int)length : 15, at);
        if (!cli__parse_int(word, 1, BENCH_MAX_THREADS, &plan->threads[count++]) ||
            (at[length] && !at[length + 1]))
            return cli__misuse("%s takes numbers from 1 to %d, as in 1,2, not '%s'", from,
                               BENCH_MAX_THREADS, text);
        at += length + (at[length] == ',');
    }
    if (!count) return cli__misuse("%s is empty", from);
    plan->options.thread_count = count;
    return CLI_OK;
}

static int read_backends(const char *text, const char *from, bench_plan *plan)
{
    static const char *const names[] = {"auto", "packed", "openblas"};
    size_t count = 0;
    for (const char *at = text; count < MAX_BACKENDS;) {
        const size_t length = strcspn(at, ",");
        size_t i = 0;
        while (i < 3 && (strlen(names[i]) != length || memcmp(names[i], at, length) != 0)) i++;
        if (i == 3) break;
        plan->backends[count++] = (gte_backend)i;
        plan->options.backend_count = count;
        if (!at[length]) return CLI_OK;
        at += length + 1;
    }
    return cli__misuse("%s takes auto, packed and openblas, as in packed,openblas, not '%s'", from,
                       text);
}

static int read_seconds(const char *text, double *out)
{
    char *end;
    *out = 1;
    if (!text) return CLI_OK;
    *out = strtod(text, &end);
    if (*text >= '0' && *text <= '9' && !*end && *out > 0 && *out <= 3600) return CLI_OK;
    return cli__misuse("--seconds takes a number above 0, up to 3600, not '%s'", text);
}

/* The option, else the environment's variable. */
static const char *given(const char *option, const char *name, const char *variable,
                         const char **from)
{
    *from = name;
    if (option) return option;
    const char *text = getenv(variable);
    *from = variable;
    return text && *text ? text : NULL;
}

static int read_task(const bench_values *values, bench_options *o)
{
    o->head = values->head;
    if (values->head && !values->task) return cli__misuse("--head is for a --task");
    if (values->task && !(o->task = gte_task_named(values->task)))
        return cli__misuse("--task takes ner, relation, event, sentiment, classification or qa, "
                           "not '%s'",
                           values->task);
    return CLI_OK;
}

static int read_options(const bench_values *values, bench_plan *plan)
{
    const char *from, *text;
    gte_runtime runtime;
    plan->options.rounds = values->rounds;
    plan->options.cold_file = values->cold_file != 0;
    plan->options.threads = plan->threads;
    plan->options.backends = plan->backends;
    int code = read_task(values, &plan->options);
    if (code == CLI_OK) code = read_seconds(values->seconds, &plan->options.seconds);
    if (code == CLI_OK) code = read_cells(values->cells ? values->cells : default_cells, plan);
    if (code != CLI_OK) return code;
    text = given(values->backend, "--backend", "GTE_BACKEND", &from);
    code = read_backends(text ? text : "auto", from, plan);
    if (code != CLI_OK) return code;
    text = given(values->threads, "--threads", "GTE_THREADS", &from);
    if (text) return read_threads(text, from, plan);
    gte_runtime_describe(&runtime, sizeof runtime);
    plan->threads[0] = 1;
    plan->threads[1] = runtime.threads;
    plan->options.thread_count = runtime.threads > 1 ? 2 : 1;
    return CLI_OK;
}

/* -m, or the one that other commands take, too. Of the usual cells those that are too long for a
 * model are left out; one that was asked for is an error, later. */
static int choose_models(const bench_values *values, bench_plan *plan)
{
    bench_options *o = &plan->options;
    static const char *paths[CLI_LIST_SIZE];
    static char rooms[CLI_LIST_SIZE][CLI_PATH_SIZE];
    const size_t named = values->models.count;
    int shortest = BENCH_MAX_TOKENS;
    o->model_count = named ? named : 1;
    o->models = paths;
    for (size_t i = 0; i < o->model_count; i++) {
        cli_session session = {0};
        const int code = cli__session_open(&session, named ? values->models.items[i] : NULL);
        if (code == CLI_OK && session.info.max_tokens < shortest)
            shortest = session.info.max_tokens;
        memcpy(rooms[i], session.path, sizeof rooms[i]); /* names are paths now */
        paths[i] = rooms[i];
        cli__session_close(&session);
        if (code != CLI_OK) return code;
    }
    if (values->cells) return CLI_OK;
    size_t kept = 0;
    for (size_t i = 0; i < o->cell_count; i++)
        if (plan->cells[i].tokens <= shortest) plan->cells[kept++] = plan->cells[i];
    if (kept < o->cell_count)
        cli__note("leaving out cells of texts over %d tokens, the models' longest", shortest);
    o->cell_count = kept;
    return kept ? CLI_OK : cli__fail("the model reads at most %d tokens: give --cells", shortest);
}

static int between_turns(void *arg, size_t done, size_t total)
{
    bench_plan *plan = arg;
    cli__progress_update(&plan->bar, done, done, total);
    return cli__interrupted();
}

static int measure_and_write(bench_plan *plan, int json)
{
    bench_report report;
    cli_bench_facts facts = {.rounds = plan->options.rounds,
                             .seconds = plan->options.seconds,
                             .task = gte_task_name(plan->options.task)};
    gte_error err = {0};
    const time_t now = time(NULL);
    struct tm parts;
    int code = CLI_OK;
    strftime(facts.started, sizeof facts.started, "%Y-%m-%d %H:%M UTC", gmtime_r(&now, &parts));
    gte_runtime_describe(&facts.runtime, sizeof facts.runtime);
    bench__processor_name(facts.processor, sizeof facts.processor);
    cli__progress_start(&plan->bar, "turns", -1);
    const gte_status status = bench__run(&report, &plan->options, &err);
    cli__progress_wipe();
    if (status == GTE_E_CANCELLED)
        code = CLI_INTERRUPTED;
    else if (status != GTE_OK)
        code = cli__fail("%s: %s", plan->options.models[err.index], err.message);
    cli_sink *sink = code == CLI_OK ? malloc(sizeof *sink) : NULL;
    if (code == CLI_OK && !sink) code = cli__out_of_memory();
    if (code == CLI_OK && (code = cli__sink_open(sink, NULL)) == CLI_OK) {
        if (json)
            cli__bench_json(sink, &report, &facts);
        else
            cli__bench_table(sink, &report, &facts);
        code = cli__sink_close(sink, CLI_OK);
    }
    free(sink);
    bench__report_free(&report);
    return code;
}

static int run_bench(const cli_command *self, int argc, char **argv)
{
    static bench_plan plan;
    bench_values values = {.rounds = 5};
    int operands, code = cli__parse(self, argc, argv, &values, &operands);
    if (code != CLI_RUN) return code;
    if (operands) return cli__misuse("takes no arguments; models go with -m");
    if ((code = cli__check_cpu()) != CLI_OK) return code;
    code = read_options(&values, &plan);
    if (code == CLI_OK) code = choose_models(&values, &plan);
    if (code != CLI_OK) return code;
    plan.options.progress = between_turns;
    plan.options.progress_arg = &plan;
    return measure_and_write(&plan, values.json);
}

const cli_command cli__bench_command = {
    .name = "bench",
    .synopsis = "",
    .summary = "Measure how fast models are on this machine.",
    .details = details,
    .options = options,
    .run = run_bench,
};
