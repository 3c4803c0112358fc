/* gte search: the lines of a corpus nearest to each query, the corpus read as a stream. */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json_text.h"
#include "report.h"
#include "session.h"
#include "terminal.h"
#include "top_lines.h"

/* Queries are held in memory, with --top lines each. */
#define MOST_QUERIES 10000
#define MOST_TOP 1000

typedef struct search_values {
    cli_model_values model;
    cli_engine_values engine;
    cli_text_values text;
    cli_vector_values vectors;
    const char *corpus, *file, *corpus_prompt;
    int jsonl, json, top, color;
} search_values;

static const cli_option options[] = {
    CLI_GROUP_ROW(cli__model_options, search_values, model),
    CLI_STRING_ROW("corpus", 'c', "FILE", search_values, corpus,
                   "The lines to search; - is standard input."),
    CLI_STRING_ROW("file", 'f', "FILE", search_values, file,
                   "Read queries from FILE, one per line."),
    CLI_INTEGER_ROW("top", 'k', "K", 1, MOST_TOP, search_values, top,
                    "How many lines per query [default: 5]."),
    CLI_FLAG_ROW(
        "jsonl", 0, search_values, jsonl,
        "Every line of the corpus is a JSON string,\n[\"text\", \"pair\"] read together, or "
        "{\"text\": \"...\"}."),
    CLI_FLAG_ROW("json", 0, search_values, json, "One JSON object per query."),
    CLI_GROUP_ROW(cli__vector_options, search_values, vectors),
    CLI_STRING_ROW("query-prompt", 0, "NAME|TEXT", search_values, vectors.prompt,
                   "Another name for --prompt."),
    CLI_STRING_ROW(
        "corpus-prompt", 0, "NAME|TEXT", search_values, corpus_prompt,
        "The same for the lines of the corpus [default:\nthe model's \"document\", \"passage\" or "
        "\"corpus\"\nprompt, if it has one]."),
    CLI_GROUP_ROW(cli__engine_options, search_values, engine),
    CLI_GROUP_ROW(cli__text_options, search_values, text),
    CLI_CHOICE_ROW("color", 0, CLI_COLOR_VALUES, search_values, color, "Colours [default: auto]."),
    CLI_LAST_ROW,
};

static const char details[] =
    "Queries are the arguments, or the lines of --file or of standard input. Memory does not\n"
    "grow with the corpus. Output: score, line number and line, best first; with several queries\n"
    "each is shown above its lines. With --json, one object per query:\n"
    "  {\"query\":\"...\",\"results\":[{\"line\":17,\"score\":0.83,\"text\":\"...\"},...]}\n";

typedef struct query_list {
    char **texts;
    size_t *sizes;
    float *vectors; /* [count, dims] */
    cli_top_lines *tops;
    size_t count;
} query_list;

static void free_queries(query_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->texts[i]);
        cli__top_free(&list->tops[i]);
    }
    free(list->texts);
    free(list->sizes);
    free(list->vectors);
    free(list->tops);
}

static void *resized(void *block, size_t count, size_t size)
{
    return size && count > SIZE_MAX / size ? NULL : realloc(block, count * size);
}

static int grow_queries(query_list *list, size_t more, size_t dims)
{
    size_t count = list->count + more;
    if (count > MOST_QUERIES) return cli__fail("more than %d queries", MOST_QUERIES);
    char **texts = resized(list->texts, count, sizeof *texts);
    if (texts) list->texts = texts;
    size_t *sizes = resized(list->sizes, count, sizeof *sizes);
    if (sizes) list->sizes = sizes;
    float *vectors = resized(list->vectors, count, dims * sizeof *vectors);
    if (vectors) list->vectors = vectors;
    cli_top_lines *tops = resized(list->tops, count, sizeof *tops);
    if (tops) list->tops = tops;
    return texts && sizes && vectors && tops ? CLI_OK : cli__out_of_memory();
}

static int add_queries(query_list *list, const cli_chunk *chunk, const float *vectors, size_t dims,
                       size_t top)
{
    if (grow_queries(list, chunk->count, dims) != CLI_OK) return CLI_FAILED;
    memcpy(list->vectors + list->count * dims, vectors, chunk->count * dims * sizeof *vectors);
    for (size_t i = 0; i < chunk->count; i++) {
        gte_text text = cli__chunk_input(chunk, i);
        char *copy = malloc(text.size + 1);
        if (!copy) return cli__out_of_memory();
        memcpy(copy, text.data, text.size);
        list->texts[list->count] = copy;
        list->sizes[list->count] = text.size;
        if (cli__top_create(&list->tops[list->count], top) != CLI_OK) {
            free(copy);
            return CLI_FAILED;
        }
        list->count++;
    }
    return CLI_OK;
}

/* What lies beyond the sixth decimal depends on which texts shared a batch. Without it equal lines
 * have equal scores. */
static float rounded(float score)
{
    return rintf(score * 1e6f) / 1e6f;
}

/* The vectors of one chunk at a time go to every query's heap. */
static int offer_chunk(query_list *list, const cli_chunk *chunk, const float *vectors, size_t dims,
                       uint64_t first_line, float *scores)
{
    gte_error err;
    for (size_t q = 0; q < list->count; q++) {
        if (gte_similarity(list->vectors + q * dims, 1, vectors, chunk->count, dims, scores,
                           &err) != GTE_OK)
            return cli__fail("%s", err.message);
        for (size_t i = 0; i < chunk->count; i++)
            if (cli__top_offer(&list->tops[q], rounded(scores[i]), first_line + i,
                               cli__chunk_input(chunk, i)) != CLI_OK)
                return CLI_FAILED;
    }
    return CLI_OK;
}

/* Embeds the queries, or the corpus, chunk by chunk. */
static int read_stream(cli_session *session, cli_source *source, const char *prompt,
                       const search_values *values, query_list *list, bool corpus)
{
    cli_chunk chunk;
    float *vectors = NULL, *scores = NULL;
    uint64_t lines = 0;
    int got = 0, code = cli__chunk_create(&chunk, values->engine.batch_tokens);
    if (code == CLI_OK && !(vectors = cli__session_vectors(session, &chunk))) code = CLI_FAILED;
    if (code == CLI_OK && !(scores = calloc(chunk.most, sizeof *scores)))
        code = cli__out_of_memory();
    session->texts_done = 0;
    while (code == CLI_OK) {
        if ((got = cli__session_next(session, &chunk, source, prompt, vectors)) <= 0) break;
        if (corpus)
            code = offer_chunk(list, &chunk, vectors, session->dims, lines + 1, scores);
        else
            code = add_queries(list, &chunk, vectors, session->dims, (size_t)values->top);
        lines += chunk.count;
    }
    if (got < 0) code = -got;
    free(scores);
    free(vectors);
    cli__chunk_free(&chunk);
    return code;
}

static void write_json(cli_sink *sink, const query_list *list, size_t q)
{
    cli__sink_string(sink, "{\"query\":");
    cli__json_string(sink, list->texts[q], list->sizes[q]);
    cli__sink_string(sink, ",\"results\":[");
    for (size_t i = 0; i < list->tops[q].count; i++) {
        const cli_hit *hit = &list->tops[q].hits[i];
        cli__sink_string(sink, i ? ",{\"line\":" : "{\"line\":");
        cli__sink_integer(sink, (int64_t)hit->line);
        cli__sink_string(sink, ",\"score\":");
        cli__sink_printf(sink, "%.6f", (double)hit->score);
        cli__sink_string(sink, ",\"text\":");
        cli__json_string(sink, hit->text, hit->size);
        if (hit->has_pair) {
            cli__sink_string(sink, ",\"pair\":");
            cli__json_string(sink, hit->text + hit->size, hit->pair_size);
        }
        cli__sink_string(sink, "}");
    }
    cli__sink_string(sink, "]}\n");
}

static void write_text(cli_sink *sink, const query_list *list, size_t q, bool color)
{
    size_t width = cli__terminal_columns(sink->fd);
    if (list->count > 1) {
        cli__sink_string(sink, q ? "\n" : "");
        cli__sink_string(sink, color ? "\033[1m" : "");
        cli__show_text(sink, list->texts[q], list->sizes[q], width ? width : SIZE_MAX);
        cli__sink_string(sink, color ? "\033[0m\n" : "\n");
    }
    for (size_t i = 0; i < list->tops[q].count; i++) {
        const cli_hit *hit = &list->tops[q].hits[i];
        cli__sink_printf(sink, "%s%7.4f%s %8" PRIu64 "  ", color ? "\033[32m" : "",
                         (double)hit->score, color ? "\033[0m" : "", hit->line);
        cli__show_text(sink, hit->text, hit->size, width > 38 ? width - 18 : SIZE_MAX);
        cli__sink_string(sink, "\n");
    }
}

static int print_results(query_list *list, const search_values *values)
{
    cli_sink *sink = malloc(sizeof *sink);
    if (!sink) return cli__out_of_memory();
    int code = cli__sink_open(sink, NULL);
    bool color = cli__use_color(values->color, sink->fd);
    for (size_t q = 0; q < list->count && code == CLI_OK; q++) {
        cli__top_sort(&list->tops[q]);
        if (values->json)
            write_json(sink, list, q);
        else
            write_text(sink, list, q, color);
    }
    code = cli__sink_close(sink, code);
    free(sink);
    return code;
}

static int search(cli_session *session, cli_source *queries, cli_source *corpus,
                  const search_values *values)
{
    static const char *const query_prompts[] = {"query", NULL};
    static const char *const corpus_prompts[] = {"document", "passage", "corpus", NULL};
    query_list list = {0};
    const char *prompt, *corpus_prompt;
    int code =
        cli__session_prompt(session, "prompt", values->vectors.prompt, query_prompts, &prompt);
    if (code == CLI_OK)
        code = cli__session_prompt(session, "corpus-prompt", values->corpus_prompt, corpus_prompts,
                                   &corpus_prompt);
    if (code != CLI_OK) return code;
    cli__source_invite(queries);
    code = read_stream(session, queries, prompt, values, &list, false);
    cli__progress_start(&session->bar, "lines", -1);
    if (code == CLI_OK) code = read_stream(session, corpus, corpus_prompt, values, &list, true);
    cli__progress_wipe();
    if (code == CLI_OK) code = print_results(&list, values);
    free_queries(&list);
    return code;
}

static int open_sources(cli_source *queries, cli_source *corpus, char **argv, int operands,
                        const search_values *values)
{
    bool replace = values->text.replace_invalid != 0;
    if (!values->corpus) return cli__misuse("--corpus FILE is missing");
    if (strcmp(values->corpus, "-") == 0 && cli__operands_are_stdin(argv, operands) &&
        (!values->file || strcmp(values->file, "-") == 0))
        return cli__misuse("the corpus is standard input; give queries as arguments or by --file");
    int code = cli__source_open(queries, "queries", argv, operands, values->file, false, replace);
    if (code != CLI_OK) return code;
    code = cli__source_open(corpus, "lines", NULL, 0, values->corpus, values->jsonl != 0, replace);
    if (code != CLI_OK) cli__source_close(queries);
    return code;
}

static int run_search(const cli_command *self, int argc, char **argv)
{
    search_values values = {.top = 5};
    cli_session session = {0};
    cli_source queries, corpus;
    int operands, code = cli__parse(self, argc, argv, &values, &operands);
    if (code != CLI_RUN) return code;
    code = open_sources(&queries, &corpus, argv, operands, &values);
    if (code != CLI_OK) return code;
    code = cli__session_open(&session, values.model.model);
    if (code == CLI_OK)
        code = cli__session_start(&session, &values.engine, &values.vectors, &values.text);
    if (code == CLI_OK) code = search(&session, &queries, &corpus, &values);
    cli__session_close(&session);
    cli__source_close(&corpus);
    cli__source_close(&queries);
    return code;
}

const cli_command cli__search_command = {
    .name = "search",
    .synopsis = "--corpus FILE [QUERY...]",
    .summary = "Find the lines of a file nearest in meaning to a query.",
    .details = details,
    .options = options,
    .run = run_search,
};
