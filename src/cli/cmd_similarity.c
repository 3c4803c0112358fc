/* gte similarity: the cosine of every text with every other. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json_text.h"
#include "report.h"
#include "session.h"
#include "terminal.h"
#include "utf8_text.h"

/* All vectors and texts are held; for more there is gte search. */
#define MOST_TEXTS 10000

typedef struct similarity_values {
    cli_model_values model;
    cli_input_values input;
    cli_engine_values engine;
    cli_text_values text;
    cli_vector_values vectors;
    int json, color;
} similarity_values;

static const cli_option options[] = {
    CLI_GROUP_ROW(cli__model_options, similarity_values, model),
    CLI_GROUP_ROW(cli__input_options, similarity_values, input),
    CLI_FLAG_ROW("json", 0, similarity_values, json,
                 "One JSON object: {\"texts\":[...],\n\"similarity\":[[...],...]}."),
    CLI_GROUP_ROW(cli__vector_options, similarity_values, vectors),
    CLI_GROUP_ROW(cli__engine_options, similarity_values, engine),
    CLI_GROUP_ROW(cli__text_options, similarity_values, text),
    CLI_CHOICE_ROW("color", 0, CLI_COLOR_VALUES, similarity_values, color,
                   "Colours [default: auto]."),
    CLI_LAST_ROW,
};

typedef struct text_list {
    gte_text *texts; /* own copies, one block each: the text, then its pair */
    float *vectors;  /* [count, dims] */
    size_t count, capacity;
} text_list;

static void free_list(text_list *list)
{
    for (size_t i = 0; i < list->count; i++) free((void *)(uintptr_t)list->texts[i].data);
    free(list->texts);
    free(list->vectors);
}

static int grow(text_list *list, size_t dims)
{
    size_t capacity = list->capacity ? 2 * list->capacity : 64;
    gte_text *texts = realloc(list->texts, capacity * sizeof *texts);
    if (texts) list->texts = texts;
    float *vectors = realloc(list->vectors, capacity * dims * sizeof *vectors);
    if (vectors) list->vectors = vectors;
    if (!texts || !vectors) return cli__out_of_memory();
    list->capacity = capacity;
    return CLI_OK;
}

static int add(text_list *list, gte_text text, const float *vector, size_t dims)
{
    if (list->count == MOST_TEXTS)
        return cli__fail("more than %d texts; gte search compares any number", MOST_TEXTS);
    if (list->count == list->capacity && grow(list, dims) != CLI_OK) return CLI_FAILED;
    char *copy = malloc(text.size + text.pair_size + 1);
    if (!copy) return cli__out_of_memory();
    memcpy(copy, text.data, text.size);
    if (text.pair) memcpy(copy + text.size, text.pair, text.pair_size);
    text.data = copy;
    if (text.pair) text.pair = copy + text.size;
    memcpy(list->vectors + list->count * dims, vector, dims * sizeof *vector);
    list->texts[list->count++] = text;
    return CLI_OK;
}

static int read_all(cli_session *session, cli_source *source, const similarity_values *values,
                    text_list *list)
{
    cli_chunk chunk;
    const char *prompt;
    float *vectors = NULL;
    int got = 0;
    int code = cli__session_prompt(session, "prompt", values->vectors.prompt, NULL, &prompt);
    if (code != CLI_OK) return code;
    cli__source_invite(source);
    code = cli__chunk_create(&chunk, values->engine.batch_tokens);
    if (code == CLI_OK && !(vectors = cli__session_vectors(session, &chunk))) code = CLI_FAILED;
    cli__progress_start(&session->bar, "texts", -1);
    while (code == CLI_OK) {
        if ((got = cli__session_next(session, &chunk, source, prompt, vectors)) <= 0) break;
        for (size_t i = 0; i < chunk.count && code == CLI_OK; i++)
            code =
                add(list, cli__chunk_input(&chunk, i), vectors + i * session->dims, session->dims);
    }
    if (got < 0) code = -got;
    free(vectors);
    cli__chunk_free(&chunk);
    if (code == CLI_OK && list->count < 2) code = cli__fail("needs at least two texts");
    return code;
}

static void write_json_texts(cli_sink *sink, const text_list *list)
{
    cli__sink_string(sink, "{\"texts\":[");
    for (size_t i = 0; i < list->count; i++) {
        const gte_text *text = &list->texts[i];
        if (i) cli__sink_string(sink, ",");
        if (text->pair) cli__sink_string(sink, "[");
        cli__json_string(sink, text->data, text->size);
        if (text->pair) {
            cli__sink_string(sink, ",");
            cli__json_string(sink, text->pair, text->pair_size);
            cli__sink_string(sink, "]");
        }
    }
    cli__sink_string(sink, "],\"similarity\":[");
}

/* From grey (far) over green to orange (the same), in the 256 colours every terminal has. */
static const char *color_of(float cosine)
{
    if (cosine < 0.3f) return "\033[38;5;243m";
    if (cosine < 0.5f) return "\033[38;5;109m";
    if (cosine < 0.7f) return "\033[38;5;79m";
    if (cosine < 0.8f) return "\033[38;5;113m";
    if (cosine < 0.9f) return "\033[38;5;185m";
    return "\033[1;38;5;214m";
}

#define LABEL_COLUMNS 40
#define CELL "%8.4f"
#define CELL_COLUMNS 8

/* The widest label, for the first column. */
static size_t label_columns(const text_list *list)
{
    size_t widest = 0;
    for (size_t i = 0; i < list->count; i++) {
        size_t columns = cli__columns(list->texts[i].data, list->texts[i].size);
        if (columns > LABEL_COLUMNS) return LABEL_COLUMNS;
        if (columns > widest) widest = columns;
    }
    return widest;
}

/* How the matrix stands on the page. */
typedef struct layout {
    size_t number_width, label_width;
    size_t shown; /* columns of numbers; those that a terminal has no room for are left out */
    bool color;
} layout;

static layout plan_layout(const text_list *list, int fd, bool color)
{
    char number[GTE__NUMBER_SIZE];
    size_t width = cli__terminal_columns(fd), labels = label_columns(list);
    layout plan = {gte__integer_text((int64_t)list->count, number), labels, list->count, color};
    size_t fixed = plan.number_width + 2;
    if (!width) return plan;
    /* room for two columns of numbers goes before long labels */
    size_t spare = width > fixed + 2 * CELL_COLUMNS ? width - fixed - 2 * CELL_COLUMNS : 1;
    if (plan.label_width > spare) plan.label_width = spare;
    size_t used = fixed + plan.label_width;
    size_t fits = width > used + CELL_COLUMNS ? (width - used) / CELL_COLUMNS : 1;
    if (fits < plan.shown) plan.shown = fits;
    return plan;
}

static void write_head(cli_sink *sink, const layout *plan)
{
    cli__sink_printf(sink, "%*s", (int)(plan->number_width + 2 + plan->label_width), "");
    for (size_t i = 0; i < plan->shown; i++) cli__sink_printf(sink, "%*zu", CELL_COLUMNS, i + 1);
    cli__sink_string(sink, "\n");
}

static void write_row(cli_sink *sink, const text_list *list, const float *row, size_t i,
                      const layout *plan)
{
    cli__sink_printf(sink, "%*zu  ", (int)plan->number_width, i + 1);
    size_t used = cli__show_text(sink, list->texts[i].data, list->texts[i].size, plan->label_width);
    size_t gap = plan->label_width > used ? plan->label_width - used : 0;
    cli__sink_printf(sink, "%*s", (int)gap, "");
    for (size_t j = 0; j < plan->shown; j++) {
        if (plan->color) cli__sink_string(sink, color_of(row[j]));
        cli__sink_printf(sink, CELL, (double)row[j]);
        if (plan->color) cli__sink_string(sink, "\033[0m");
    }
    cli__sink_string(sink, "\n");
}

/* One row of the matrix. The library rounds by the order of the two vectors: the earlier text is
 * always its first, so that a cosine is the same above and below the diagonal. */
static int cosines(const text_list *list, size_t dims, size_t i, float *row)
{
    gte_error err;
    const float *all = list->vectors, *own = all + i * dims;
    if (gte_similarity(all, i, own, 1, dims, row, &err) != GTE_OK ||
        gte_similarity(own, 1, own, list->count - i, dims, row + i, &err) != GTE_OK)
        return cli__fail("%s", err.message);
    return CLI_OK;
}

static int write_matrix(cli_sink *sink, const text_list *list, size_t dims,
                        const similarity_values *values)
{
    layout plan = plan_layout(list, sink->fd, cli__use_color(values->color, sink->fd));
    int code = CLI_OK;
    float *row = malloc(list->count * sizeof *row);
    if (!row) return cli__out_of_memory();
    if (values->json)
        write_json_texts(sink, list);
    else
        write_head(sink, &plan);
    for (size_t i = 0; i < list->count && code == CLI_OK; i++) {
        if ((code = cosines(list, dims, i, row)) != CLI_OK) break;
        if (values->json) {
            if (i) cli__sink_string(sink, ",");
            cli__json_floats(sink, row, list->count);
        } else {
            write_row(sink, list, row, i, &plan);
        }
    }
    if (values->json)
        cli__sink_string(sink, "]}\n");
    else if (plan.shown < list->count)
        cli__sink_printf(sink, "... %zu more columns; --json for all\n", list->count - plan.shown);
    free(row);
    return code;
}

static int print_matrix(const text_list *list, size_t dims, const similarity_values *values)
{
    cli_sink *sink = malloc(sizeof *sink);
    if (!sink) return cli__out_of_memory();
    int code = cli__sink_open(sink, NULL);
    if (code == CLI_OK) code = cli__sink_close(sink, write_matrix(sink, list, dims, values));
    free(sink);
    return code;
}

static int run_similarity(const cli_command *self, int argc, char **argv)
{
    similarity_values values = {0};
    cli_session session = {0};
    cli_source source;
    text_list list = {0};
    int operands, code = cli__parse(self, argc, argv, &values, &operands);
    if (code != CLI_RUN) return code;
    if (operands == 1 && !cli__operands_are_stdin(argv, operands))
        return cli__misuse("needs at least two texts");
    code = cli__source_open(&source, "texts", argv, operands, values.input.file,
                            values.input.jsonl != 0, values.text.replace_invalid != 0);
    if (code != CLI_OK) return code;
    code = cli__session_open(&session, values.model.model);
    if (code == CLI_OK)
        code = cli__session_start(&session, &values.engine, &values.vectors, &values.text);
    if (code == CLI_OK) {
        code = read_all(&session, &source, &values, &list);
    }
    size_t dims = session.dims;
    cli__session_close(&session);
    if (code == CLI_OK) code = print_matrix(&list, dims, &values);
    free_list(&list);
    cli__source_close(&source);
    return code;
}

const cli_command cli__similarity_command = {
    .name = "similarity",
    .synopsis = "TEXT TEXT...",
    .summary = "Show how close texts are: the cosines of their vectors.",
    .details =
        "Texts are the arguments, or the lines of --file or of standard input; at most 10000.\n",
    .options = options,
    .run = run_similarity,
};
