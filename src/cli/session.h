/* A model and a context as the options ask for them, and embedding with errors that name the line.
 * Shared by every subcommand that needs a model. */
#ifndef GTE_CLI_SESSION_H
#define GTE_CLI_SESSION_H

#include <stdbool.h>

#include "arguments.h"
#include "chunk.h"
#include "model_path.h"
#include "progress_bar.h"

/* Values of the options that several subcommands have, and their rows. */
typedef struct cli_model_values {
    const char *model;
} cli_model_values;
extern const cli_option cli__model_options[];

typedef struct cli_input_values {
    const char *file;
    int jsonl;
} cli_input_values;
extern const cli_option cli__input_options[];

typedef struct cli_engine_values {
    int threads, batch_tokens, backend;
} cli_engine_values;
extern const cli_option cli__engine_options[];

typedef struct cli_text_values {
    int special_as_text, replace_invalid;
} cli_text_values;
extern const cli_option cli__text_options[];

typedef struct cli_vector_values {
    int dims, pooling, no_truncate;
    const char *prompt;
} cli_vector_values;
extern const cli_option cli__vector_options[];

typedef struct cli_session {
    gte_model *model;
    gte_context *context;
    struct cli_cached *cached; /* NULL: none */
    char path[CLI_PATH_SIZE];  /* of the model, as found */
    gte_model_info info;
    gte_embed_options options;
    size_t dims;

    cli_progress bar;                                            /* zero: none */
    uint64_t texts_done, bytes_before, bytes_after, bytes_total; /* around the running chunk */
    size_t chunk_texts;
} cli_session;

unsigned cli__text_flags(const cli_text_values *values);

/* The library takes no notice of a GTE_CPU that is no instruction set. CLI_OK or reported. */
int cli__check_cpu(void);

/* Opens the model that `path` names, or the environment, or the place where a default is installed.
 * Fills session->model and info; the rest is zero. CLI_OK or reported. */
int cli__session_open(cli_session *session, const char *path);

/* For subcommands about a model file: parses the options, takes one operand or `model` or the
 * default and opens it. CLI_RUN, or the exit code, reported. */
int cli__session_open_operand(cli_session *session, const cli_command *self, int argc, char **argv,
                              void *values, cli_model_values *model);

/* Adds the context and the options of embedding. CLI_OK or reported. */
int cli__session_start(cli_session *session, const cli_engine_values *engine,
                       const cli_vector_values *vectors, const cli_text_values *text);

/* What goes before every text. `argument` is the value of --OPTION: the name of one of the model's
 * prompts, or else the text itself, unless it looks like a name. When it is NULL: the first of the
 * model's prompts named in `usual` (ends with NULL; may be NULL), else the model's default prompt,
 * else NULL. CLI_OK or reported. */
int cli__session_prompt(const cli_session *session, const char *option, const char *argument,
                        const char *const *usual, const char **out);

/* Room for the vectors of one chunk. NULL: reported. */
float *cli__session_vectors(const cli_session *session, const cli_chunk *chunk);

/* Embeds a sealed chunk into `out`. 1: done; else negative: the exit code, not reported, with *err
 * filled unless it is -CLI_INTERRUPTED. */
int cli__session_embed(cli_session *session, const cli_chunk *chunk, float *out, gte_error *err);

/* Reports what the library said about the input at `place`, whose text begins with a prompt of
 * that size; returns CLI_FAILED. */
int cli__session_report(size_t prompt_size, const char *place, const gte_error *err);

/* Reads the next chunk and embeds it into `out`. 1: done; 0: the source has ended; negative: the
 * exit code, reported. */
int cli__session_next(cli_session *session, cli_chunk *chunk, cli_source *source,
                      const char *prompt, float *out);

void cli__session_close(cli_session *session);

#endif
