/* The option parser: a table per subcommand, values stored by offset into a struct.
 *
 * Long options take "--name VALUE" or "--name=VALUE", short ones "-x VALUE" or "-xVALUE"; "--" ends
 * the options; options and operands may be mixed. */
#ifndef GTE_CLI_ARGUMENTS_H
#define GTE_CLI_ARGUMENTS_H

#include <stddef.h>
#include <stdio.h>

#include "cli.h"

typedef enum cli_option_kind {
    CLI_FLAG,    /* int: 1 when given */
    CLI_STRING,  /* const char * */
    CLI_INTEGER, /* int, within min..max */
    CLI_CHOICE,  /* int: 1-based place in `value`, "mean|cls"; 0 when not given */
    CLI_LIST     /* cli_list: a string that may be given several times */
} cli_option_kind;

#define CLI_LIST_SIZE 32
typedef struct cli_list {
    const char *items[CLI_LIST_SIZE];
    size_t count;
} cli_list;

typedef struct cli_option {
    const char *name; /* without the dashes; NULL in a group's row and in the last row */
    char letter;      /* short form, or 0 */
    cli_option_kind kind;
    const char *value; /* what the help calls the value; NULL for a flag */
    int min, max;
    size_t offset;                  /* of the field, or of the group's struct, in the values */
    const char *help;               /* lines, at most 50 columns each */
    const struct cli_option *group; /* a table that several commands share */
} cli_option;

/* Rows of a table whose values are a `type`. */
#define CLI_FLAG_ROW(name, letter, type, field, help)                                              \
    {                                                                                              \
        name, letter, CLI_FLAG, NULL, 0, 0, offsetof(type, field), help, NULL                      \
    }
#define CLI_STRING_ROW(name, letter, value, type, field, help)                                     \
    {                                                                                              \
        name, letter, CLI_STRING, value, 0, 0, offsetof(type, field), help, NULL                   \
    }
#define CLI_INTEGER_ROW(name, letter, value, min, max, type, field, help)                          \
    {                                                                                              \
        name, letter, CLI_INTEGER, value, min, max, offsetof(type, field), help, NULL              \
    }
#define CLI_CHOICE_ROW(name, letter, value, type, field, help)                                     \
    {                                                                                              \
        name, letter, CLI_CHOICE, value, 0, 0, offsetof(type, field), help, NULL                   \
    }
#define CLI_LIST_ROW(name, letter, value, type, field, help)                                       \
    {                                                                                              \
        name, letter, CLI_LIST, value, 0, 0, offsetof(type, field), help, NULL                     \
    }
#define CLI_GROUP_ROW(table, type, field)                                                          \
    {                                                                                              \
        NULL, 0, CLI_FLAG, NULL, 0, 0, offsetof(type, field), NULL, table                          \
    }
#define CLI_LAST_ROW                                                                               \
    {                                                                                              \
        NULL, 0, CLI_FLAG, NULL, 0, 0, 0, NULL, NULL                                               \
    }

#define CLI_RUN (-1) /* go on: no exit code yet */

/* Parses argv[0..argc) (the words after the subcommand's name) into the struct at `values`, which
 * the caller has filled with defaults. The operands are moved to the front of argv and counted.
 * Returns CLI_RUN, CLI_OK (--help was asked and printed) or CLI_USAGE (reported). */
int cli__parse(const cli_command *command, int argc, char **argv, void *values, int *operands);

/* The help text that --help and `gte help NAME` print. */
void cli__print_help(const cli_command *command, FILE *out);

/* After printing with stdio: CLI_OK, or the exit code of a failed standard output, reported. */
int cli__close_stdout(void);

/* A whole decimal number within min..max, and nothing else. */
int cli__parse_int(const char *text, int min, int max, int *out);

#endif
