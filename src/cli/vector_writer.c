/* Writing vectors. Where the bytes go is sink.c's. */
#include "vector_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json_text.h"
#include "report.h"
#include "terminal.h"

#define NPY_HEADER_SIZE 128

/* Version 1.0: magic, version, length of the rest, a Python dict padded with spaces to 128. */
static void npy_header(char out[NPY_HEADER_SIZE], uint64_t count, size_t dims)
{
    int used;
    memset(out, ' ', NPY_HEADER_SIZE);
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[8] = NPY_HEADER_SIZE - 10;
    out[9] = 0;
    used = snprintf(out + 10, NPY_HEADER_SIZE - 10,
                    "{'descr': '<f4', 'fortran_order': False, 'shape': (%" PRIu64 ", %zu), }",
                    count, dims);
    out[10 + used] = ' ';
    out[NPY_HEADER_SIZE - 1] = '\n';
}

static int npy_begin(cli_vector_writer *writer)
{
    char header[NPY_HEADER_SIZE];
    int flags = fcntl(writer->sink->fd, F_GETFL);
    /* with O_APPEND pwrite appends, wherever it is told to write */
    bool appends = flags < 0 || (flags & O_APPEND);
    writer->header_at = appends ? -1 : (int64_t)lseek(writer->sink->fd, 0, SEEK_CUR);
    if (writer->header_at >= 0) {
        npy_header(header, 0, writer->dims);
        cli__sink_write(writer->sink, header, NPY_HEADER_SIZE);
        return CLI_OK;
    }
    writer->spool = malloc(sizeof *writer->spool);
    if (!writer->spool) return cli__out_of_memory();
    int code = cli__sink_open_spool(writer->spool);
    if (code == CLI_OK) return CLI_OK;
    free(writer->spool);
    writer->spool = NULL;
    return code;
}

int cli__writer_begin(cli_vector_writer *writer, cli_sink *sink, int format, size_t dims,
                      bool color)
{
    memset(writer, 0, sizeof *writer);
    writer->sink = sink;
    writer->format = format;
    writer->dims = dims;
    writer->color = color;
    writer->columns = cli__terminal_columns(sink->fd);
    if (format == CLI_FORMAT_NPY) return npy_begin(writer);
    if (format == CLI_FORMAT_JSON) cli__sink_string(sink, "[");
    return CLI_OK;
}

/* As many numbers as the terminal is wide, and how many there are. */
static void text_row_for_terminal(cli_vector_writer *writer, const float *v)
{
    size_t used = 0;
    for (size_t i = 0; i < writer->dims; i++) {
        if (used + 10 + 16 > writer->columns && i) {
            cli__sink_printf(writer->sink, " %s\xe2\x80\xa6 %zu in all%s",
                             writer->color ? "\033[2m" : "", writer->dims,
                             writer->color ? "\033[0m" : "");
            break;
        }
        cli__sink_printf(writer->sink, "%9.6f ", (double)v[i]);
        used += 10;
    }
    cli__sink_string(writer->sink, "\n");
}

static void text_row(cli_vector_writer *writer, const float *v)
{
    if (writer->columns) {
        text_row_for_terminal(writer, v);
        return;
    }
    for (size_t i = 0; i < writer->dims; i++) {
        if (i) cli__sink_write(writer->sink, " ", 1);
        cli__sink_float(writer->sink, v[i], false);
    }
    cli__sink_write(writer->sink, "\n", 1);
}

static void row(cli_vector_writer *writer, const float *v)
{
    cli_sink *sink = writer->sink;
    switch (writer->format) {
    case CLI_FORMAT_TEXT:
        text_row(writer, v);
        break;
    case CLI_FORMAT_JSON:
        cli__sink_string(sink, writer->count ? ",\n" : "\n");
        cli__json_floats(sink, v, writer->dims);
        break;
    case CLI_FORMAT_JSONL:
        cli__sink_string(sink, "{\"embedding\":");
        cli__json_floats(sink, v, writer->dims);
        cli__sink_string(sink, "}\n");
        break;
    default: /* npy and raw: the floats as they are; the project runs on little-endian machines */
        cli__sink_write(writer->spool ? writer->spool : sink, v, writer->dims * sizeof *v);
    }
    writer->count++;
}

void cli__writer_rows(cli_vector_writer *writer, const float *vectors, size_t n)
{
    for (size_t i = 0; i < n; i++) row(writer, vectors + i * writer->dims);
}

static int copy_spool(cli_vector_writer *writer)
{
    char *room = malloc(CLI_SINK_SIZE);
    int code = room ? CLI_OK : cli__out_of_memory();
    int fd = writer->spool->fd;
    if (code == CLI_OK && (!cli__sink_flush(writer->spool) || lseek(fd, 0, SEEK_SET) != 0))
        code = cli__fail("cannot write %s: %s", writer->spool->path,
                         strerror(writer->spool->error ? writer->spool->error : errno));
    while (code == CLI_OK && !writer->sink->error) {
        ssize_t n = read(fd, room, CLI_SINK_SIZE);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) code = cli__fail("cannot read %s: %s", writer->spool->path, strerror(errno));
        if (n <= 0) break;
        cli__sink_write(writer->sink, room, (size_t)n);
    }
    free(room);
    return code;
}

static int npy_end(cli_vector_writer *writer)
{
    char header[NPY_HEADER_SIZE];
    cli_sink *sink = writer->sink;
    npy_header(header, writer->count, writer->dims);
    if (writer->spool) {
        cli__sink_write(sink, header, NPY_HEADER_SIZE);
        return copy_spool(writer);
    }
    if (!cli__sink_flush(sink)) return CLI_OK;
    ssize_t n = pwrite(sink->fd, header, NPY_HEADER_SIZE, (off_t)writer->header_at);
    if (n != NPY_HEADER_SIZE) sink->error = n < 0 ? errno : EIO; /* a short one sets no errno */
    return CLI_OK;
}

int cli__writer_end(cli_vector_writer *writer, int code)
{
    bool whole = code == CLI_OK || code == CLI_INTERRUPTED;
    if (whole && writer->format == CLI_FORMAT_NPY) {
        int ended = npy_end(writer);
        if (ended != CLI_OK) code = ended;
    } else if (whole && writer->format == CLI_FORMAT_JSON) {
        cli__sink_string(writer->sink, writer->count ? "\n]\n" : "]\n");
    }
    if (writer->spool) {
        close(writer->spool->fd);
        free(writer->spool);
        writer->spool = NULL;
    }
    return code;
}
