/* gte tokenize: texts to tokens, one JSON object per input. */
#include <stddef.h>
#include <stdlib.h>

#include "interrupt.h"
#include "report.h"
#include "session.h"
#include "token_lists.h"

typedef struct tokenize_values {
    cli_model_values model;
    cli_input_values input;
    cli_text_values text;
    int no_special, bytes, truncate, max_tokens;
} tokenize_values;

static const cli_option options[] = {
    CLI_GROUP_ROW(cli__model_options, tokenize_values, model),
    CLI_GROUP_ROW(cli__input_options, tokenize_values, input),
    CLI_INTEGER_ROW("max-tokens", 0, "N", 0, 1 << 30, tokenize_values, max_tokens,
                    "Cut to N tokens, special ones included; 0 is\nno limit [default: 0]."),
    CLI_FLAG_ROW("truncate", 0, tokenize_values, truncate,
                 "Cut to the model's longest input, as gte embed\ndoes."),
    CLI_FLAG_ROW("no-special", 0, tokenize_values, no_special,
                 "Leave out the [CLS] and [SEP] around the text."),
    CLI_FLAG_ROW("bytes", 0, tokenize_values, bytes, "Offsets in bytes instead of code points."),
    CLI_GROUP_ROW(cli__text_options, tokenize_values, text),
    CLI_LAST_ROW,
};

static const char details[] =
    "Texts are the arguments, or the lines of --file or of standard input. Per input:\n"
    "  {\"ids\":[...],\"types\":[...],\"offsets\":[[start,end],...],\"tokens\":[...]}\n";

typedef struct token_list {
    gte_token *tokens;
    size_t count, capacity;
} token_list;

/* Tokenizes into a list that grows to what the longest text needs. */
static gte_status tokenize(const gte_model *model, gte_text text, unsigned flags, size_t limit,
                           token_list *list, gte_error *err)
{
    for (;;) {
        gte_status status = gte_tokenize(model, text, flags, limit, list->tokens, list->capacity,
                                         &list->count, NULL, err);
        if (status != GTE_E_CAPACITY || list->count <= list->capacity) return status;
        size_t capacity = list->count + list->count / 2;
        gte_token *tokens = realloc(list->tokens, capacity * sizeof *tokens);
        if (!tokens) {
            err->status = GTE_E_MEMORY;
            snprintf(err->message, sizeof err->message, "out of memory");
            return GTE_E_MEMORY;
        }
        list->tokens = tokens;
        list->capacity = capacity;
    }
}

static void write_tokens(cli_sink *sink, const gte_model *model, const token_list *list)
{
    const gte_token *tokens = list->tokens;
    cli__sink_string(sink, "{\"ids\":[");
    for (size_t i = 0; i < list->count; i++) {
        if (i) cli__sink_write(sink, ",", 1);
        cli__sink_integer(sink, tokens[i].id);
    }
    cli__sink_string(sink, "],\"types\":[");
    for (size_t i = 0; i < list->count; i++) {
        if (i) cli__sink_write(sink, ",", 1);
        cli__sink_integer(sink, tokens[i].type);
    }
    cli__sink_string(sink, "],\"offsets\":");
    cli__json_offsets(sink, tokens, list->count);
    cli__sink_string(sink, ",\"tokens\":");
    cli__json_pieces(sink, model, tokens, list->count);
    cli__sink_string(sink, "}\n");
}

static int failed(const cli_source *source, const gte_error *err)
{
    char place[512];
    cli__source_place(source, 0, place, sizeof place);
    return cli__session_report(0, place, err);
}

static int tokenize_stream(const cli_session *session, cli_source *source,
                           const tokenize_values *values, cli_sink *sink)
{
    token_list list = {0};
    gte_text text;
    gte_error err;
    unsigned flags = cli__text_flags(&values->text);
    size_t limit = values->max_tokens ? (size_t)values->max_tokens : SIZE_MAX;
    int got, code = CLI_OK;
    if (values->truncate && limit > (size_t)session->info.max_tokens)
        limit = 0; /* the library's name for the model's own limit */
    if (values->no_special) flags |= GTE_NO_SPECIAL;
    if (values->bytes) flags |= GTE_OFFSETS_BYTES;
    while (!sink->error && (got = cli__source_next(source, &text)) != 0) {
        if (got < 0)
            code = -got;
        else if (cli__interrupted())
            code = CLI_INTERRUPTED;
        else if (tokenize(session->model, text, flags, limit, &list, &err) != GTE_OK)
            code = failed(source, &err);
        if (code != CLI_OK) break;
        write_tokens(sink, session->model, &list);
        if (cli__source_interactive(source)) cli__sink_flush(sink);
    }
    free(list.tokens);
    return code;
}

static int run_tokenize(const cli_command *self, int argc, char **argv)
{
    tokenize_values values = {0};
    cli_session session = {0};
    cli_source source;
    cli_sink *sink = NULL;
    int operands, code = cli__parse(self, argc, argv, &values, &operands);
    if (code != CLI_RUN) return code;
    code = cli__source_open(&source, "texts", argv, operands, values.input.file,
                            values.input.jsonl != 0, values.text.replace_invalid != 0);
    if (code != CLI_OK) return code;
    code = cli__session_open(&session, values.model.model);
    if (code == CLI_OK && !(sink = malloc(sizeof *sink))) code = cli__out_of_memory();
    if (code == CLI_OK && (code = cli__sink_open(sink, NULL)) == CLI_OK) {
        cli__source_invite(&source);
        code = cli__sink_close(sink, tokenize_stream(&session, &source, &values, sink));
    }
    free(sink);
    cli__session_close(&session);
    cli__source_close(&source);
    return code;
}

const cli_command cli__tokenize_command = {
    .name = "tokenize",
    .synopsis = "[TEXT...]",
    .summary = "Show the tokens a model reads in a text.",
    .details = details,
    .options = options,
    .run = run_tokenize,
};
