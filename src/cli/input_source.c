/* Inputs one at a time. */
#include "input_source.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json_line.h"
#include "report.h"

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

/* The text of an object and its pair, by the names that the command knows. */
static json_t *text_of(const cli_source *source, const json_t *object, json_t **pair)
{
    json_t *text = json_object_get(object, "text");
    *pair = json_object_get(object, "pair");
    if (source->tasks && !text) text = json_object_get(object, "input_text");
    if (source->tasks && !text) text = json_object_get(object, "context");
    if (source->tasks && !*pair) *pair = json_object_get(object, "question");
    return text;
}

static int json_input(cli_source *source, const char *text, size_t size, gte_text *out)
{
    char place[512];
    cli__source_place(source, 0, place, sizeof place);
    json_decref(source->parsed);
    source->parsed = NULL;
    source->parsed = cli__json_line(place, text, size, source->replace_invalid);
    json_t *first = source->parsed, *second = NULL;
    if (!first) return -CLI_FAILED;
    if (json_is_array(first) && json_array_size(first) == 2) {
        second = json_array_get(first, 1);
        first = json_array_get(first, 0);
    } else if (json_is_object(first)) {
        first = text_of(source, first, &second);
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
