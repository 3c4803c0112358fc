/* What a terminal can do and should be spared. */
#ifndef GTE_CLI_TERMINAL_H
#define GTE_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "sink.h"

/* The places in the value of every --color option. */
#define CLI_COLOR_VALUES "auto|always|never"
enum cli_color { CLI_COLOR_AUTO = 1, CLI_COLOR_ALWAYS = 2, CLI_COLOR_NEVER = 3 };

/* Whether to colour what goes to `fd`: by choice (0 is auto), and for auto when it is a terminal,
 * TERM is not "dumb" and NO_COLOR is unset or empty. */
bool cli__use_color(int choice, int fd);

/* Columns of the terminal at `fd`, or 0 when it is none. */
size_t cli__terminal_columns(int fd);

/* A text for people, in at most `columns` columns (SIZE_MAX: whole), an ellipsis where it is cut,
 * control characters as spaces. Returns the columns written. */
size_t cli__show_text(cli_sink *sink, const char *text, size_t size, size_t columns);

#endif
