/* gte train: labelled text to a head of a model. What is trained and how is in src/train. */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "sink.h"
#include "train/head_build.h"
#include "train/product.h"
#include "train_run.h"

typedef struct train_values {
    cli_model_values model;
    cli_engine_values engine;
    const char *output, *test, *name, *c;
    cli_train_format format;
    int task, kind, method, folds, seed, json, replace_invalid;
} train_values;

static const cli_option options[] = {
    CLI_GROUP_ROW(cli__model_options, train_values, model),
    CLI_CHOICE_ROW("task", 0, "classification|sentiment|ner", train_values, task,
                   "What the head is for [default: classification]."),
    CLI_STRING_ROW("output", 'o', "HEAD.gte", train_values, output,
                   "Write the head there; without it only the report\nis made."),
    CLI_STRING_ROW("test", 0, "FILE", train_values, test,
                   "Judge the head on FILE, which is not trained on."),
    CLI_CHOICE_ROW("method", 0, "logistic|prototype|crf", train_values, method,
                   "prototype: the mean vector of each label, for few\n"
                   "examples; crf: for ner alone [default: of ner crf,\nelse logistic]."),
    CLI_CHOICE_ROW("format", 0, "csv|tsv|jsonl|conll", train_values, kind,
                   "Of DATA and of the test [default: by its name]."),
    CLI_STRING_ROW("text-column", 0, "NAME|N", train_values, format.text_column,
                   "Where the text is: a name in the header, a number\n"
                   "from 1, or the key of JSON [default: found]."),
    CLI_STRING_ROW("labels-column", 0, "NAME|N", train_values, format.labels_column,
                   "The same of the labels."),
    CLI_STRING_ROW("labels-separator", 0, "TEXT", train_values, format.labels_separator,
                   "A field holds several labels, TEXT between them."),
    CLI_CHOICE_ROW("header", 0, "yes|no", train_values, format.header,
                   "Whether the first record names the columns\n[default: found]."),
    CLI_STRING_ROW("c", 0, "C", train_values, c,
                   "Inverse of the penalty's strength, as scikit-learn\n"
                   "has it [default: the best of a few]."),
    CLI_INTEGER_ROW("folds", 0, "N", 0, TRAIN__MOST_FOLDS, train_values, folds,
                    "Parts that are held back in turn to choose C and\n"
                    "to judge [default: 5]; 0: none, C is 10."),
    CLI_INTEGER_ROW("seed", 0, "N", 0, 2147483647, train_values, seed,
                    "Which examples are held back together [default: 0]."),
    CLI_STRING_ROW("name", 0, "NAME", train_values, name, "What the head calls itself."),
    CLI_FLAG_ROW("json", 0, train_values, json, "Report as one JSON object."),
    CLI_FLAG_ROW("replace-invalid", 0, train_values, replace_invalid,
                 "Replace invalid UTF-8 by U+FFFD instead of\nfailing."),
    CLI_GROUP_ROW(cli__engine_options, train_values, engine),
    CLI_LAST_ROW,
};

static const char details[] =
    "DATA is CSV or TSV of text and label; JSONL of {\"text\": \"...\", \"label\": \"...\"} or of\n"
    "\"labels\": [...], any number a text; of ner CoNLL: word, tab or space, tag (BIO or BIOES) a\n"
    "line, an empty line between sentences. - is standard input, and needs --format. The encoder\n"
    "stays as it is: a linear layer is trained on its vectors, or on its states of words.\n";

#define PLAIN_C 10.0

static int read_grid(const train_values *values, cli_train_run *run)
{
    static const double text_grid[] = {1, 3, 10, 30, 100};
    static const double word_grid[] = {0.01, 0.1, 1};
    const bool words = run->task == GTE_TASK_NER;
    char *end;
    run->grid_size = 1;
    run->grid[0] = PLAIN_C;
    if (values->c) {
        errno = 0;
        run->grid[0] = strtod(values->c, &end);
        if (end == values->c || *end || errno || !(run->grid[0] >= 1e-9 && run->grid[0] <= 1e9))
            return cli__misuse("--c takes a number from 1e-9 to 1e9, not '%s'", values->c);
    } else if (run->folds && words) {
        run->grid_size = sizeof word_grid / sizeof *word_grid;
        memcpy(run->grid, word_grid, sizeof word_grid);
    } else if (run->folds) {
        run->grid_size = sizeof text_grid / sizeof *text_grid;
        memcpy(run->grid, text_grid, sizeof text_grid);
    }
    return CLI_OK;
}

static int plan(const train_values *values, const char *path, cli_train_run *run)
{
    static const gte_task tasks[] = {GTE_TASK_CLASSIFICATION, GTE_TASK_CLASSIFICATION,
                                     GTE_TASK_SENTIMENT, GTE_TASK_NER};
    run->task = tasks[values->task];
    const bool words = run->task == GTE_TASK_NER;
    run->method = values->method ? (cli_train_method)values->method
                  : words        ? CLI_TRAIN_CRF
                                 : CLI_TRAIN_LOGISTIC;
    run->folds = run->method == CLI_TRAIN_PROTOTYPE ? 0 : (unsigned)values->folds;
    run->seed = (uint64_t)values->seed;
    run->path = path;
    run->test_path = values->test;
    run->format = values->format;
    run->format.kind = (cli_train_kind)values->kind;
    run->format.replace_invalid = values->replace_invalid != 0;
    if (words && run->format.kind == CLI_TRAIN_BY_NAME) run->format.kind = CLI_TRAIN_CONLL;
    if (words != (run->method == CLI_TRAIN_CRF) && run->method != CLI_TRAIN_LOGISTIC)
        return cli__misuse("--method %s is not for --task %s", words ? "prototype" : "crf",
                           gte_task_name(run->task));
    if (words != (run->format.kind == CLI_TRAIN_CONLL) && run->format.kind != CLI_TRAIN_BY_NAME)
        return cli__misuse("--task %s reads %s", gte_task_name(run->task),
                           words ? "CoNLL" : "CSV, TSV or JSONL");
    if (values->folds == 1) return cli__misuse("--folds 1: with one fold nothing is left to train");
    if (run->format.labels_separator && !*run->format.labels_separator)
        return cli__misuse("--labels-separator takes at least a character");
    return read_grid(values, run);
}

/* Every label needs an example to train on while another is held back. */
static int check_labels(const cli_train_run *run)
{
    const train__examples *examples = &run->examples;
    const uint32_t k = examples->labels.count, fewest = run->folds ? 2 : 1;
    char place[CLI_TRAIN_PLACE];
    if (k < 2 && !examples->several)
        return cli__fail("%s: there is one label only, '%s': nothing to tell apart", run->path,
                         k ? examples->labels.names[0] : "");
    if (k == 0) return cli__fail("%s: there are no labels", run->path);
    if (run->folds > examples->count)
        return cli__fail("%s: %zu examples cannot be %u folds: --folds, or --method prototype",
                         run->path, examples->count, run->folds);
    size_t *often = calloc(k, sizeof *often), at = 0;
    if (!often) return cli__out_of_memory();
    for (size_t i = 0; i < examples->mark_count; i++) often[examples->marks[i].label]++;
    while (at < examples->count &&
           (examples->items[at].count == 0 ||
            often[examples->marks[examples->items[at].first].label] >= fewest))
        at++;
    free(often);
    if (at == examples->count) return CLI_OK;
    cli__train_place(run->path, examples->items[at].line, place);
    return cli__fail("%s: the only example of '%s'; a label needs two, one to train on and one to "
                     "judge by (--folds 0 judges nothing; if this line names the columns: --header "
                     "yes)",
                     place,
                     examples->labels.names[examples->marks[examples->items[at].first].label]);
}

static int read_data(cli_train_run *run)
{
    int code = cli__train_read(&run->format, run->path, &run->examples);
    if (code == CLI_OK && run->task != GTE_TASK_NER) code = check_labels(run);
    if (code == CLI_OK && run->folds > run->examples.count)
        code = cli__fail("%s: %zu sentences cannot be %u folds", run->path, run->examples.count,
                         run->folds);
    if (code == CLI_OK && run->test_path)
        code = cli__train_read(&run->format, run->test_path, &run->test);
    if (code == CLI_OK && run->test_path && run->test.several != run->examples.several)
        code = cli__fail("%s: labels a text as in %s expected", run->test_path, run->path);
    if (code == CLI_OK && run->method == CLI_TRAIN_PROTOTYPE && run->examples.several)
        code = cli__misuse("--method prototype takes one label a text");
    return code;
}

/* The head as bytes, opened once as a reader would. CLI_OK or reported. */
static int build(const cli_train_run *run, const char *name, void **bytes, size_t *size)
{
    gte_error err;
    gte_head *opened = NULL;
    char count[32];
    const bool words = run->task == GTE_TASK_NER;
    snprintf(count, sizeof count, "%zu", run->examples.count);
    const char *const meta[] = {"name", name ? name : gte_task_name(run->task), "examples", count,
                                NULL};
    const size_t hidden = (size_t)run->session.info.hidden_size;
    const uint32_t k = run->examples.labels.count;
    const train__head head = {.kind = words ? GTE_HEAD_TOKEN : GTE_HEAD_SEQUENCE,
                              .multi_label = run->examples.several,
                              .tasks = GTE_TASK_BIT(run->task),
                              .hidden = hidden,
                              .labels = &run->examples.labels,
                              .w = run->weights,
                              .bias = run->weights + k * hidden,
                              .crf = run->crf,
                              .encoder = run->session.info.sha256,
                              .meta = meta};
    if (train__head_build(&head, bytes, size, &err) != GTE_OK) return cli__train_failed(&err);
    if (gte_head_open_memory(&opened, run->session.model, *bytes, *size, &err) != GTE_OK)
        return cli__fail("the head cannot be read back: %s", err.message);
    gte_head_close(&opened);
    return CLI_OK;
}

static int write_head(const cli_train_run *run, const char *name, const char *output)
{
    void *bytes = NULL;
    size_t size = 0;
    cli_sink *sink = malloc(sizeof *sink);
    int code = sink ? build(run, name, &bytes, &size) : cli__out_of_memory();
    if (code == CLI_OK) code = cli__sink_open(sink, output);
    if (code == CLI_OK) {
        cli__sink_write(sink, bytes, size);
        code = cli__sink_close(sink, CLI_OK);
    }
    free(bytes);
    free(sink);
    return code;
}

static void tell_oddities(const cli_train_run *run)
{
    if (run->cut)
        cli__note("%zu sentences are longer than the %d tokens the model reads; the rest of each "
                  "was left out",
                  run->cut, run->session.info.max_tokens);
    if (run->repaired)
        cli__note("%zu spans began with I- where B- was expected; read as B-", run->repaired);
    if (run->strange)
        cli__note("%s: %zu labels that %s lacks count as not found", run->test_path, run->strange,
                  run->path);
}

static int train(cli_train_run *run, const train_values *values)
{
    const cli_vector_values vectors = {0};
    const cli_text_values text = {.replace_invalid = values->replace_invalid};
    int code = read_data(run);
    if (code == CLI_OK) code = cli__session_open(&run->session, values->model.model);
    if (code == CLI_OK) code = cli__session_start(&run->session, &values->engine, &vectors, &text);
    if (code != CLI_OK) return code;
    train__product_setup();
    code = run->task == GTE_TASK_NER ? cli__train_words(run) : cli__train_texts(run);
    if (code != CLI_OK) return code;
    tell_oddities(run);
    if (values->output) code = write_head(run, values->name, values->output);
    return code == CLI_OK ? cli__train_report(run, values->output, values->json) : code;
}

static int run_train(const cli_command *self, int argc, char **argv)
{
    train_values values = {.folds = 5};
    int operands, code = cli__parse(self, argc, argv, &values, &operands);
    if (code != CLI_RUN) return code;
    if (operands != 1) return cli__misuse("needs one file of examples");
    cli_train_run *run = calloc(1, sizeof *run);
    if (!run) return cli__out_of_memory();
    code = plan(&values, argv[0], run);
    if (code == CLI_OK) code = train(run, &values);
    cli__session_close(&run->session);
    train__examples_free(&run->examples);
    train__examples_free(&run->test);
    train__label_set_free(&run->types);
    free(run->tally.of);
    free(run->weights);
    free(run->crf);
    free(run);
    return code;
}

const cli_command cli__train_command = {
    .name = "train",
    .synopsis = "DATA",
    .summary = "Train a head on labelled text: classification, sentiment, names.",
    .details = details,
    .options = options,
    .run = run_train,
};
