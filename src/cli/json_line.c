/* The wall in front of jansson. What the values mean is the callers'. */
#include "json_line.h"

#include <stdio.h>
#include <stdlib.h>

#include "report.h"
#include "utf8_text.h"

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
static json_t *parse(const char *text, size_t size, bool replace_invalid, json_error_t *why)
{
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES;
    if (!replace_invalid || cli__utf8_valid(text, size)) return json_loadb(text, size, flags, why);
    char *copy = size <= SIZE_MAX / 3 ? malloc(3 * size) : NULL;
    if (!copy) {
        snprintf(why->text, sizeof why->text, "out of memory");
        return NULL;
    }
    json_t *parsed = json_loadb(copy, cli__utf8_replace(text, size, copy), flags, why);
    free(copy);
    return parsed;
}

json_t *cli__json_line(const char *place, const char *text, size_t size, bool replace_invalid)
{
    json_error_t why;
    if (!has_few_values(text, size)) {
        cli__fail("%s: more than %d JSON values in one input", place, MOST_VALUES);
        return NULL;
    }
    json_t *parsed = parse(text, size, replace_invalid, &why);
    if (!parsed) cli__fail("%s: not JSON: %s", place, why.text);
    return parsed;
}
