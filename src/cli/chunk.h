/* A bounded number of inputs, copied out of a source, to be embedded by one call. */
#ifndef GTE_CLI_CHUNK_H
#define GTE_CLI_CHUNK_H

#include "input_source.h"

typedef struct cli_chunk {
    gte_text *texts; /* with the prompt in front */
    size_t count;
    size_t most;        /* texts at once */
    const char *prompt; /* the caller's */
    size_t prompt_size;
    char *bytes;
    size_t used, capacity;
} cli_chunk;

/* `batch_tokens` as given to the context (0: its default): a chunk holds enough for several
 * batches. CLI_OK or reported. */
int cli__chunk_create(cli_chunk *chunk, int batch_tokens);

/* By hand: begin with what goes before every text (NULL: nothing), add copies while there is room,
 * and seal before the texts are used. CLI_OK or reported. */
void cli__chunk_begin(cli_chunk *chunk, const char *prompt);
int cli__chunk_add(cli_chunk *chunk, gte_text text);
bool cli__chunk_has_room(const cli_chunk *chunk, size_t texts);
void cli__chunk_seal(cli_chunk *chunk);

/* From a source: replaces the contents by the next inputs, `prompt` before each (NULL: none).
 * 1: some; 0: the end; negative as in line_reader.h. */
int cli__chunk_fill(cli_chunk *chunk, cli_source *source, const char *prompt);

/* Text i without its prompt. */
gte_text cli__chunk_input(const cli_chunk *chunk, size_t i);

void cli__chunk_free(cli_chunk *chunk);

#endif
