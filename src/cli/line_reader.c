/* Reading lines. Knows nothing of what is in them. */
#include "line_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interrupt.h"
#include "report.h"

#define FIRST_SIZE ((size_t)64 << 10)

static int cannot_read(const cli_lines *lines)
{
    return cli__fail("cannot read %s: %s", lines->path ? lines->path : "standard input",
                     strerror(errno));
}

int cli__lines_open(cli_lines *lines, const char *path)
{
    struct stat info;
    memset(lines, 0, sizeof *lines);
    lines->fd = STDIN_FILENO;
    if (path && strcmp(path, "-") != 0) {
        lines->path = path;
        lines->fd = cli__open_waiting(path, O_RDONLY);
        if (lines->fd < 0 && errno == EINTR) return CLI_INTERRUPTED;
        if (lines->fd < 0) return cannot_read(lines);
    }
    lines->terminal = isatty(lines->fd);
    if (fstat(lines->fd, &info) == 0 && S_ISREG(info.st_mode)) {
        off_t at = lseek(lines->fd, 0, SEEK_CUR);
        if (at >= 0 && info.st_size > at) lines->total = (uint64_t)(info.st_size - at);
    }
    lines->capacity = FIRST_SIZE;
    lines->buffer = malloc(lines->capacity);
    if (lines->buffer) return CLI_OK;
    cli__lines_close(lines);
    return cli__out_of_memory();
}

void cli__lines_close(cli_lines *lines)
{
    if (lines->path && lines->fd >= 0) close(lines->fd);
    free(lines->buffer);
    lines->buffer = NULL;
    lines->fd = -1;
}

/* Room for more bytes at buffer[to]. */
static int make_room(cli_lines *lines)
{
    size_t held = lines->to - lines->from;
    if (lines->from) memmove(lines->buffer, lines->buffer + lines->from, held);
    lines->from = 0;
    lines->to = held;
    if (held < lines->capacity) return CLI_OK;
    if (held >= CLI_MAX_LINE)
        return cli__fail("%s%sline %" PRIu64 ": longer than %zu MiB",
                         lines->path ? lines->path : "", lines->path ? ": " : "", lines->line + 1,
                         CLI_MAX_LINE >> 20);
    char *buffer = realloc(lines->buffer, lines->capacity * 2);
    if (!buffer) return cli__out_of_memory();
    lines->buffer = buffer;
    lines->capacity *= 2;
    return CLI_OK;
}

/* Reads once more; CLI_OK, CLI_FAILED (reported) or CLI_INTERRUPTED. */
static int read_more(cli_lines *lines)
{
    int code = make_room(lines);
    while (code == CLI_OK) {
        if (!cli__wait_readable(lines->fd)) return CLI_INTERRUPTED;
        ssize_t n = read(lines->fd, lines->buffer + lines->to, lines->capacity - lines->to);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return cannot_read(lines);
        lines->to += (size_t)n;
        lines->end = n == 0;
        break;
    }
    return code;
}

int cli__lines_next(cli_lines *lines, const char **text, size_t *size)
{
    size_t looked = 0; /* bytes of the pending line known to hold no newline */
    for (;;) {
        const char *start = lines->buffer + lines->from;
        size_t held = lines->to - lines->from;
        const char *newline = held > looked ? memchr(start + looked, '\n', held - looked) : NULL;
        if (newline || (lines->end && held)) {
            size_t taken = newline ? (size_t)(newline - start) + 1 : held;
            size_t length = newline ? taken - 1 : held;
            if (newline && length && start[length - 1] == '\r') length--;
            if (lines->line++ == 0 && length >= 3 && memcmp(start, "\xef\xbb\xbf", 3) == 0) {
                start += 3;
                length -= 3;
            }
            lines->from += taken;
            lines->consumed += taken;
            *text = start;
            *size = length;
            return 1;
        }
        if (lines->end) return 0;
        looked = held;
        int code = read_more(lines);
        if (code != CLI_OK) return -code;
    }
}
