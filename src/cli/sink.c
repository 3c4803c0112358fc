/* Buffered output with one sticky error. Formats (JSON, NumPy) are built on it elsewhere. */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interrupt.h"
#include "report.h"

static const char *shown_name(const cli_sink *sink)
{
    return sink->path ? sink->path : "standard output";
}

static int cannot_write(const cli_sink *sink, int error)
{
    if (error == EPIPE) return CLI_PIPE_CLOSED;
    return cli__fail("cannot write %s: %s", shown_name(sink), strerror(error));
}

static int open_in_place(cli_sink *sink)
{
    sink->fd = cli__open_waiting(sink->path, O_WRONLY);
    if (sink->fd < 0 && errno == EINTR) return CLI_INTERRUPTED;
    return sink->fd < 0 ? cannot_write(sink, errno) : CLI_OK;
}

/* A link stays a link: the file it leads to is replaced. */
static int open_temporary(cli_sink *sink)
{
    static const char suffix[] = ".XXXXXX";
    sink->target = realpath(sink->path, NULL);
    if (!sink->target) sink->target = strdup(sink->path);
    size_t size = sink->target ? strlen(sink->target) : 0;
    sink->temp_path = malloc(size + sizeof suffix);
    if (!sink->target || !sink->temp_path) return cli__out_of_memory();
    memcpy(sink->temp_path, sink->target, size);
    memcpy(sink->temp_path + size, suffix, sizeof suffix);
    sink->fd = mkstemp(sink->temp_path);
    if (sink->fd < 0) return cannot_write(sink, errno);
    /* mkstemp is private by design; the output has the permissions any new file would */
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(sink->fd, 0666 & ~mask) != 0) sink->error = errno;
    return CLI_OK;
}

static void forget_paths(cli_sink *sink)
{
    free(sink->target);
    free(sink->temp_path);
    sink->target = sink->temp_path = NULL;
}

int cli__sink_open(cli_sink *sink, const char *path)
{
    struct stat info;
    sink->fd = STDOUT_FILENO;
    sink->error = 0;
    sink->used = 0;
    sink->path = path && strcmp(path, "-") != 0 ? path : NULL;
    sink->target = sink->temp_path = NULL;
    if (!sink->path) return CLI_OK;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) return open_in_place(sink);
    int code = open_temporary(sink);
    if (code != CLI_OK) forget_paths(sink);
    return code;
}

int cli__sink_open_spool(cli_sink *sink)
{
    const char *directory = getenv("TMPDIR");
    char path[4096];
    if (!directory || !*directory) directory = "/tmp";
    sink->error = 0;
    sink->used = 0;
    sink->path = "a temporary file (TMPDIR)";
    sink->target = sink->temp_path = NULL;
    if ((size_t)snprintf(path, sizeof path, "%s/gte.XXXXXX", directory) >= sizeof path)
        return cannot_write(sink, ENAMETOOLONG);
    sink->fd = mkstemp(path);
    if (sink->fd < 0) return cannot_write(sink, errno);
    unlink(path);
    return CLI_OK;
}

static void write_all(cli_sink *sink, const char *data, size_t size)
{
    while (size && !sink->error) {
        ssize_t n = write(sink->fd, data, size);
        if (n >= 0) {
            data += n;
            size -= (size_t)n;
        } else if (errno != EINTR) {
            sink->error = errno;
        }
    }
}

bool cli__sink_flush(cli_sink *sink)
{
    write_all(sink, sink->buffer, sink->used);
    sink->used = 0;
    return sink->error == 0;
}

void cli__sink_write(cli_sink *sink, const void *data, size_t size)
{
    if (size > CLI_SINK_SIZE - sink->used) cli__sink_flush(sink);
    if (size >= CLI_SINK_SIZE) {
        write_all(sink, data, size);
        return;
    }
    if (size) memcpy(sink->buffer + sink->used, data, size);
    sink->used += size;
}

void cli__sink_string(cli_sink *sink, const char *text)
{
    cli__sink_write(sink, text, strlen(text));
}

void cli__sink_integer(cli_sink *sink, int64_t value)
{
    if (CLI_SINK_SIZE - sink->used < GTE__NUMBER_SIZE) cli__sink_flush(sink);
    sink->used += gte__integer_text(value, sink->buffer + sink->used);
}

void cli__sink_float(cli_sink *sink, float value, bool json)
{
    if (json && !isfinite(value)) {
        cli__sink_string(sink, "null");
        return;
    }
    if (CLI_SINK_SIZE - sink->used < GTE__NUMBER_SIZE) cli__sink_flush(sink);
    sink->used += gte__float_text(value, sink->buffer + sink->used);
}

void cli__sink_printf(cli_sink *sink, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (size < 0) return;
    cli__sink_write(sink, text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}

/* Gives the whole file its name, or a partial one the name PATH.part. */
static int settle(cli_sink *sink, int code)
{
    char *part = NULL;
    const char *name = sink->target;
    int result = code;
    if (code != CLI_OK && code != CLI_INTERRUPTED) {
        unlink(sink->temp_path);
        return code;
    }
    if (code == CLI_INTERRUPTED) {
        size_t size = strlen(sink->target) + sizeof ".part";
        part = malloc(size);
        if (part) snprintf(part, size, "%s.part", sink->target);
        name = part;
    }
    if (!name || rename(sink->temp_path, name) != 0) {
        result = cannot_write(sink, name ? errno : ENOMEM);
        unlink(sink->temp_path);
    } else if (part) {
        cli__note("interrupted; what was written is in %s.part", sink->path);
    }
    free(part);
    return result;
}

int cli__sink_close(cli_sink *sink, int code)
{
    if (sink->fd < 0) return code;
    cli__sink_flush(sink);
    /* the name must not appear before the data is safe */
    if (sink->temp_path && !sink->error && fsync(sink->fd) != 0) sink->error = errno;
    if (close(sink->fd) != 0 && !sink->error && errno != EINTR) sink->error = errno;
    sink->fd = -1;
    if (sink->error && (code == CLI_OK || code == CLI_INTERRUPTED))
        code = cannot_write(sink, sink->error);
    if (sink->temp_path) code = settle(sink, code);
    forget_paths(sink);
    return code;
}
