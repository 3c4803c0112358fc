/* Where data goes: standard output, or a file that appears under its name only when it is whole. */
#ifndef GTE_CLI_SINK_H
#define GTE_CLI_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "base/number_text.h"

#define CLI_SINK_SIZE 65536u

/* The first failure stays in `error`; writes after it do nothing, so that callers look once. */
typedef struct cli_sink {
    int fd;
    int error;        /* errno of the first failure, or 0 */
    const char *path; /* as the user gave it; NULL: standard output */
    char *target;     /* the same with symbolic links followed; NULL: written in place */
    char *temp_path;  /* what is written until the end */
    size_t used;
    char buffer[CLI_SINK_SIZE];
} cli_sink;

/* `path` NULL or "-" is standard output. A regular file (or a new one) is written under a temporary
 * name in its directory; a device or pipe in place. CLI_OK; CLI_INTERRUPTED while waiting for the
 * reader of a pipe; or reports and returns CLI_FAILED. */
int cli__sink_open(cli_sink *sink, const char *path);

/* A file without a name that is gone when closed, to hold what cannot be kept in memory. */
int cli__sink_open_spool(cli_sink *sink);

void cli__sink_write(cli_sink *sink, const void *data, size_t size);
void cli__sink_string(cli_sink *sink, const char *text);
void cli__sink_integer(cli_sink *sink, int64_t value);
/* "%.9g"; what JSON cannot say (NaN, infinity) becomes null when `json`. */
void cli__sink_float(cli_sink *sink, float value, bool json);
void cli__sink_printf(cli_sink *sink, const char *format, ...) CLI_PRINTF(2, 3);

/* Hands what is buffered to the system. False after a failure. */
bool cli__sink_flush(cli_sink *sink);

/* The end: flushes, closes and gives the file its name. `code` is how the command went so far:
 * on CLI_OK the file takes its name; on CLI_INTERRUPTED what is written stays as PATH.part; after
 * any other the file is removed. Returns the command's exit code and reports write errors, except
 * a reader that went away, which is silent. */
int cli__sink_close(cli_sink *sink, int code);

#endif
