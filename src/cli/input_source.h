/* Inputs, wherever they come from: operands, lines, or lines of JSON. */
#ifndef GTE_CLI_INPUT_SOURCE_H
#define GTE_CLI_INPUT_SOURCE_H

#include <jansson.h>

#include "cli.h"
#include "line_reader.h"

typedef struct cli_source {
    char *const *operands; /* NULL: lines */
    size_t count, next;
    cli_lines lines;
    const char *what;     /* "texts" or "queries", for messages */
    bool json;            /* every input is a JSON string, ["text", "pair"] or {"text": "..."} */
    bool replace_invalid; /* also before JSON is parsed */
    bool tasks;           /* objects may say "input_text", "context" and "question" as well */
    json_t *parsed;       /* the input handed out last, whose strings it holds */
} cli_source;

/* Whether the operands leave the inputs to standard input: there are none, or "-" alone. */
bool cli__operands_are_stdin(char *const *operands, int count);

/* Operands when there are any but a single "-", else lines of `path` (NULL or "-": standard
 * input). Reports. */
int cli__source_open(cli_source *source, const char *what, char *const *operands, int count,
                     const char *path, bool json, bool replace_invalid);

/* 1: the next input, valid until the next call; 0: the end; negative as in line_reader.h. */
int cli__source_next(cli_source *source, gte_text *out);

/* "line 7", "FILE: line 7" or "text 2": the input handed out `back` inputs ago. */
void cli__source_place(const cli_source *source, uint64_t back, char *out, size_t size);

/* Whether someone is typing: each input should be answered before the next is read. */
bool cli__source_interactive(const cli_source *source);

/* Tells a person at a terminal what the command waits for. */
void cli__source_invite(const cli_source *source);

void cli__source_close(cli_source *source);

#endif
