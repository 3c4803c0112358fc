/* Messages on standard error: "gte: embed: line 7: ...". */
#ifndef GTE_CLI_REPORT_H
#define GTE_CLI_REPORT_H

#include "cli.h"

/* The subcommand that messages name from now on; a constant string. */
void cli__report_as(const char *command);

/* Prints one message and returns CLI_FAILED. A progress bar on the line is wiped first. */
int cli__fail(const char *format, ...) CLI_PRINTF(1, 2);

/* The same for a misuse of the command line: adds where the help is, returns CLI_USAGE. */
int cli__misuse(const char *format, ...) CLI_PRINTF(1, 2);

/* A remark that is no failure. */
void cli__note(const char *format, ...) CLI_PRINTF(1, 2);

int cli__out_of_memory(void);

/* The entry of `names` nearest to `word` (at most two slips away), or NULL. `names(i)` returns NULL
 * past the end. */
const char *cli__nearest(const char *word, const char *(*names)(const void *from, size_t i),
                         const void *from);

#endif
