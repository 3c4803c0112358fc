/* Reading CSV records. What the columns mean is the callers'. */
#include "csv_reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

int cli__csv_open(cli_csv *csv, const char *path)
{
    memset(csv, 0, sizeof *csv);
    csv->separator = ',';
    return cli__lines_open(&csv->lines, path);
}

void cli__csv_close(cli_csv *csv)
{
    cli__lines_close(&csv->lines);
    free(csv->text);
    csv->text = NULL;
}

const char *cli__csv_field(const cli_csv *csv, size_t i)
{
    return csv->text + csv->fields[i].offset;
}

static int wrong(const cli_csv *csv, const char *why)
{
    const char *path = csv->lines.path;
    return -cli__fail("%s%sline %" PRIu64 ": %s", path ? path : "", path ? ": " : "", csv->line,
                      why);
}

static int put(cli_csv *csv, char c)
{
    if (csv->used == csv->capacity) {
        if (csv->capacity > CLI_MAX_LINE) return wrong(csv, "a record too long; a missing quote?");
        size_t capacity = csv->capacity ? 2 * csv->capacity : 4096;
        char *text = realloc(csv->text, capacity);
        if (!text) return -cli__out_of_memory();
        csv->text = text;
        csv->capacity = capacity;
    }
    csv->text[csv->used++] = c;
    return 1;
}

/* Ends the open field. */
static int end_field(cli_csv *csv)
{
    cli_csv_field *field = &csv->fields[csv->count];
    field->size = csv->used - field->offset;
    if (put(csv, '\0') != 1) return -CLI_FAILED;
    if (++csv->count == CLI_CSV_FIELDS) return wrong(csv, "more than 15 fields");
    csv->fields[csv->count].offset = csv->used;
    return 1;
}

/* The bytes of one line into fields; *quoted says whether a quoted field is open at its end. */
static int take_line(cli_csv *csv, const char *text, size_t size, int *quoted)
{
    int got = 1;
    for (size_t i = 0; i < size && got == 1; i++) {
        size_t in_field = csv->used - csv->fields[csv->count].offset;
        if (*quoted && text[i] == '"' && i + 1 < size && text[i + 1] == '"')
            got = put(csv, text[++i]);
        else if (*quoted && text[i] == '"') {
            *quoted = 0;
            if (i + 1 < size && text[i + 1] != csv->separator)
                return wrong(csv, "text after a closing quote");
        } else if (!*quoted && text[i] == '"' && in_field == 0)
            *quoted = 1;
        else if (!*quoted && text[i] == csv->separator)
            got = end_field(csv);
        else
            got = put(csv, text[i]);
    }
    return got;
}

int cli__csv_next(cli_csv *csv)
{
    const char *text;
    size_t size;
    int quoted = 0, got;
    do {
        got = cli__lines_next(&csv->lines, &text, &size);
    } while (got == 1 && size == 0);
    if (got != 1) return got;
    csv->used = csv->count = 0;
    csv->fields[0].offset = 0;
    csv->line = csv->lines.line;
    while ((got = take_line(csv, text, size, &quoted)) == 1 && quoted) {
        if (put(csv, '\n') != 1) return -CLI_FAILED;
        got = cli__lines_next(&csv->lines, &text, &size);
        if (got == 0) return wrong(csv, "a quote that is never closed");
        if (got < 0) return got;
    }
    return got == 1 ? end_field(csv) : got;
}
