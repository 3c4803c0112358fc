/* The option parser and the help made from the same table. Knows no subcommand. */
#include "arguments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

int cli__parse_int(const char *text, int min, int max, int *out)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    int digit = *text == '-' ? text[1] : *text;
    if (errno || *end || digit < '0' || digit > '9' || value < min || value > max) return 0;
    *out = (int)value;
    return 1;
}

/* 1-based place of `text` in "a|b|c", or 0. */
static int choice_index(const char *choices, const char *text)
{
    size_t size = strlen(text);
    int index = 1;
    for (const char *at = choices; *at; index++) {
        size_t length = strcspn(at, "|");
        if (length == size && memcmp(at, text, size) == 0) return index;
        at += length + (at[length] == '|');
    }
    return 0;
}

/* The i-th option with the groups laid flat, and where the fields it counts from begin. */
static const cli_option *option_at(const cli_option *table, size_t i, size_t *base)
{
    for (const cli_option *row = table; row->name || row->group; row++) {
        *base = row->group ? row->offset : 0;
        for (const cli_option *inner = row->group; inner && inner->name; inner++)
            if (i-- == 0) return inner;
        if (!row->group && i-- == 0) return row;
    }
    return NULL;
}

static int append(const cli_option *option, const char *text, cli_list *list)
{
    if (list->count == CLI_LIST_SIZE)
        return cli__misuse("--%s is given more than %d times", option->name, CLI_LIST_SIZE);
    list->items[list->count++] = text;
    return CLI_RUN;
}

static int store(const cli_option *option, const char *text, void *field)
{
    switch (option->kind) {
    case CLI_FLAG:
        *(int *)field = 1;
        return CLI_RUN;
    case CLI_STRING:
        *(const char **)field = text;
        return CLI_RUN;
    case CLI_INTEGER:
        if (cli__parse_int(text, option->min, option->max, field)) return CLI_RUN;
        return cli__misuse("--%s takes a whole number from %d to %d, not '%s'", option->name,
                           option->min, option->max, text);
    case CLI_CHOICE:
        *(int *)field = choice_index(option->value, text);
        if (*(int *)field) return CLI_RUN;
        return cli__misuse("--%s takes one of %s, not '%s'", option->name, option->value, text);
    case CLI_LIST:
        return append(option, text, field);
    }
    return CLI_RUN;
}

static const char *option_name(const void *from, size_t i)
{
    size_t base;
    const cli_option *option = option_at(from, i, &base);
    return option ? option->name : NULL;
}

static int unknown_option(const cli_command *command, const char *word)
{
    char name[64];
    const char *bare = word + strspn(word, "-");
    snprintf(name, sizeof name, "%.*s", (int)strcspn(bare, "="), bare);
    const char *near = cli__nearest(name, option_name, command->options);
    if (near && command->after_dashes)
        return cli__misuse("unknown option '%s'; did you mean '--%s'? (put -- before %s)", word,
                           near, command->after_dashes);
    if (near) return cli__misuse("unknown option '%s'; did you mean '--%s'?", word, near);
    return cli__misuse("unknown option '%s' (put -- before %s)", word,
                       command->after_dashes ? command->after_dashes
                                             : "texts that begin with a dash");
}

/* The option that `word` names, and where its field is among the values; *attached is its value
 * when it is part of the word. */
static const cli_option *find_option(const cli_command *command, const char *word,
                                     const char **attached, size_t *offset)
{
    const cli_option *option;
    size_t base;
    *attached = NULL;
    for (size_t i = 0; (option = option_at(command->options, i, &base)); i++) {
        *offset = base + option->offset;
        if (word[1] == '-') {
            size_t size = strlen(option->name);
            if (strncmp(word + 2, option->name, size) != 0) continue;
            if (word[2 + size] && word[2 + size] != '=') continue;
            if (word[2 + size] == '=') *attached = word + 3 + size;
            return option;
        }
        if (option->letter && word[1] == option->letter) {
            if (word[2]) *attached = word + 2;
            return option;
        }
    }
    return NULL;
}

/* The option at argv[*i], with its value, which may be the next word. */
static int take_option(const cli_command *command, int argc, char **argv, int *i, void *values)
{
    const char *word = argv[*i], *value;
    size_t offset;
    const cli_option *option = find_option(command, word, &value, &offset);
    if (!option || (value && option->kind == CLI_FLAG && word[1] != '-'))
        return unknown_option(command, word);
    if (option->kind == CLI_FLAG && value) return cli__misuse("--%s takes no value", option->name);
    if (option->kind != CLI_FLAG && !value) {
        if (*i + 1 == argc) return cli__misuse("%s needs a value (%s)", word, option->value);
        value = argv[++*i];
    }
    return store(option, value, (char *)values + offset);
}

int cli__parse(const cli_command *command, int argc, char **argv, void *values, int *operands)
{
    int kept = 0;
    for (int i = 0; i < argc; i++) {
        char *word = argv[i];
        if (word[0] != '-' || !word[1]) {
            argv[kept++] = word;
            continue;
        }
        if (strcmp(word, "--") == 0) {
            while (++i < argc) argv[kept++] = argv[i];
            break;
        }
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            cli__print_help(command, stdout);
            return cli__close_stdout();
        }
        int code = take_option(command, argc, argv, &i, values);
        if (code != CLI_RUN) return code;
    }
    *operands = kept;
    return CLI_RUN;
}

int cli__close_stdout(void)
{
    errno = 0;
    if (!ferror(stdout) && fclose(stdout) == 0) return CLI_OK;
    if (errno == EPIPE) return CLI_PIPE_CLOSED;
    return cli__fail("cannot write standard output: %s", strerror(errno ? errno : EIO));
}

#define HELP_COLUMN 28

/* The help of one option, its lines in one column. */
static void print_option(const cli_option *option, FILE *out)
{
    char left[80];
    int width = snprintf(left, sizeof left, option->letter ? "  -%c, --%s%s%s" : "  %c   --%s%s%s",
                         option->letter ? option->letter : ' ', option->name,
                         option->value ? " " : "", option->value ? option->value : "");
    fputs(left, out);
    for (const char *at = option->help; *at;) {
        size_t length = strcspn(at, "\n");
        if (width >= HELP_COLUMN) {
            fputs("\n", out);
            width = 0;
        }
        fprintf(out, "%*s%.*s\n", HELP_COLUMN - width, "", (int)length, at);
        at += length + (at[length] == '\n');
        width = 0;
    }
}

void cli__print_help(const cli_command *command, FILE *out)
{
    static const cli_option help = {"help", 'h', CLI_FLAG, NULL, 0, 0, 0, "Show this help.", NULL};
    const cli_option *option;
    size_t base;
    fprintf(out, "Usage: gte %s [OPTION...]%s%s\n\n%s\n\nOptions:\n", command->name,
            command->synopsis[0] ? " " : "", command->synopsis, command->summary);
    for (size_t i = 0; (option = option_at(command->options, i, &base)); i++)
        print_option(option, out);
    print_option(&help, out);
    if (command->details) fprintf(out, "\n%s", command->details);
}
