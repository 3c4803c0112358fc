/* Vectors in the output formats of `gte embed`. */
#ifndef GTE_CLI_VECTOR_WRITER_H
#define GTE_CLI_VECTOR_WRITER_H

#include "sink.h"

#define CLI_FORMAT_VALUES "text|json|jsonl|npy|raw"
enum cli_format {
    CLI_FORMAT_TEXT = 1,  /* numbers with spaces between, a line per vector */
    CLI_FORMAT_JSON = 2,  /* one array of arrays */
    CLI_FORMAT_JSONL = 3, /* {"embedding":[...]} per line */
    CLI_FORMAT_NPY = 4,   /* NumPy, float32 [count, dims] */
    CLI_FORMAT_RAW = 5    /* float32, little-endian, nothing else */
};

typedef struct cli_vector_writer {
    cli_sink *sink;
    int format;
    size_t dims;
    uint64_t count;
    size_t columns; /* text: cut to a terminal so wide; 0: whole */
    bool color;
    int64_t header_at; /* npy: where the header is, to be written again at the end; -1: spooled */
    cli_sink *spool;
} cli_vector_writer;

/* What comes before the first vector. CLI_OK or reported. A .npy header holds the number of rows,
 * which is known at the end: a file's header is patched then; for a pipe the rows wait in an
 * unnamed file in TMPDIR. */
int cli__writer_begin(cli_vector_writer *writer, cli_sink *sink, int format, size_t dims,
                      bool color);

/* n vectors [n, dims]. */
void cli__writer_rows(cli_vector_writer *writer, const float *vectors, size_t n);

/* What comes after the last vector, when `code` is CLI_OK or CLI_INTERRUPTED: with it the output is
 * whole. After a failure nothing is added, so that a reader sees that the end is missing. Returns
 * `code`, or the failure of the end itself, reported; failures of the sink are left to
 * cli__sink_close. */
int cli__writer_end(cli_vector_writer *writer, int code);

#endif
