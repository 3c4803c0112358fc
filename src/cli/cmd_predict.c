/* gte predict: what texts say, by the model's head or without one. One JSON object per input, the
 * `result` of POST /predict. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/question.h"
#include "interrupt.h"
#include "report.h"
#include "result_writer.h"
#include "task_batch.h"

typedef struct predict_values {
    cli_model_values model;
    cli_head_values head;
    cli_input_values input;
    cli_engine_values engine;
    cli_text_values text;
    int task, aggregation, logits, raw, pretty, no_truncate, best, max_answer;
    const char *labels, *schema;
} predict_values;

#define TASKS "ner|relation|event|sentiment|classification|qa" /* in the order of gte_task */
#define AGGREGATIONS "none|simple|first|average|max"           /* of gte_aggregation */

static const cli_option options[] = {
    CLI_GROUP_ROW(cli__model_options, predict_values, model),
    CLI_GROUP_ROW(cli__head_options, predict_values, head),
    CLI_CHOICE_ROW("task", 0, TASKS, predict_values, task,
                   "What to look for [default: what the head is for]."),
    CLI_GROUP_ROW(cli__input_options, predict_values, input),
    CLI_STRING_ROW("labels", 0, "A,B,...", predict_values, labels,
                   "Labels to choose from, where no head has its own."),
    CLI_STRING_ROW("schema", 0, "JSON", predict_values, schema,
                   "Types to extract, and below each what belongs to\n"
                   "it: {\"人物\": null}."),
    CLI_CHOICE_ROW("aggregation", 0, AGGREGATIONS, predict_values, aggregation,
                   "How tokens become entities, as HuggingFace has it\n[default: first]."),
    CLI_INTEGER_ROW("best", 0, "N", 1, 20, predict_values, best,
                    "Answers to a question [default: 1]."),
    CLI_INTEGER_ROW("max-answer", 0, "N", 1, 65535, predict_values, max_answer,
                    "Tokens of an answer at most [default: 30]."),
    CLI_FLAG_ROW("no-truncate", 0, predict_values, no_truncate,
                 "Fail at a text longer than the model can read at\nonce instead of cutting it or "
                 "going through it\nin windows."),
    CLI_FLAG_ROW("logits", 0, predict_values, logits,
                 "Add the head's raw logits, and whose they are."),
    CLI_FLAG_ROW("raw", 0, predict_values, raw, "The nested list that ModelScope's users know."),
    CLI_FLAG_ROW("pretty", 0, predict_values, pretty, "JSON over several lines."),
    CLI_GROUP_ROW(cli__engine_options, predict_values, engine),
    CLI_GROUP_ROW(cli__text_options, predict_values, text),
    CLI_LAST_ROW,
};

static const char details[] =
    "Texts are the arguments, or the lines of --file or of standard input. Of qa a text is\n"
    "'context|question'; the last bar counts. With --jsonl an input may be an object:\n"
    "{\"text\":...} or {\"context\":...,\"question\":...}, with \"labels\" or \"schema\".\n";

/* ---- what the options ask for --------------------------------------------------------------- */

/* What the requests point to. */
typedef struct asked {
    char *names;
    gte_label labels[GTE_LABELS_MAX];
    json_t *json;
    convert__schema schema;
} asked;

static int read_labels(asked *a, const char *text, gte_request *request)
{
    size_t count = 0;
    a->names = strdup(text);
    if (!a->names) return cli__out_of_memory();
    for (char *at = a->names; at;) {
        char *comma = strchr(at, ',');
        if (comma) *comma = '\0';
        if (!*at) return cli__misuse("--labels holds an empty label");
        if (count == GTE_LABELS_MAX) return cli__misuse("more than %d labels", GTE_LABELS_MAX);
        a->labels[count++].name = at;
        at = comma ? comma + 1 : NULL;
    }
    request->labels = a->labels;
    request->label_count = count;
    return CLI_OK;
}

static int read_schema(asked *a, const char *text, gte_request *request)
{
    gte_error err;
    if (convert__schema_parse(text, strlen(text), &a->json, &a->schema, &err) != GTE_OK)
        return cli__misuse("--schema: %s", err.message);
    request->schema = a->schema.nodes;
    request->schema_count = a->schema.count;
    return CLI_OK;
}

static int read_request(asked *a, const predict_values *values, gte_request *request)
{
    int code = CLI_OK;
    request->aggregation = (gte_aggregation)values->aggregation;
    request->best = values->best;
    request->max_answer_tokens = values->max_answer;
    request->flags = cli__text_flags(&values->text) | (values->no_truncate ? GTE_NO_TRUNCATE : 0) |
                     (values->logits ? GTE_KEEP_LOGITS : 0);
    if (values->labels) code = read_labels(a, values->labels, request);
    if (values->schema && code == CLI_OK) code = read_schema(a, values->schema, request);
    return code;
}

/* Not an error: one command line may go over heads of several kinds. */
static void tell_unused(const cli_tasks *tasks)
{
    gte_head_info info = {0};
    if (tasks->head) gte_head_describe(tasks->head, &info, sizeof info);
    if (tasks->standard.labels && tasks->head)
        cli__note("--labels has no effect: the head has labels of its own");
    if (tasks->standard.schema && info.kind != GTE_HEAD_POINTER)
        cli__note("--schema has no effect: it is for a SiameseUIE");
}

/* ---- the inputs ----------------------------------------------------------------------------- */

/* 1: the batch holds some; 0: the end; negative: the exit code, reported. */
static int fill(cli_tasks *tasks, cli_source *source)
{
    char place[512];
    gte_text text;
    cli__tasks_begin(tasks);
    while (cli__tasks_have_room(tasks)) {
        int got = cli__source_next(source, &text);
        if (got < 0) return got;
        if (got == 0) break;
        cli__source_place(source, 0, place, sizeof place);
        if (tasks->standard.task == GTE_TASK_QA && !text.pair && !gte__question_split(text, &text))
            return -cli__fail("%s: for qa a text is 'context|question', neither of them empty",
                              place);
        int code = cli__tasks_add(tasks, text, source->parsed, place);
        if (code != CLI_OK) return -code;
        if (cli__source_interactive(source)) break;
    }
    return tasks->chunk.count > 0;
}

static int run_batch(cli_tasks *tasks, cli_session *session, const cli_source *source)
{
    char place[512];
    gte_error err;
    session->bytes_after = source->lines.consumed;
    session->bytes_total = source->lines.total;
    int code = cli__tasks_run(tasks, session, &err);
    if (code != CLI_FAILED) return code;
    const size_t index = err.index < tasks->chunk.count ? err.index : 0;
    cli__source_place(source, tasks->chunk.count - 1 - index, place, sizeof place);
    return cli__session_report(0, place, &err);
}

static int predict_stream(cli_session *session, cli_tasks *tasks, cli_source *source,
                          cli_result_writer *writer)
{
    int code = CLI_OK, got;
    cli__source_invite(source);
    cli__progress_start(&session->bar, "texts", writer->sink->fd);
    while (code == CLI_OK && !writer->sink->error && (got = fill(tasks, source)) != 0) {
        code = got < 0 ? -got : run_batch(tasks, session, source);
        for (size_t i = 0; i < tasks->chunk.count && code == CLI_OK; i++)
            code = cli__write_result(writer, tasks->results[i]);
        if (cli__source_interactive(source)) cli__sink_flush(writer->sink);
        if (code == CLI_OK && cli__interrupted()) code = CLI_INTERRUPTED;
    }
    cli__progress_wipe();
    return code;
}

static int predict_to(cli_session *session, cli_tasks *tasks, cli_source *source,
                      const predict_values *values, cli_sink *sink)
{
    cli_result_writer writer = {.sink = sink,
                                .model = session->model,
                                .head = tasks->head,
                                .flags = values->raw ? GTE_JSON_RAW : 0,
                                .logits = values->logits != 0,
                                .pretty = values->pretty != 0};
    int code = predict_stream(session, tasks, source, &writer);
    free(writer.json);
    return code;
}

static int predict(cli_session *session, cli_source *source, const predict_values *values)
{
    static const cli_vector_values vectors = {0};
    cli_tasks tasks = {0};
    cli_sink *sink = malloc(sizeof *sink);
    asked *a = calloc(1, sizeof *a);
    int code = sink && a ? CLI_OK : cli__out_of_memory();
    if (code == CLI_OK)
        code = cli__tasks_open(&tasks, session, values->head.head, (gte_task)values->task);
    if (code == CLI_OK) code = read_request(a, values, &tasks.standard);
    if (code == CLI_OK) tell_unused(&tasks);
    if (code == CLI_OK)
        code = cli__session_start(session, &values->engine, &vectors, &values->text);
    if (code == CLI_OK && (code = cli__sink_open(sink, NULL)) == CLI_OK)
        code = cli__sink_close(sink, predict_to(session, &tasks, source, values, sink));
    cli__tasks_close(&tasks);
    if (a) {
        json_decref(a->json);
        free(a->names);
    }
    free(a);
    free(sink);
    return code;
}

static int run_predict(const cli_command *self, int argc, char **argv)
{
    predict_values values = {0};
    cli_session session = {0};
    cli_source source;
    int operands, code = cli__parse(self, argc, argv, &values, &operands);
    if (code != CLI_RUN) return code;
    if (values.pretty && values.logits)
        return cli__misuse("--pretty and --logits do not go together");
    code = cli__source_open(&source, "texts", argv, operands, values.input.file,
                            values.input.jsonl != 0, values.text.replace_invalid != 0);
    if (code != CLI_OK) return code;
    source.tasks = true;
    code = cli__session_open(&session, values.model.model);
    if (code == CLI_OK) code = predict(&session, &source, &values);
    cli__session_close(&session);
    cli__source_close(&source);
    return code;
}

const cli_command cli__predict_command = {
    .name = "predict",
    .synopsis = "[TEXT...]",
    .summary = "Say what texts say: names, relations, labels, answers.",
    .details = details,
    .options = options,
    .run = run_predict,
};
