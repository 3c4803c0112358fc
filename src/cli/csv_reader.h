/* Comma-separated values as RFC 4180 has them: quoted fields may hold commas, doubled quotes and
 * line breaks. Tabs may separate instead. */
#ifndef GTE_CLI_CSV_READER_H
#define GTE_CLI_CSV_READER_H

#include "line_reader.h"

#define CLI_CSV_FIELDS 16

typedef struct cli_csv_field {
    size_t offset, size; /* in text */
} cli_csv_field;

typedef struct cli_csv {
    cli_lines lines;
    char *text; /* the fields of the record read last, unquoted, each followed by NUL */
    size_t used, capacity;
    cli_csv_field fields[CLI_CSV_FIELDS];
    size_t count;
    uint64_t line;  /* where the record begins */
    char separator; /* a comma as opened; may be set to a tab */
} cli_csv;

int cli__csv_open(cli_csv *csv, const char *path);

/* 1: the next record; 0: the end; negative as in line_reader.h. Empty lines are skipped. */
int cli__csv_next(cli_csv *csv);

const char *cli__csv_field(const cli_csv *csv, size_t i);

void cli__csv_close(cli_csv *csv);

#endif
