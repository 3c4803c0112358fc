/* Examples through the encoder, in chunks, with a progress bar. */
#include "train_vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "train_read.h"

#define ENOUGH_TOKENS 8192u /* of a chunk of sentences */

/* The chunk that begins with text `from`. CLI_OK or reported. */
static int fill(cli_chunk *chunk, const train__examples *examples, size_t from, const char *prompt)
{
    cli__chunk_begin(chunk, prompt);
    for (; from < examples->count && cli__chunk_has_room(chunk, 1); from++) {
        const gte_text text = {train__example_text(examples, from), examples->items[from].size,
                               NULL, 0};
        if (cli__chunk_add(chunk, text) != CLI_OK) return CLI_FAILED;
    }
    cli__chunk_seal(chunk);
    return CLI_OK;
}

static int tell(const train__examples *examples, size_t i, const char *path, size_t prompt_size,
                const gte_error *err)
{
    char place[CLI_TRAIN_PLACE];
    cli__train_place(path, examples->items[i].line, place);
    return cli__session_report(prompt_size, place, err);
}

static int embed_all(cli_session *session, cli_chunk *chunk, const train__examples *examples,
                     const char *path, const char *prompt, float *out)
{
    gte_error err;
    int code = CLI_OK;
    session->texts_done = session->bytes_after = 0;
    session->bytes_total = examples->count;
    for (size_t from = 0; from < examples->count && code == CLI_OK; from += chunk->count) {
        code = fill(chunk, examples, from, prompt);
        if (code != CLI_OK) break;
        session->bytes_before = from; /* texts, not bytes: their number is known here */
        session->bytes_after = from + chunk->count;
        const int got = cli__session_embed(session, chunk, out + from * session->dims, &err);
        if (got == -CLI_INTERRUPTED) return CLI_INTERRUPTED;
        if (got < 0)
            code = tell(examples, from + (err.index < chunk->count ? err.index : 0), path,
                        chunk->prompt_size, &err);
    }
    return code;
}

float *cli__train_embed(cli_session *session, const train__examples *examples, const char *path,
                        const char *prompt, int *code)
{
    cli_chunk chunk;
    float *out = calloc(examples->count, session->dims * sizeof *out);
    if (!out) {
        *code = cli__out_of_memory();
        return NULL;
    }
    cli__progress_start(&session->bar, "texts", -1);
    *code = cli__chunk_create(&chunk, 0);
    if (*code == CLI_OK) *code = embed_all(session, &chunk, examples, path, prompt, out);
    cli__chunk_free(&chunk);
    cli__progress_wipe();
    if (*code == CLI_OK) return out;
    free(out);
    return NULL;
}

/* Tokens of some sentences, and the row of each, where it has one. */
typedef struct batch {
    gte_token *tokens;
    size_t *starts, *rows; /* [sentences + 1], [tokens] */
    float *states;         /* [tokens, hidden] */
    size_t most;           /* tokens */
    size_t sentences, used;
} batch;

#define NO_ROW SIZE_MAX

static int batch_create(batch *b, size_t longest, size_t hidden)
{
    memset(b, 0, sizeof *b);
    b->most = ENOUGH_TOKENS + longest;
    b->tokens = calloc(b->most, sizeof *b->tokens);
    b->starts = calloc(b->most + 1, sizeof *b->starts);
    b->rows = calloc(b->most, sizeof *b->rows);
    b->states = calloc(b->most, hidden * sizeof *b->states);
    return b->tokens && b->starts && b->rows && b->states ? CLI_OK : cli__out_of_memory();
}

static void batch_free(batch *b)
{
    free(b->tokens);
    free(b->starts);
    free(b->rows);
    free(b->states);
}

static bool grow_array(void **array, size_t count, size_t size)
{
    void *grown = count <= SIZE_MAX / size ? realloc(*array, count * size) : NULL;
    if (grown) *array = grown;
    return grown != NULL;
}

/* Room for `more` rows. */
static bool reserve_rows(train__words *out, size_t more, size_t hidden)
{
    if (out->capacity - out->rows >= more) return true;
    const size_t capacity = 2 * out->capacity + more + 1024;
    void *x = out->x, *labels = out->labels, *first = out->first, *last = out->last;
    const bool grown = capacity < UINT32_MAX && grow_array(&x, capacity, hidden * sizeof *out->x) &&
                       grow_array(&labels, capacity, sizeof *out->labels) &&
                       grow_array(&first, capacity, sizeof *out->first) &&
                       grow_array(&last, capacity, sizeof *out->last);
    out->x = x;
    out->labels = labels;
    out->first = first;
    out->last = last;
    if (grown) out->capacity = capacity;
    return grown;
}

/* Whether the token goes on with a word: WordPiece writes "##" before such pieces. */
static bool goes_on(const cli_session *session, const gte_token *token)
{
    size_t size;
    const char *piece = gte_token_text(session->model, token->id, &size);
    return piece && size > 2 && piece[0] == '#' && piece[1] == '#';
}

/* Another row, for `word`; a second one of the same word has the tag that goes on with it, or is
 * none where there is no such tag. */
static size_t add_row(const train__tags *tags, uint32_t label, uint32_t word, bool again,
                      train__words *out)
{
    if (again) label = train__tag_going_on(tags, label);
    if (label == TRAIN__NO_LABEL) return NO_ROW;
    out->labels[out->rows] = label;
    out->first[out->rows] = out->last[out->rows] = word;
    return out->rows++;
}

/* The rows of a sentence's tokens. */
static void number_rows(const cli_session *session, const train__examples *examples,
                        const train__tags *tags, size_t sentence, batch *b, size_t count,
                        train__words *out)
{
    const train__example *example = &examples->items[sentence];
    const train__mark *marks = examples->marks + example->first;
    const gte_token *tokens = b->tokens + b->used;
    uint32_t word = 0, taken = 0; /* words before `taken` have been taken in by a token */
    for (size_t t = 0; t < count; t++) {
        size_t *row = &b->rows[b->used + t];
        *row = NO_ROW;
        if (tokens[t].end <= tokens[t].start) continue; /* [CLS], [SEP] */
        while (word < example->count && marks[word].end <= tokens[t].start) word++;
        if (word == example->count) break;
        uint32_t end = word + 1;
        while (end < example->count && marks[end].start < tokens[t].end) end++;
        const bool begun = out->rows > out->units[sentence];
        if (!begun || !goes_on(session, &tokens[t]))
            *row = add_row(tags, marks[word].label, word, word < taken, out);
        if (end > taken) taken = end;
        if (out->rows > out->units[sentence]) out->last[out->rows - 1] = end - 1;
    }
}

/* Tokens of sentences from `from` on into the batch. CLI_OK or reported. */
static int tokenize(cli_session *session, const train__examples *examples, const train__tags *tags,
                    size_t from, const char *path, batch *b, train__words *out)
{
    gte_error err;
    const size_t longest = (size_t)session->info.max_tokens;
    const unsigned flags = (session->options.flags & GTE_SPECIAL_AS_TEXT) | GTE_OFFSETS_BYTES;
    b->sentences = b->used = 0;
    for (size_t i = from; i < examples->count && b->most - b->used >= longest; i++) {
        const gte_text text = {train__example_text(examples, i), examples->items[i].size, NULL, 0};
        size_t count;
        int truncated;
        if (gte_tokenize(session->model, text, flags, 0, b->tokens + b->used, b->most - b->used,
                         &count, &truncated, &err) != GTE_OK)
            return tell(examples, i, path, 0, &err);
        out->units[i] = (uint32_t)out->rows;
        out->cut += truncated != 0;
        if (!reserve_rows(out, count, (size_t)session->info.hidden_size))
            return cli__out_of_memory();
        number_rows(session, examples, tags, i, b, count, out);
        b->starts[b->sentences++] = b->used;
        b->used += count;
    }
    b->starts[b->sentences] = b->used;
    return CLI_OK;
}

static int embed_sentences(cli_session *session, const train__examples *examples,
                           const train__tags *tags, const char *path, batch *b, train__words *out)
{
    gte_error err;
    gte_embed_options options = session->options;
    const size_t hidden = (size_t)session->info.hidden_size;
    options.pooling = GTE_POOLING_NONE;
    session->bytes_total = examples->count;
    for (size_t from = 0; from < examples->count; from += b->sentences) {
        int code = tokenize(session, examples, tags, from, path, b, out);
        if (code != CLI_OK) return code;
        session->texts_done = session->bytes_before = from;
        session->bytes_after = from + b->sentences;
        session->chunk_texts = b->sentences;
        gte_status status = gte_embed_tokens(session->context, b->tokens, b->starts, b->sentences,
                                             &options, b->states, b->used * hidden, &err);
        if (status == GTE_E_CANCELLED) return CLI_INTERRUPTED;
        if (status != GTE_OK) return tell(examples, from + err.index, path, 0, &err);
        for (size_t t = 0; t < b->used; t++)
            if (b->rows[t] != NO_ROW)
                memcpy(out->x + b->rows[t] * hidden, b->states + t * hidden,
                       hidden * sizeof *out->x);
    }
    out->units[examples->count] = (uint32_t)out->rows;
    return CLI_OK;
}

int cli__train_embed_words(cli_session *session, const train__examples *examples,
                           const train__tags *tags, const char *path, train__words *out)
{
    batch b;
    memset(out, 0, sizeof *out);
    int code =
        batch_create(&b, (size_t)session->info.max_tokens, (size_t)session->info.hidden_size);
    out->units = calloc(examples->count + 1, sizeof *out->units);
    if (code == CLI_OK && !out->units) code = cli__out_of_memory();
    cli__progress_start(&session->bar, "sentences", -1);
    if (code == CLI_OK) code = embed_sentences(session, examples, tags, path, &b, out);
    cli__progress_wipe();
    batch_free(&b);
    return code;
}
