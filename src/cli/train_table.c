/* Examples from CSV and TSV: which columns hold what, and rows into examples. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "arguments.h"
#include "csv_reader.h"
#include "report.h"
#include "train_read.h"

typedef struct columns {
    size_t text, labels; /* from 0 */
    size_t width;        /* fields a row */
} columns;

/* What such columns are called where datasets are kept. */
static const char *const text_names[] = {"text",      "sentence", "content", "review", "question",
                                         "utterance", "query",    "title",   "input",  NULL};
static const char *const label_names[] = {"label",     "labels", "category", "intent", "class",
                                          "sentiment", "target", "tag",      NULL};

static bool field_is(const cli_csv *csv, size_t i, const char *name)
{
    return strlen(name) == csv->fields[i].size && strcasecmp(cli__csv_field(csv, i), name) == 0;
}

/* The first field that bears one of the names; csv->count when there is none. */
static size_t find_field(const cli_csv *csv, const char *const *names)
{
    for (; *names; names++)
        for (size_t i = 0; i < csv->count; i++)
            if (field_is(csv, i, *names)) return i;
    return csv->count;
}

/* "text, label", as many names as fit. */
static void list_fields(const cli_csv *csv, char *out, size_t capacity)
{
    size_t used = 0;
    *out = '\0';
    for (size_t i = 0; i < csv->count && used < capacity; i++) {
        int n =
            snprintf(out + used, capacity - used, "%s%s", i ? ", " : "", cli__csv_field(csv, i));
        if (n < 0 || (size_t)n >= capacity - used) break;
        used += (size_t)n;
    }
    if (used < capacity) out[used] = '\0'; /* no half of a name */
}

/* The column that an option names, in the header (NULL: there is none). CLI_OK or reported. */
static int named_column(const cli_csv *csv, const char *option, const char *name, bool header,
                        size_t *out)
{
    const char *const names[] = {name, NULL};
    char fields[200];
    int number;
    if (!name) return CLI_OK;
    if (header && find_field(csv, names) < csv->count) {
        *out = find_field(csv, names);
        return CLI_OK;
    }
    if (cli__parse_int(name, 1, CLI_CSV_FIELDS, &number) && (size_t)number <= csv->count) {
        *out = (size_t)number - 1;
        return CLI_OK;
    }
    if (!header)
        return cli__misuse("--%s %s: no such column; the file has no header", option, name);
    list_fields(csv, fields, sizeof fields);
    return cli__misuse("--%s %s: no such column; there are %s", option, name, fields);
}

/* An option names a field of the first record, so that is a header. */
static bool names_field(const cli_csv *csv, const char *name)
{
    const char *const names[] = {name, NULL};
    int number;
    return name && !cli__parse_int(name, 1, CLI_CSV_FIELDS, &number) &&
           find_field(csv, names) < csv->count;
}

/* From the first record. *header: it holds names. CLI_OK or reported. */
static int choose_columns(const cli_train_format *format, const cli_csv *csv, const char *place,
                          columns *out, bool *header)
{
    const size_t none = csv->count;
    size_t text = find_field(csv, text_names), labels = find_field(csv, label_names);
    *header = format->header == 1 ||
              (format->header == 0 &&
               (text < none || labels < none || names_field(csv, format->text_column) ||
                names_field(csv, format->labels_column)));
    if (!*header) text = labels = none;
    int code = named_column(csv, "text-column", format->text_column, *header, &text);
    if (code == CLI_OK)
        code = named_column(csv, "labels-column", format->labels_column, *header, &labels);
    if (code != CLI_OK) return code;
    if (none == 2) { /* one known, the other is what is left; neither: text, label */
        if (text == none) text = labels == none ? 0 : 1 - labels;
        if (labels == none) labels = 1 - text;
    }
    *out = (columns){text, labels, csv->count};
    if (text >= none || labels >= none || text == labels)
        return cli__fail("%s: %zu column%s: which hold text and label? --text-column, "
                         "--labels-column%s",
                         place, none, none == 1 ? "" : "s",
                         none == 1 && strchr(cli__csv_field(csv, 0), '\t')
                             ? "; with tabs between: --format tsv"
                             : "");
    return CLI_OK;
}

static int add_labels(const cli_train_format *format, const char *place, const char *labels,
                      size_t size, train__examples *out)
{
    const char *separator = format->labels_separator, *end = labels + size;
    if (!separator) return cli__train_add_label(place, labels, size, out);
    while (labels < end) {
        const char *found = memmem(labels, (size_t)(end - labels), separator, strlen(separator));
        const char *stop = found ? found : end;
        while (labels < stop && *labels == ' ') labels++;
        size_t length = (size_t)(stop - labels);
        while (length && labels[length - 1] == ' ') length--;
        int code = cli__train_add_label(place, labels, length, out);
        if (code != CLI_OK) return code;
        labels = found ? found + strlen(separator) : end;
    }
    return CLI_OK;
}

static int add_row(const cli_train_format *format, const cli_csv *csv, const columns *at,
                   const char *place, train__examples *out)
{
    if (csv->count != at->width)
        return cli__fail("%s: %zu field%s instead of %zu; text with a %s in it needs quotes", place,
                         csv->count, csv->count == 1 ? "" : "s", at->width,
                         csv->separator == '\t' ? "tab" : "comma");
    int code = cli__train_add(format, place, csv->line, cli__csv_field(csv, at->text),
                              csv->fields[at->text].size, out);
    if (code != CLI_OK) return code;
    return add_labels(format, place, cli__csv_field(csv, at->labels), csv->fields[at->labels].size,
                      out);
}

int cli__train_read_table(const cli_train_format *format, const char *path, char separator,
                          train__examples *out)
{
    cli_csv csv;
    columns at = {0};
    bool header = false, first = true;
    char place[CLI_TRAIN_PLACE];
    int got, code = cli__csv_open(&csv, path);
    if (code != CLI_OK) return code;
    csv.separator = separator;
    out->several = format->labels_separator != NULL;
    while (code == CLI_OK && (got = cli__csv_next(&csv)) != 0) {
        if (got < 0) {
            code = -got;
            break;
        }
        cli__train_place(csv.lines.path, csv.line, place);
        if (first) code = choose_columns(format, &csv, place, &at, &header);
        if (code == CLI_OK && !(first && header)) code = add_row(format, &csv, &at, place, out);
        first = false;
    }
    cli__csv_close(&csv);
    return code;
}
