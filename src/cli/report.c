/* Messages on standard error, and "did you mean". Prints; never exits. */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "progress_bar.h"
#include "utf8_text.h"

static const char *current_command;

void cli__report_as(const char *command)
{
    current_command = command;
}

/* Texts and file names may carry anything; a terminal must not be driven by them. */
static void clean(char *message)
{
    char *to = message;
    size_t size = strlen(message);
    for (size_t i = 0, length; i < size; i += length) {
        uint32_t code;
        length = cli__utf8_next(message + i, size - i, &code);
        if (code == CLI_INVALID || cli__is_control(code)) {
            *to++ = '?';
            continue;
        }
        memmove(to, message + i, length);
        to += length;
    }
    *to = '\0';
}

static void print_message(const char *format, va_list args)
{
    char message[1024];
    vsnprintf(message, sizeof message, format, args);
    clean(message);
    cli__progress_wipe();
    if (current_command)
        fprintf(stderr, "gte: %s: %s\n", current_command, message);
    else
        fprintf(stderr, "gte: %s\n", message);
}

int cli__fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_message(format, args);
    va_end(args);
    return CLI_FAILED;
}

int cli__misuse(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_message(format, args);
    va_end(args);
    if (current_command)
        fprintf(stderr, "See 'gte help %s'.\n", current_command);
    else
        fprintf(stderr, "See 'gte help'.\n");
    return CLI_USAGE;
}

void cli__note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_message(format, args);
    va_end(args);
}

int cli__out_of_memory(void)
{
    return cli__fail("out of memory");
}

#define LONGEST_NAME 32

/* Levenshtein distance of two short names; large for anything longer. */
static size_t distance(const char *a, const char *b)
{
    size_t na = strlen(a), nb = strlen(b);
    size_t row[LONGEST_NAME + 1];
    if (na > LONGEST_NAME || nb > LONGEST_NAME) return LONGEST_NAME;
    for (size_t j = 0; j <= nb; j++) row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t above = row[j];
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (above + 1 < best) best = above + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[nb];
}

const char *cli__nearest(const char *word, const char *(*names)(const void *from, size_t i),
                         const void *from)
{
    const char *best = NULL;
    size_t best_distance = 3; /* more than two slips is another word */
    const char *name;
    for (size_t i = 0; (name = names(from, i)); i++) {
        size_t d = distance(word, name);
        /* the beginning of a name is what an impatient hand types */
        if (strlen(word) >= 3 && strncmp(word, name, strlen(word)) == 0) d = 0;
        if (d < best_distance && d < strlen(name)) {
            best = name;
            best_distance = d;
        }
    }
    return best;
}
