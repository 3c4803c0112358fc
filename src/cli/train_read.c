/* Examples from JSONL and CoNLL, and what all kinds of files share. Tables are train_table.c's. */
#include "train_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_line.h"
#include "line_reader.h"
#include "report.h"
#include "utf8_text.h"

void cli__train_place(const char *path, uint64_t line, char place[CLI_TRAIN_PLACE])
{
    snprintf(place, CLI_TRAIN_PLACE, "%.400s%sline %" PRIu64, path ? path : "", path ? ": " : "",
             line);
}

static int refuse(const char *place, const gte_error *err)
{
    return err->status == GTE_E_MEMORY ? cli__out_of_memory()
                                       : cli__fail("%s: %s", place, err->message);
}

static bool is_blank(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!strchr(" \t\r\n", text[i]) || !text[i]) return false;
    return true;
}

int cli__train_add(const cli_train_format *format, const char *place, uint64_t line,
                   const char *text, size_t size, train__examples *out)
{
    gte_error err;
    char *copy = NULL;
    if (is_blank(text, size)) return cli__fail("%s: an empty text", place);
    if (format->replace_invalid && !cli__utf8_valid(text, size)) {
        copy = size <= SIZE_MAX / 3 ? malloc(3 * size) : NULL;
        if (!copy) return cli__out_of_memory();
        size = cli__utf8_replace(text, size, copy);
    }
    gte_status status = train__example_begin(out, copy ? copy : text, size, line, &err);
    free(copy);
    return status == GTE_OK ? CLI_OK : refuse(place, &err);
}

int cli__train_add_label(const char *place, const char *label, size_t size, train__examples *out)
{
    gte_error err;
    if (train__example_label(out, label, size, &err) == GTE_OK) return CLI_OK;
    return refuse(place, &err);
}

/* A label is a string, or a whole number as numbered classes are. */
static int add_json_label(const char *place, const json_t *label, train__examples *out)
{
    char number[32];
    if (json_is_string(label))
        return cli__train_add_label(place, json_string_value(label), json_string_length(label),
                                    out);
    if (!json_is_integer(label))
        return cli__fail("%s: a label must be a string or a whole number", place);
    snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(label));
    return cli__train_add_label(place, number, strlen(number), out);
}

static int add_json(const cli_train_format *format, const char *place, uint64_t line,
                    const json_t *object, train__examples *out)
{
    const char *text_key = format->text_column ? format->text_column : "text";
    const json_t *text = json_object_get(object, text_key), *label, *labels;
    label = json_object_get(object, format->labels_column ? format->labels_column : "label");
    labels = json_object_get(object, format->labels_column ? format->labels_column : "labels");
    if (!json_is_string(text) || (!label && !labels))
        return cli__fail("%s: expected {\"%.40s\": \"...\", \"label\": \"...\"} or \"labels\": "
                         "[\"...\"]",
                         place, text_key);
    int code =
        cli__train_add(format, place, line, json_string_value(text), json_string_length(text), out);
    if (code != CLI_OK) return code;
    if (!json_is_array(labels)) return add_json_label(place, label ? label : labels, out);
    out->several = true;
    for (size_t i = 0; i < json_array_size(labels) && code == CLI_OK; i++)
        code = add_json_label(place, json_array_get(labels, i), out);
    return code;
}

static int add_json_line(const cli_train_format *format, const char *place, uint64_t line,
                         const char *text, size_t size, train__examples *out)
{
    if (is_blank(text, size)) return CLI_OK;
    json_t *object = cli__json_line(place, text, size, format->replace_invalid);
    if (!object) return CLI_FAILED;
    int code = add_json(format, place, line, object, out);
    json_decref(object);
    return code;
}

/* "word TAB tag", or with spaces; of more columns the first and the last count, as in CoNLL-2003's
 * files. Tags are ASCII at their ends, so bytes may be looked at. */
static int add_word_line(const cli_train_format *format, const char *place, uint64_t line,
                         const char *text, size_t size, bool *within, train__examples *out)
{
    gte_error err;
    if (format->replace_invalid && !cli__utf8_valid(text, size)) {
        char *copy = size <= SIZE_MAX / 3 ? malloc(3 * size) : NULL;
        if (!copy) return cli__out_of_memory();
        size = cli__utf8_replace(text, size, copy);
        const int code = add_word_line(format, place, line, copy, size, within, out);
        free(copy);
        return code;
    }
    if (is_blank(text, size)) {
        *within = false;
        return CLI_OK;
    }
    const char *spaces = memchr(text, '\t', size) ? "\t" : " ";
    while (size && strchr(" \t\r", text[size - 1])) size--;
    size_t word = 0, tag = size;
    while (word < size && (word == 0 || text[word] != *spaces)) word++;
    while (tag > 0 && text[tag - 1] != *spaces) tag--;
    if (word >= size || tag <= word)
        return cli__fail("%s: expected a word, a tab or space, a tag", place);
    if (word == 10 && memcmp(text, "-DOCSTART-", 10) == 0) return CLI_OK;
    if (!*within && train__example_begin(out, "", 0, line, &err) != GTE_OK)
        return refuse(place, &err);
    *within = true;
    if (train__example_word(out, text, word, text + tag, size - tag, &err) == GTE_OK) return CLI_OK;
    return refuse(place, &err);
}

static int read_lines(const cli_train_format *format, const char *path, bool json,
                      train__examples *out)
{
    cli_lines lines;
    const char *text;
    size_t size;
    bool within = false;
    char place[CLI_TRAIN_PLACE];
    int got, code = cli__lines_open(&lines, path);
    if (code != CLI_OK) return code;
    while (code == CLI_OK && (got = cli__lines_next(&lines, &text, &size)) != 0) {
        if (got < 0) {
            code = -got;
            break;
        }
        cli__train_place(lines.path, lines.line, place);
        code = json ? add_json_line(format, place, lines.line, text, size, out)
                    : add_word_line(format, place, lines.line, text, size, &within, out);
    }
    cli__lines_close(&lines);
    return code;
}

static bool ends_in(const char *path, const char *end)
{
    const size_t size = strlen(path), tail = strlen(end);
    return size > tail && strcmp(path + size - tail, end) == 0;
}

static cli_train_kind kind_of(const char *path)
{
    if (ends_in(path, ".csv")) return CLI_TRAIN_CSV;
    if (ends_in(path, ".tsv")) return CLI_TRAIN_TSV;
    if (ends_in(path, ".jsonl") || ends_in(path, ".json")) return CLI_TRAIN_JSONL;
    if (ends_in(path, ".conll") || ends_in(path, ".bio") || ends_in(path, ".bmes"))
        return CLI_TRAIN_CONLL;
    return CLI_TRAIN_BY_NAME;
}

int cli__train_read(const cli_train_format *format, const char *path, train__examples *out)
{
    const cli_train_kind kind = format->kind ? format->kind : kind_of(path);
    int code = CLI_OK;
    switch (kind) {
    case CLI_TRAIN_CSV:
    case CLI_TRAIN_TSV:
        code = cli__train_read_table(format, path, kind == CLI_TRAIN_TSV ? '\t' : ',', out);
        break;
    case CLI_TRAIN_JSONL:
    case CLI_TRAIN_CONLL:
        code = read_lines(format, path, kind == CLI_TRAIN_JSONL, out);
        break;
    default:
        return cli__misuse("%s: not .csv, .tsv, .jsonl or .conll: --format says what it is", path);
    }
    if (code == CLI_OK && out->count == 0) code = cli__fail("%s: no examples", path);
    return code;
}
