/* gte info: what a model file holds. */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "gte_task.h"
#include "json_text.h"
#include "report.h"
#include "session.h"
#include "terminal.h"

#define LABELS_SHOWN 8

typedef struct info_values {
    cli_model_values model;
    const char *head;
    int json;
} info_values;

static const cli_option options[] = {
    CLI_GROUP_ROW(cli__model_options, info_values, model),
    CLI_STRING_ROW("head", 0, "FILE", info_values, head,
                   "Also describe this head, made for the model."),
    CLI_FLAG_ROW("json", 0, info_values, json, "One JSON object."),
    CLI_LAST_ROW,
};

static const char *pooling_name(gte_pooling pooling)
{
    return pooling == GTE_POOLING_CLS ? "cls" : "mean";
}

static void text_string(cli_sink *sink, const char *key, const char *value)
{
    cli__sink_printf(sink, "%-18s", key);
    cli__show_text(sink, value, strlen(value), SIZE_MAX);
    cli__sink_string(sink, "\n");
}

static void text_number(cli_sink *sink, const char *key, uint64_t value)
{
    cli__sink_printf(sink, "%-18s%" PRIu64 "\n", key, value);
}

static const char *kind_name(const gte_head_info *head)
{
    switch (head->kind) {
    case GTE_HEAD_SEQUENCE:
        return "sequence";
    case GTE_HEAD_TOKEN:
        return head->crf ? "token with crf" : "token";
    case GTE_HEAD_SPAN:
        return "span";
    case GTE_HEAD_POINTER:
        break;
    }
    return "pointer";
}

/* The names of the set's tasks, joined by `between`, each in `quote`. */
static void put_tasks(cli_sink *sink, unsigned tasks, const char *between, const char *quote)
{
    int count = 0;
    for (int task = GTE_TASK_NER; task <= GTE_TASK_QA; task++)
        if (tasks & GTE_TASK_BIT(task))
            cli__sink_printf(sink, "%s%s%s%s", count++ ? between : "", quote,
                             gte_task_name((gte_task)task), quote);
}

/* The first labels; --json has all. */
static void text_labels(cli_sink *sink, const gte_head *head, int count)
{
    cli__sink_printf(sink, "%-18s", "labels");
    for (int i = 0; i < count && i < LABELS_SHOWN; i++) {
        const char *label = gte_head_label(head, i);
        if (i) cli__sink_string(sink, ", ");
        cli__show_text(sink, label, strlen(label), SIZE_MAX);
    }
    cli__sink_string(sink, count > LABELS_SHOWN ? ", ...\n" : "\n");
}

static void text_head(cli_sink *sink, const gte_head *head)
{
    gte_head_info info;
    if (!head) return;
    gte_head_describe(head, &info, sizeof info);
    cli__sink_printf(sink, "%-18s%s, %d label%s (", "head", kind_name(&info), info.labels,
                     info.labels == 1 ? "" : "s");
    if (info.tasks)
        put_tasks(sink, info.tasks, ", ", "");
    else
        cli__sink_string(sink, "scores of pairs");
    cli__sink_string(sink, ")\n");
    if (*info.name) text_string(sink, "head's name", info.name);
    text_labels(sink, head, info.labels);
}

static void head_member(cli_sink *sink, const gte_head *head)
{
    gte_head_info info;
    if (!head) return;
    gte_head_describe(head, &info, sizeof info);
    cli__sink_printf(sink, ",\"head\":{\"kind\":\"%s\",\"tasks\":[", kind_name(&info));
    put_tasks(sink, info.tasks, ",", "\"");
    cli__sink_string(sink, "],\"labels\":[");
    for (int i = 0; i < info.labels; i++) {
        if (i) cli__sink_string(sink, ",");
        cli__json_c_string(sink, gte_head_label(head, i));
    }
    cli__sink_string(sink, "]}");
}

static void write_text(cli_sink *sink, const cli_session *session, const gte_head *head)
{
    const gte_model_info *info = &session->info;
    text_string(sink, "file", session->path);
    cli__sink_printf(sink, "%-18s%" PRIu64 " (%.1f MB)\n", "size", info->file_size,
                     (double)info->file_size / 1e6);
    text_string(sink, "sha256", info->sha256);
    text_string(sink, "architecture", info->architecture);
    text_string(sink, "weights", info->dtype);
    text_number(sink, "parameters", info->parameters);
    text_number(sink, "dimensions", (uint64_t)info->hidden_size);
    text_number(sink, "layers", (uint64_t)info->layers);
    text_number(sink, "heads", (uint64_t)info->heads);
    text_number(sink, "feed-forward", (uint64_t)info->ffn_size);
    text_string(sink, "activation", info->activation);
    text_string(sink, "pooling", pooling_name(info->pooling));
    text_string(sink, "normalized", info->normalize ? "yes" : "no");
    text_number(sink, "longest input", (uint64_t)info->max_tokens);
    text_number(sink, "positions", (uint64_t)info->max_positions);
    text_number(sink, "token types", (uint64_t)info->type_vocab_size);
    text_string(sink, "tokenizer", info->tokenizer);
    text_number(sink, "vocabulary", (uint64_t)info->vocab_size);
    text_string(sink, "lower-case", info->lowercase ? "yes" : "no");
    text_head(sink, head);
    for (size_t i = 0; i < gte_model_meta_count(session->model); i++)
        text_string(sink, gte_model_meta_key(session->model, i),
                    gte_model_meta_value(session->model, i));
}

static void string_member(cli_sink *sink, const char *key, const char *value)
{
    cli__sink_printf(sink, ",\"%s\":", key);
    cli__json_c_string(sink, value);
}

static void number_member(cli_sink *sink, const char *key, uint64_t value)
{
    cli__sink_printf(sink, ",\"%s\":%" PRIu64, key, value);
}

static void bool_member(cli_sink *sink, const char *key, int value)
{
    cli__sink_printf(sink, ",\"%s\":%s", key, value ? "true" : "false");
}

static void write_json(cli_sink *sink, const cli_session *session, const gte_head *head)
{
    const gte_model_info *info = &session->info;
    cli__sink_string(sink, "{\"file\":");
    cli__json_c_string(sink, session->path);
    number_member(sink, "file_size", info->file_size);
    string_member(sink, "sha256", info->sha256);
    string_member(sink, "architecture", info->architecture);
    string_member(sink, "dtype", info->dtype);
    number_member(sink, "parameters", info->parameters);
    number_member(sink, "hidden_size", (uint64_t)info->hidden_size);
    number_member(sink, "layers", (uint64_t)info->layers);
    number_member(sink, "heads", (uint64_t)info->heads);
    number_member(sink, "ffn_size", (uint64_t)info->ffn_size);
    string_member(sink, "activation", info->activation);
    string_member(sink, "pooling", pooling_name(info->pooling));
    bool_member(sink, "normalize", info->normalize);
    number_member(sink, "max_tokens", (uint64_t)info->max_tokens);
    number_member(sink, "max_positions", (uint64_t)info->max_positions);
    number_member(sink, "type_vocab_size", (uint64_t)info->type_vocab_size);
    string_member(sink, "tokenizer", info->tokenizer);
    number_member(sink, "vocab_size", (uint64_t)info->vocab_size);
    bool_member(sink, "lowercase", info->lowercase);
    head_member(sink, head);
    cli__sink_string(sink, ",\"meta\":{");
    for (size_t i = 0; i < gte_model_meta_count(session->model); i++) {
        if (i) cli__sink_string(sink, ",");
        cli__json_c_string(sink, gte_model_meta_key(session->model, i));
        cli__sink_string(sink, ":");
        cli__json_c_string(sink, gte_model_meta_value(session->model, i));
    }
    cli__sink_string(sink, "}}\n");
}

static int print_info(const cli_session *session, const gte_head *head, int json)
{
    cli_sink *sink = malloc(sizeof *sink);
    if (!sink) return cli__out_of_memory();
    int code = cli__sink_open(sink, NULL);
    if (json)
        write_json(sink, session, head);
    else
        write_text(sink, session, head);
    code = cli__sink_close(sink, code);
    free(sink);
    return code;
}

static int run_info(const cli_command *self, int argc, char **argv)
{
    info_values values = {0};
    cli_session session = {0};
    int code = cli__session_open_operand(&session, self, argc, argv, &values, &values.model);
    gte_head *own = NULL;
    gte_error err;
    if (code == CLI_RUN && values.head &&
        gte_head_open(&own, session.model, values.head, &err) != GTE_OK)
        code = cli__fail("%s: %s", values.head, err.message);
    if (code == CLI_RUN)
        code = print_info(&session, own ? own : gte_model_head(session.model), values.json);
    gte_head_close(&own);
    cli__session_close(&session);
    return code;
}

const cli_command cli__info_command = {
    .name = "info",
    .synopsis = "[MODEL.gte]",
    .summary = "Describe a model file.",
    .options = options,
    .run = run_info,
};
