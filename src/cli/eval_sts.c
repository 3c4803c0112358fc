/* gte eval sts: how well cosines agree with people's scores of sentence pairs. FILE.csv holds
 * sentence, sentence, score per record; a first record whose third field is no number is a header.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "correlation.h"
#include "csv_reader.h"
#include "eval.h"
#include "interrupt.h"
#include "json_text.h"
#include "report.h"

/* The pairs embedded so far. */
typedef struct pair_scores {
    double *gold, *cosine;
    size_t count, capacity;
} pair_scores;

static int reserve(pair_scores *scores)
{
    if (scores->count < scores->capacity) return CLI_OK;
    size_t capacity = scores->capacity ? 2 * scores->capacity : 1024;
    double *gold = realloc(scores->gold, capacity * sizeof *gold);
    if (gold) scores->gold = gold;
    double *cosine = realloc(scores->cosine, capacity * sizeof *cosine);
    if (cosine) scores->cosine = cosine;
    if (!gold || !cosine) return cli__out_of_memory();
    scores->capacity = capacity;
    return CLI_OK;
}

/* Whether the third field is a number, be it infinite or NaN. */
static bool read_score(const cli_csv *csv, double *out)
{
    char *end;
    const char *text = cli__csv_field(csv, 2);
    *out = strtod(text, &end);
    if (end == text) return false;
    while (*end == ' ' || *end == '\t') end++;
    return end == text + csv->fields[2].size; /* a field may hold NUL */
}

/* 1: a record of three fields; 0: the end; negative: the exit code, reported. */
static int next_record(cli_csv *csv)
{
    int got = cli__csv_next(csv);
    if (got != 1) return got;
    if (csv->count != 3)
        return -cli__fail("line %" PRIu64 ": %zu field%s instead of 3: sentence, sentence, score%s",
                          csv->line, csv->count, csv->count == 1 ? "" : "s",
                          csv->count == 1 && strchr(cli__csv_field(csv, 0), '\t')
                              ? "; comma-separated expected, found tabs"
                              : "");
    return 1;
}

/* 1: a record of two sentences and a score; 0: the end; negative: the exit code, reported. The
 * first record may be a heading. */
static int next_pair(cli_csv *csv, uint64_t seen, double *score)
{
    int got = next_record(csv);
    if (got == 1 && seen == 0 && !read_score(csv, score)) got = next_record(csv);
    if (got != 1) return got;
    bool number = read_score(csv, score);
    if (number && isfinite(*score)) return 1;
    return -cli__fail("line %" PRIu64 ": the third field, '%.40s', is not a %snumber", csv->line,
                      cli__csv_field(csv, 2), number ? "finite " : "");
}

/* Records into the chunk until it is full. CLI_OK or reported; nothing in the chunk: the end. */
static int fill(cli_csv *csv, cli_chunk *chunk, pair_scores *scores, uint64_t *lines,
                const char *prompt)
{
    cli__chunk_begin(chunk, prompt);
    while (cli__chunk_has_room(chunk, 2)) {
        double score;
        int got = next_pair(csv, scores->count, &score);
        if (got < 0) return -got;
        if (got == 0) break;
        lines[chunk->count / 2] = csv->line;
        for (size_t i = 0; i < 2; i++) {
            gte_text text = {cli__csv_field(csv, i), csv->fields[i].size, NULL, 0};
            if (cli__chunk_add(chunk, text) != CLI_OK) return CLI_FAILED;
        }
        if (reserve(scores) != CLI_OK) return CLI_FAILED;
        scores->gold[scores->count++] = score;
    }
    cli__chunk_seal(chunk);
    return CLI_OK;
}

/* The cosines of the chunk's pairs, the last ones in `scores`. */
static int embed_pairs(cli_session *session, const cli_chunk *chunk, const uint64_t *lines,
                       float *vectors, pair_scores *scores)
{
    char place[64];
    gte_error err;
    int got = cli__session_embed(session, chunk, vectors, &err);
    if (got == -CLI_INTERRUPTED) return CLI_INTERRUPTED;
    if (got < 0) {
        size_t index = err.index < chunk->count ? err.index : 0;
        snprintf(place, sizeof place, "line %" PRIu64, lines[index / 2]);
        return cli__session_report(chunk->prompt_size, place, &err);
    }
    for (size_t i = 0; i + 1 < chunk->count; i += 2) {
        const float *first = vectors + i * session->dims;
        float cosine;
        if (gte_similarity(first, 1, first + session->dims, 1, session->dims, &cosine, &err) !=
            GTE_OK)
            return cli__fail("%s", err.message);
        scores->cosine[scores->count - chunk->count / 2 + i / 2] = (double)cosine;
    }
    return CLI_OK;
}

static int evaluate(cli_session *session, cli_csv *csv, const cli_eval_values *values,
                    pair_scores *scores)
{
    cli_chunk chunk;
    float *vectors = NULL;
    uint64_t *lines = NULL;
    const char *prompt;
    int code = cli__session_prompt(session, "prompt", values->vectors.prompt, NULL, &prompt);
    if (code != CLI_OK) return code;
    code = cli__chunk_create(&chunk, values->engine.batch_tokens);
    if (code == CLI_OK && !(vectors = cli__session_vectors(session, &chunk))) code = CLI_FAILED;
    if (code == CLI_OK && !(lines = calloc(chunk.most, sizeof *lines))) code = cli__out_of_memory();
    cli__progress_start(&session->bar, "texts", -1);
    session->bytes_total = csv->lines.total;
    while (code == CLI_OK) {
        session->bytes_before = csv->lines.consumed;
        code = fill(csv, &chunk, scores, lines, prompt);
        if (code != CLI_OK || chunk.count == 0) break;
        session->bytes_after = csv->lines.consumed;
        code = embed_pairs(session, &chunk, lines, vectors, scores);
    }
    free(lines);
    free(vectors);
    cli__chunk_free(&chunk);
    cli__progress_wipe();
    if (code == CLI_OK && scores->count < 2) code = cli__fail("needs at least two pairs");
    return code;
}

/* What does not vary has no correlation: NaN, null in JSON. */
static void write_figure(cli_sink *sink, const char *name, double value, int json)
{
    if (!json)
        cli__sink_printf(sink, "%-9s %.4f\n", name, value);
    else if (isfinite(value))
        cli__sink_printf(sink, ",\"%s\":%.9g", name, value);
    else
        cli__sink_printf(sink, ",\"%s\":null", name);
}

static int print_figures(const cli_session *session, const pair_scores *scores, int json)
{
    double spearman;
    double pearson = cli__pearson(scores->gold, scores->cosine, scores->count);
    cli_sink *sink = malloc(sizeof *sink);
    if (!sink || !cli__spearman(scores->gold, scores->cosine, scores->count, &spearman)) {
        free(sink);
        return cli__out_of_memory();
    }
    int code = cli__sink_open(sink, NULL);
    if (json) {
        cli__sink_string(sink, "{\"model\":");
        cli__json_c_string(sink, session->path);
        cli__sink_printf(sink, ",\"pairs\":%zu", scores->count);
    } else {
        cli__sink_printf(sink, "%-9s %zu\n", "pairs", scores->count);
    }
    write_figure(sink, "pearson", pearson, json);
    write_figure(sink, "spearman", spearman, json);
    if (json) cli__sink_string(sink, "}\n");
    code = cli__sink_close(sink, code);
    free(sink);
    return code;
}

int cli__eval_sts(cli_session *session, const cli_eval_values *values, const char *path)
{
    pair_scores scores = {0};
    cli_csv csv;
    int code = cli__csv_open(&csv, path);
    if (code != CLI_OK) return code;
    code = cli__session_start(session, &values->engine, &values->vectors, &values->text);
    if (code == CLI_OK) code = evaluate(session, &csv, values, &scores);
    if (code == CLI_OK) code = print_figures(session, &scores, values->json);
    cli__csv_close(&csv);
    free(scores.gold);
    free(scores.cosine);
    return code;
}
