/* Lines from a descriptor, of any length up to a limit, in memory that does not grow with their
 * number. */
#ifndef GTE_CLI_LINE_READER_H
#define GTE_CLI_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLI_MAX_LINE ((size_t)64 << 20)

typedef struct cli_lines {
    int fd;
    const char *path; /* NULL: standard input */
    bool terminal;
    bool end; /* the descriptor has no more */
    char *buffer;
    size_t capacity;
    size_t from, to;   /* what is read and not yet handed out */
    uint64_t line;     /* number of the line handed out last, from 1 */
    uint64_t consumed; /* bytes handed out */
    uint64_t total;    /* bytes in all, or 0 when unknown */
} cli_lines;

/* `path` NULL or "-" is standard input. CLI_OK; CLI_INTERRUPTED while waiting for the other
 * end of a pipe; or reports and returns CLI_FAILED. */
int cli__lines_open(cli_lines *lines, const char *path);

/* 1: the next line in *text, *size, without "\n" or "\r\n", valid until the next call; 0: the end;
 * otherwise reported (CLI_FAILED is -CLI_FAILED, an interrupt -CLI_INTERRUPTED). A last line needs
 * no newline. A byte order mark at the start of the input is skipped. */
int cli__lines_next(cli_lines *lines, const char **text, size_t *size);

void cli__lines_close(cli_lines *lines);

#endif
