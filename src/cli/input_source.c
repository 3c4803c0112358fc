/* Inputs one at a time. The only file that reads JSON. */
#include "input_source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "utf8_text.h"

bool cli__operands_are_stdin(char *const *operands, int count)
{
    return count == 0 || (count == 1 && strcmp(operands[0], "-") == 0);
}

int cli__source_open(cli_source *source, const char *what, char *const *operands, int count,
                     const char *path, bool json, bool replace_invalid)
{
    memset(source, 0, sizeof *source);
    source->what = what;
    source->json = json;
    source->replace_invalid = replace_invalid;
    source->lines.fd = -1;
    if (count > 0 && path) return cli__misuse("%s are given both as arguments and by --file", what);
    if (!cli__operands_are_stdin(operands, count)) {
        source->operands = operands;
        source->count = (size_t)count;
        return CLI_OK;
    }
    return cli__lines_open(&source->lines, path);
}

void cli__source_close(cli_source *source)
{
    json_decref(source->parsed);
    source->parsed = NULL;
    if (!source->operands) cli__lines_close(&source->lines);
}

bool cli__source_interactive(const cli_source *source)
{
    return !source->operands && source->lines.terminal;
}

void cli__source_invite(const cli_source *source)
{
    if (cli__source_interactive(source) && isatty(STDERR_FILENO))
        fprintf(stderr, "Reading %s from the terminal, one per line; Ctrl-D ends.\n", source->what);
}

void cli__source_place(const cli_source *source, uint64_t back, char *out, size_t size)
{
    const char *path = source->lines.path;
    if (source->operands)
        snprintf(out, size, "text %" PRIu64, (uint64_t)source->next - back);
    else
        snprintf(out, size, "%s%sline %" PRIu64, path ? path : "", path ? ": " : "",
                 source->lines.line - back);
}

/* An input is a string, two of them or an object: more values than this are none, and jansson takes
 * forty times their bytes to say so. */
#define MOST_VALUES 10000

static bool has_few_values(const char *text, size_t size)
{
    size_t values = 0;
    bool quoted = false;
    for (size_t i = 0; i < size && values <= MOST_VALUES; i++) {
        char c = text[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted)
            values += c == ',' || c == '[' || c == '{';
    }
    return values <= MOST_VALUES;
}

/* jansson refuses invalid UTF-8; with replace_invalid it sees a copy with U+FFFD. */
static json_t *parse(const cli_source *source, const char *text, size_t size, json_error_t *why)
{
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES;
    if (!source->replace_invalid || cli__utf8_valid(text, size))
        return json_loadb(text, size, flags, why);
    char *copy = size <= SIZE_MAX / 3 ? malloc(3 * size) : NULL;
    if (!copy) {
        snprintf(why->text, sizeof why->text, "out of memory");
        return NULL;
    }
    json_t *parsed = json_loadb(copy, cli__utf8_replace(text, size, copy), flags, why);
    free(copy);
    return parsed;
}

static int json_input(cli_source *source, const char *text, size_t size, gte_text *out)
{
    json_error_t why;
    char place[512];
    cli__source_place(source, 0, place, sizeof place);
    json_decref(source->parsed);
    source->parsed = NULL;
    if (!has_few_values(text, size))
        return -cli__fail("%s: more than %d JSON values in one input", place, MOST_VALUES);
    source->parsed = parse(source, text, size, &why);
    json_t *first = source->parsed, *second = NULL;
    if (!first) return -cli__fail("%s: not JSON: %s", place, why.text);
    if (json_is_array(first) && json_array_size(first) == 2) {
        second = json_array_get(first, 1);
        first = json_array_get(first, 0);
    } else if (json_is_object(first)) {
        second = json_object_get(first, "pair");
        first = json_object_get(first, "text");
    }
    if (!json_is_string(first) || (second && !json_is_string(second)))
        return -cli__fail("%s: expected a JSON string, [\"text\", \"pair\"] or {\"text\": \"...\"}",
                          place);
    out->data = json_string_value(first);
    out->size = json_string_length(first);
    if (second) {
        out->pair = json_string_value(second);
        out->pair_size = json_string_length(second);
    }
    return 1;
}

int cli__source_next(cli_source *source, gte_text *out)
{
    const char *text;
    size_t size;
    memset(out, 0, sizeof *out);
    if (source->operands) {
        if (source->next == source->count) return 0;
        text = source->operands[source->next++];
        size = strlen(text);
    } else {
        int got = cli__lines_next(&source->lines, &text, &size);
        if (got != 1) return got;
    }
    if (source->json) return json_input(source, text, size, out);
    out->data = text;
    out->size = size;
    return 1;
}
