/* gte profile: where the time of an embedding goes. perf/profile does it; here are the options, the
 * texts and the files. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "interrupt.h"
#include "perf/bench/cell_texts.h"
#include "perf/profile/profile.h"
#include "report.h"
#include "session.h"
#include "sink.h"

typedef struct profile_values {
    cli_model_values model;
    cli_engine_values engine;
    const char *cell, *trace, *html;
    int rounds, cpu, layers, json;
} profile_values;

static const cli_option options[] = {
    CLI_GROUP_ROW(cli__model_options, profile_values, model),
    CLI_STRING_ROW("cell", 0, "TxN", profile_values, cell,
                   "Made-up work: T texts of N tokens each [default:\n1x128, where no texts are "
                   "given]."),
    CLI_INTEGER_ROW("rounds", 0, "N", 1, 100000, profile_values, rounds,
                    "Times to run it, and as often without recording\n[default: what fits into "
                    "two seconds]."),
    CLI_FLAG_ROW("cpu", 0, profile_values, cpu,
                 "Count operations by processor time; what other\nprocesses took is a row, lost."),
    CLI_FLAG_ROW("layers", 0, profile_values, layers, "Also the times of each layer."),
    CLI_FLAG_ROW("json", 0, profile_values, json, "One JSON object instead of tables."),
    CLI_STRING_ROW("trace", 0, "FILE", profile_values, trace,
                   "Write the fastest round to FILE in Chrome's trace\nformat, for "
                   "https://ui.perfetto.dev."),
    CLI_STRING_ROW("html", 0, "FILE", profile_values, html,
                   "Write a page to FILE: timeline, roofline, bars."),
    CLI_GROUP_ROW(cli__engine_options, profile_values, engine),
    CLI_LAST_ROW,
};

static const char details[] =
    "The texts are the arguments, or with - the lines of standard input (a first part of them,\n"
    "where they are many); else --cell says how many texts to make up. Times are thread time:\n"
    "with n threads, all of it is n times a call. Waiting, idle threads and the rest that no\n"
    "operation accounts for have rows of their own, so the rows add up to the whole. Bytes are\n"
    "each operand and each result once; the roof is min(peak, FLOP/B x bandwidth), measured in\n"
    "the same run, with the cache that the bytes can be in.\n";

/* What is to be embedded, however it was given. */
typedef struct work {
    cli_chunk chunk;
    bench_texts made;
    const gte_text *texts;
    size_t count;
} work;

static int make_texts(work *w, const cli_session *session, const char *text)
{
    bench_cell cell;
    gte_error err;
    const char *at = text ? text : "1x128";
    if (bench__cell_parse(&at, &cell) != 1 || *at)
        return cli__misuse("--cell takes one cell such as 8x128, not '%s'", text);
    if (bench__texts_make(&w->made, session->model, cell, 1, &err) != GTE_OK)
        return cli__fail("--cell %s: %s", text ? text : "1x128", err.message);
    w->texts = w->made.texts;
    w->count = w->made.count;
    return CLI_OK;
}

static int read_texts(work *w, char **argv, int operands, int batch_tokens)
{
    cli_source source;
    int code = cli__source_open(&source, "texts", argv, operands, NULL, false, false);
    if (code != CLI_OK) return code;
    code = cli__chunk_create(&w->chunk, batch_tokens);
    cli__source_invite(&source);
    const int got = code == CLI_OK ? cli__chunk_fill(&w->chunk, &source, NULL) : -code;
    cli__source_close(&source);
    if (got < 0) return -got;
    if (got == 0) return cli__fail("no texts on standard input");
    w->texts = w->chunk.texts;
    w->count = w->chunk.count;
    return CLI_OK;
}

/* ---- writing ------------------------------------------------------------------------------- */

enum what { TABLE, TRACE, PAGE };

static void write_what(FILE *out, enum what what, const profile *p, const profile_values *values)
{
    if (what == TRACE) {
        profile__write_trace(out, p);
    } else if (what == PAGE) {
        profile__write_html(out, p);
    } else if (values->json) {
        profile__write_json(out, p);
        fputc('\n', out);
    } else {
        profile__write_table(out, p, values->layers);
    }
}

/* Into memory first: a sink gives a file its name only when it is whole. */
static int write_to(const char *path, enum what what, const profile *p,
                    const profile_values *values)
{
    char *text = NULL;
    size_t size = 0;
    cli_sink *sink = malloc(sizeof *sink);
    FILE *memory = open_memstream(&text, &size);
    int code = sink && memory ? CLI_OK : CLI_FAILED;
    if (code == CLI_OK) write_what(memory, what, p, values);
    if (memory && fclose(memory) != 0) code = CLI_FAILED;
    if (code != CLI_OK) {
        code = cli__out_of_memory();
    } else if ((code = cli__sink_open(sink, path)) == CLI_OK) {
        cli__sink_write(sink, text, size);
        code = cli__sink_close(sink, code);
    }
    free(text);
    free(sink);
    return code;
}

static bool is_output(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

/* The table first: a file that cannot be written must not cost what was measured. With "-" a file
 * takes its place. */
static int write_all(const profile *p, const profile_values *values)
{
    int code = CLI_OK, other = CLI_OK;
    if (!is_output(values->trace) && !is_output(values->html))
        code = write_to(NULL, TABLE, p, values);
    if (values->trace) other = write_to(values->trace, TRACE, p, values);
    if (code == CLI_OK) code = other;
    if (values->html) other = write_to(values->html, PAGE, p, values);
    return code == CLI_OK ? other : code;
}

/* Whether a file can be made, asked before anything is measured. A pipe or a device would be opened
 * twice: it is left to the end. */
static int check_place(const char *path)
{
    struct stat info;
    if (!path || is_output(path) || (stat(path, &info) == 0 && !S_ISREG(info.st_mode)))
        return CLI_OK;
    cli_sink *sink = malloc(sizeof *sink);
    int code = sink ? cli__sink_open(sink, path) : cli__out_of_memory();
    if (code == CLI_OK) cli__sink_close(sink, CLI_FAILED);
    free(sink);
    return code;
}

/* ---- running ------------------------------------------------------------------------------- */

static int measure(profile *p, cli_session *session, const work *w, const profile_values *values)
{
    const char *name = gte_model_meta(session->model, "name");
    gte_embed_options plain = GTE_EMBED_OPTIONS_INIT;
    gte_error err;
    const profile_work job = {.context = session->context,
                              .texts = w->texts,
                              .count = w->count,
                              .options = &plain,
                              .rounds = values->rounds,
                              .cpu = values->cpu != 0,
                              .interrupted = cli__interrupted};
    p->name = name ? name : session->path;
    p->model = session->info;
    gte_context_describe(session->context, &p->context, sizeof p->context);
    gte_runtime_describe(&p->runtime, sizeof p->runtime);
    profile__roofs_measure(&p->roofs, &p->model, &p->runtime, &p->context);
    if (cli__interrupted()) return CLI_INTERRUPTED;
    const gte_status status = profile__run(p, &job, &err);
    if (status == GTE_E_CANCELLED) return CLI_INTERRUPTED;
    return status == GTE_OK ? CLI_OK : cli__fail("%s", err.message);
}

static int run_profile(const cli_command *self, int argc, char **argv)
{
    static const cli_vector_values no_vectors;
    static const cli_text_values no_text;
    profile_values values = {0};
    cli_session session = {0};
    work w = {0};
    profile p = {0};
    int operands, code = cli__parse(self, argc, argv, &values, &operands);
    if (code != CLI_RUN) return code;
    if (operands && values.cell) return cli__misuse("--cell and texts: one of them");
    if (is_output(values.trace) + is_output(values.html) + (values.json != 0) > 1)
        return cli__misuse("--json, --trace - and --html -: one of them");
    if ((code = check_place(values.trace)) != CLI_OK) return code;
    if ((code = check_place(values.html)) != CLI_OK) return code;
    profile__counters_open(&p.counters); /* before there are threads to count */
    code = cli__session_open(&session, values.model.model);
    if (code == CLI_OK) code = cli__session_start(&session, &values.engine, &no_vectors, &no_text);
    if (code == CLI_OK)
        code = operands ? read_texts(&w, argv, operands, values.engine.batch_tokens)
                        : make_texts(&w, &session, values.cell);
    if (code == CLI_OK) code = measure(&p, &session, &w, &values);
    if (code == CLI_OK) code = write_all(&p, &values);
    profile__free(&p);
    bench__texts_free(&w.made);
    cli__chunk_free(&w.chunk);
    cli__session_close(&session);
    return code;
}

const cli_command cli__profile_command = {
    .name = "profile",
    .synopsis = "[TEXT... | -]",
    .summary = "Show where the time of an embedding goes.",
    .details = details,
    .options = options,
    .run = run_profile,
};
