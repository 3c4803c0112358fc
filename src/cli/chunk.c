/* Collecting inputs. What is done with them is session.c's. */
#include "chunk.h"

#include <stdlib.h>
#include <string.h>

#include "report.h"

/* One chunk is at most so many texts, or the first text that brings it over so many bytes: memory
 * stays small next to any model, and calls are long next to their overhead. */
#define FEWEST_TEXTS 1024
#define MOST_TEXTS 16384
#define ENOUGH_BYTES ((size_t)1 << 20)

int cli__chunk_create(cli_chunk *chunk, int batch_tokens)
{
    memset(chunk, 0, sizeof *chunk);
    chunk->most = FEWEST_TEXTS;
    if (batch_tokens > FEWEST_TEXTS)
        chunk->most = batch_tokens < MOST_TEXTS ? (size_t)batch_tokens : MOST_TEXTS;
    chunk->texts = calloc(chunk->most, sizeof *chunk->texts);
    return chunk->texts ? CLI_OK : cli__out_of_memory();
}

void cli__chunk_free(cli_chunk *chunk)
{
    free(chunk->texts);
    free(chunk->bytes);
    memset(chunk, 0, sizeof *chunk);
}

static int reserve(cli_chunk *chunk, size_t more)
{
    size_t capacity = chunk->capacity ? chunk->capacity : ENOUGH_BYTES / 16;
    if (more > SIZE_MAX / 4 - chunk->used) return cli__out_of_memory();
    while (capacity < chunk->used + more) capacity *= 2;
    if (capacity == chunk->capacity) return CLI_OK;
    char *bytes = realloc(chunk->bytes, capacity);
    if (!bytes) return cli__out_of_memory();
    chunk->bytes = bytes;
    chunk->capacity = capacity;
    return CLI_OK;
}

static void append(cli_chunk *chunk, const char *data, size_t size)
{
    if (size) memcpy(chunk->bytes + chunk->used, data, size);
    chunk->used += size;
}

void cli__chunk_begin(cli_chunk *chunk, const char *prompt)
{
    chunk->prompt = prompt;
    chunk->prompt_size = prompt ? strlen(prompt) : 0;
    chunk->count = 0;
    chunk->used = 0;
}

bool cli__chunk_has_room(const cli_chunk *chunk, size_t texts)
{
    return chunk->most - chunk->count >= texts && chunk->used < ENOUGH_BYTES;
}

int cli__chunk_add(cli_chunk *chunk, gte_text text)
{
    /* one byte more: an empty text has an address too */
    if (reserve(chunk, chunk->prompt_size + text.size + text.pair_size + 1) != CLI_OK)
        return CLI_FAILED;
    append(chunk, chunk->prompt, chunk->prompt_size);
    append(chunk, text.data, text.size);
    append(chunk, text.pair, text.pair_size);
    text.size += chunk->prompt_size;
    chunk->texts[chunk->count++] = text;
    return CLI_OK;
}

/* The buffer moves while it grows: pointers are set when the chunk is complete. */
void cli__chunk_seal(cli_chunk *chunk)
{
    const char *at = chunk->bytes;
    for (size_t i = 0; i < chunk->count; i++) {
        gte_text *text = &chunk->texts[i];
        text->data = at;
        at += text->size;
        if (text->pair) text->pair = at;
        at += text->pair_size;
    }
}

int cli__chunk_fill(cli_chunk *chunk, cli_source *source, const char *prompt)
{
    gte_text text;
    cli__chunk_begin(chunk, prompt);
    while (cli__chunk_has_room(chunk, 1)) {
        int got = cli__source_next(source, &text);
        if (got < 0) return got;
        if (got == 0) break;
        if (cli__chunk_add(chunk, text) != CLI_OK) return -CLI_FAILED;
        if (cli__source_interactive(source)) break;
    }
    cli__chunk_seal(chunk);
    return chunk->count > 0;
}

gte_text cli__chunk_input(const cli_chunk *chunk, size_t i)
{
    gte_text text = chunk->texts[i];
    text.data += chunk->prompt_size;
    text.size -= chunk->prompt_size;
    return text;
}
