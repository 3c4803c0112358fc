/* Our side of tokenizer_oracle.js: tokenizer.json in argv[1]; one JSON request per line on standard
 * input, {"text", "pair"?, "flags"?, "max"?}; one answer per line, [[ids], [types], [offsets...]],
 * or an error message as a string. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer_fixture.h"

static void print_tokens(const gte_token *tokens, size_t count)
{
    printf("[[");
    for (size_t i = 0; i < count; i++) printf("%s%d", i ? "," : "", tokens[i].id);
    printf("],[");
    for (size_t i = 0; i < count; i++) printf("%s%d", i ? "," : "", tokens[i].type);
    printf("],[");
    for (size_t i = 0; i < count; i++)
        printf("%s%u,%u", i ? "," : "", tokens[i].start, tokens[i].end);
    printf("]]\n");
}

static void answer(const gte__tokenizer *tok, const json_t *request)
{
    const json_t *pair = json_object_get(request, "pair"), *text = json_object_get(request, "text");
    gte_text input = {json_string_value(text), json_string_length(text), json_string_value(pair),
                      json_string_length(pair)};
    unsigned flags = (unsigned)json_integer_value(json_object_get(request, "flags"));
    json_int_t max = json_integer_value(json_object_get(request, "max"));
    size_t limit = max ? (size_t)max : SIZE_MAX, count = 0;
    gte_error err = {0};
    gte_status status = gte__tokenize(tok, input, flags, limit, NULL, 0, &count, NULL, &err);
    if (status != GTE_OK && status != GTE_E_CAPACITY) {
        printf("\"%s\"\n", err.message);
        return;
    }
    gte_token *tokens = calloc(count + 1, sizeof *tokens);
    status = gte__tokenize(tok, input, flags, limit, tokens, count, &count, NULL, &err);
    if (tokens && status == GTE_OK)
        print_tokens(tokens, count);
    else
        printf("\"%s\"\n", err.message);
    free(tokens);
}

int main(int argc, char **argv)
{
    tokenizer_fixture fixture;
    char *line = NULL;
    size_t room = 0;
    if (argc != 2 || !tokenizer_fixture_open(&fixture, argv[1])) return 2;
    for (ssize_t n; (n = getline(&line, &room, stdin)) > 0;) {
        json_t *request = json_loadb(line, (size_t)n, JSON_ALLOW_NUL, NULL);
        if (request)
            answer(&fixture.tok, request);
        else
            puts("\"not a request\"");
        json_decref(request);
    }
    free(line);
    tokenizer_fixture_close(&fixture);
    return 0;
}
