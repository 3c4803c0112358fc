/* The `gte` command, its common ground: exit codes, the shape of a subcommand, and messages.
 *
 * The command is a client of the library: it uses the public headers, convert/convert.h and
 * schema_json.h, and next to nothing else of the project. Data alone goes to standard output;
 * messages and progress to standard error. */
#ifndef GTE_CLI_CLI_H
#define GTE_CLI_CLI_H

#include "gte.h"

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_INTERRUPTED = 130, /* SIGINT, SIGTERM or SIGHUP; what was written is whole */
    CLI_PIPE_CLOSED = 141  /* the reader of standard output went away (128 + SIGPIPE) */
};

struct cli_option;

/* One row of the table in main.c. The help, the tests of the man pages and of the completions are
 * derived from it. */
typedef struct cli_command {
    const char *name;
    const char *synopsis;             /* operands, after "gte NAME [OPTION...] " */
    const char *summary;              /* one line */
    const char *details;              /* paragraphs under the options in the help; may be NULL */
    const char *after_dashes;         /* what may follow "--"; NULL: texts that begin with a dash */
    const struct cli_option *options; /* ends with a row whose name is NULL */
    int (*run)(const struct cli_command *self, int argc, char **argv);
} cli_command;

extern const cli_command cli__embed_command;
extern const cli_command cli__similarity_command;
extern const cli_command cli__search_command;
extern const cli_command cli__tokenize_command;
extern const cli_command cli__predict_command;
extern const cli_command cli__eval_command;
extern const cli_command cli__train_command;
extern const cli_command cli__bench_command;
extern const cli_command cli__profile_command;
extern const cli_command cli__cache_command;
extern const cli_command cli__serve_command;
extern const cli_command cli__info_command;
extern const cli_command cli__verify_command;
extern const cli_command cli__convert_command;
extern const cli_command cli__pull_command;
extern const cli_command cli__list_command;
extern const cli_command cli__rm_command;
extern const cli_command cli__version_command;
extern const cli_command cli__help_command;

/* The table of main.c, for `gte help`: NULL past the end. */
const cli_command *cli__command_at(size_t i);
const cli_command *cli__command_named(const char *name);
/* Reports a word that names no subcommand, with the nearest that does; returns CLI_USAGE. */
int cli__unknown_command(const char *word);

#if defined(__GNUC__)
#define CLI_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define CLI_PRINTF(f, a)
#endif

#endif
