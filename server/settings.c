/* Reading settings: defaults, file, environment, options, in that order. What there is to set is
 * settings_table.c's. */
#include "server/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gte.h"
#include "server/settings_table.h"

#define MOST_FILE 65536

/* Where a value comes from, for messages: "--port", "GTE_INSTANCE_PORT", "gte.conf:3: port". */
typedef struct origin {
    const char *words;
    char *message;
    size_t size;
} origin;

static bool complain(const origin *from, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool complain(const origin *from, const char *format, ...)
{
    va_list args;
    int used = snprintf(from->message, from->size, "%s ", from->words);
    if (used < 0 || (size_t)used >= from->size) return false;
    va_start(args, format);
    vsnprintf(from->message + used, from->size - (size_t)used, format, args);
    va_end(args);
    return false;
}

static void *field_of(server__settings *settings, const server__setting *row)
{
    return (char *)settings + row->offset;
}

static bool set_number(int *field, const server__setting *row, const char *text, const origin *from)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end || isspace((unsigned char)*text))
        return complain(from, "takes a whole number, not '%s'", text);
    if (errno || value < row->min || value > row->max)
        return complain(from, "takes %d to %d, not %s", row->min, row->max, text);
    *field = (int)value;
    return true;
}

/* One more value, or several, where `commas` divide them. */
static bool add_values(server__settings *settings, const server__setting *row, const char *text,
                       bool commas, const origin *from)
{
    server__list *list = field_of(settings, row);
    if (list->round != settings->round) *list = (server__list){.round = settings->round};
    while (*text) {
        const size_t size = commas ? strcspn(text, ",") : strlen(text);
        if (list->count == SERVER__LIST_MOST)
            return complain(from, "is given more than %d times", SERVER__LIST_MOST);
        if (size) list->items[list->count++] = (server__word){text, size};
        text += size;
        text += *text == ',';
    }
    return true;
}

static bool set(server__settings *settings, const server__setting *row, const char *text,
                const origin *from)
{
    if (row->kind == SERVER__TEXT) {
        *(const char **)field_of(settings, row) = *text ? text : NULL;
        return true;
    }
    if (row->kind == SERVER__NUMBER) return set_number(field_of(settings, row), row, text, from);
    if (row->kind == SERVER__LIST) return add_values(settings, row, text, false, from);
    if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
        return complain(from, "takes on or off, not '%s'", text);
    *(int *)field_of(settings, row) = strcmp(text, "on") == 0;
    return true;
}

static const server__setting *row_named(const char *name, size_t size)
{
    for (const server__setting *row = server__setting_table; row->name; row++)
        if (strlen(row->name) == size && memcmp(row->name, name, size) == 0) return row;
    return NULL;
}

static bool set_defaults(server__settings *settings, char *message, size_t size)
{
    for (const server__setting *row = server__setting_table; row->name; row++) {
        const origin from = {row->name, message, size};
        if (row->standard && !set(settings, row, row->standard, &from)) return false;
    }
    return true;
}

/* ---- the file ------------------------------------------------------------------------------- */

static char *trim(char *text)
{
    while (isspace((unsigned char)*text)) text++;
    size_t n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1])) text[--n] = '\0';
    return text;
}

static bool set_line(server__settings *settings, char *line, const origin *from)
{
    line = trim(line);
    if (!*line || *line == '#') return true;
    char *equals = strchr(line, '=');
    if (!equals) return complain(from, "is not NAME = VALUE");
    *equals = '\0';
    char *name = trim(line);
    const server__setting *row = row_named(name, strlen(name));
    if (!row) return complain(from, "sets '%s', which does not exist", name);
    return set(settings, row, trim(equals + 1), from);
}

static char *read_file(const char *path, const origin *from)
{
    FILE *file = fopen(path, "re");
    char *text = file ? malloc(MOST_FILE) : NULL;
    size_t n = text ? fread(text, 1, MOST_FILE, file) : 0;
    bool bad = !text || ferror(file) || n == MOST_FILE || memchr(text, '\0', n);
    if (file) fclose(file);
    if (!bad) {
        text[n] = '\0';
        return text;
    }
    free(text);
    complain(from, "cannot be read%s%s", file ? "" : ": ", file ? "" : strerror(errno));
    return NULL;
}

static bool read_config(server__settings *settings, char *message, size_t size)
{
    const origin whole = {settings->config, message, size};
    char *text = read_file(settings->config, &whole), *rest = text, *line;
    settings->owned = text;
    settings->round++;
    if (!text) return false;
    for (unsigned number = 1; (line = strsep(&rest, "\n")); number++) {
        char words[512];
        snprintf(words, sizeof words, "%s:%u", settings->config, number);
        const origin from = {words, message, size};
        if (!set_line(settings, line, &from)) return false;
    }
    return true;
}

static bool read_environment(server__settings *settings, char *message, size_t size)
{
    settings->round++;
    for (const server__setting *row = server__setting_table; row->name; row++) {
        const char *text = getenv(row->variable);
        const origin from = {row->variable, message, size};
        if (!text || !*text) continue;
        if (row->kind == SERVER__LIST ? !add_values(settings, row, text, true, &from)
                                      : !set(settings, row, text, &from))
            return false;
    }
    return true;
}

/* ---- the command line ----------------------------------------------------------------------- */

/* One word of the command line taken apart: "--name=value", "--name value", "-m value". */
typedef struct word {
    const char *name;
    size_t size;
    const char *value; /* after "=", or NULL */
} word;

static word take_apart(const char *text)
{
    word out = {text + 2, strcspn(text + 2, "="), NULL};
    if (out.name[out.size] == '=') out.value = out.name + out.size + 1;
    return out;
}

static bool is_word(const word *w, const char *name)
{
    return w->size == strlen(name) && memcmp(w->name, name, w->size) == 0;
}

static bool read_letter(server__settings *settings, char **argv, int *i, const origin *from)
{
    const char *text = argv[*i];
    for (const server__setting *row = server__setting_table; row->name; row++) {
        if (!row->letter || row->letter != text[1]) continue;
        const char *value = text[2] ? text + 2 : argv[*i + 1];
        if (!value) return complain(from, "needs a value");
        *i += !text[2];
        return set(settings, row, value, from);
    }
    return complain(from, "is no option (--help lists them)");
}

static bool read_option(server__settings *settings, char **argv, int *i, char *message, size_t size)
{
    const origin from = {argv[*i], message, size};
    if (argv[*i][0] != '-' || !argv[*i][1]) return complain(&from, "is no option");
    if (argv[*i][1] != '-') return read_letter(settings, argv, i, &from);
    word w = take_apart(argv[*i]);
    if (is_word(&w, "check")) {
        settings->check = 1;
        return true;
    }
    const server__setting *row = row_named(w.name, w.size);
    bool config = is_word(&w, "config");
    if (!row && !config) return complain(&from, "is no option (--help lists them)");
    if (!w.value && row && row->kind == SERVER__SWITCH) w.value = "on";
    if (!w.value) w.value = argv[++*i];
    if (!w.value) return complain(&from, "needs a value");
    return config || set(settings, row, w.value, &from);
}

static bool read_options(server__settings *settings, char *message, size_t size)
{
    settings->round++;
    for (int i = 1; i < settings->argc; i++)
        if (!read_option(settings, settings->argv, &i, message, size)) return false;
    return true;
}

/* --config decides about what comes before the other options, so it is looked for first. */
static void find_config(server__settings *settings)
{
    settings->config = getenv("GTE_SERVER_CONFIG");
    for (int i = 1; i < settings->argc; i++) {
        const char *text = settings->argv[i];
        if (strncmp(text, "--config=", 9) == 0) settings->config = text + 9;
        if (strcmp(text, "--config") == 0 && i + 1 < settings->argc)
            settings->config = settings->argv[i + 1];
    }
    if (settings->config && !*settings->config) settings->config = NULL;
}

static bool check_together(const server__settings *settings, char *message, size_t size)
{
    const origin tls = {"tls-cert and tls-key", message, size};
    const origin level = {"log-level", message, size};
    const origin items = {"queue-items", message, size}, tokens = {"queue-tokens", message, size};
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    if (!settings->tls_cert != !settings->tls_key) return complain(&tls, "go together");
    /* else there would be requests within the limits that could never be accepted */
    if (settings->queue_items < settings->max_items)
        return complain(&items, "is less than max-items, %d", settings->max_items);
    if (settings->queue_tokens < settings->max_tokens)
        return complain(&tokens, "is less than max-tokens, %d", settings->max_tokens);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (settings->log_level && strcmp(settings->log_level, levels[i]) == 0) return true;
    return complain(&level, "takes debug, info, warning or error");
}

static bool read_all(server__settings *settings, int argc, char **argv, char *message, size_t size)
{
    memset(settings, 0, sizeof *settings);
    settings->argc = argc;
    settings->argv = argv;
    find_config(settings);
    return set_defaults(settings, message, size) &&
           (!settings->config || read_config(settings, message, size)) &&
           read_environment(settings, message, size) && read_options(settings, message, size) &&
           check_together(settings, message, size);
}

int server__settings_read(server__settings *settings, int argc, char **argv)
{
    char message[512];
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list-options") == 0) {
            server__settings_list(stdout);
            return SERVER__STOP(0);
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            server__settings_help(stdout);
            return SERVER__STOP(0);
        }
        if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-V") == 0) {
            printf("gte-server %s\n", gte_version());
            return SERVER__STOP(0);
        }
    }
    if (read_all(settings, argc, argv, message, sizeof message)) return 0;
    fprintf(stderr, "gte-server: %s\n", message);
    server__settings_free(settings);
    return SERVER__STOP(2);
}

bool server__settings_reread(server__settings *out, const server__settings *old, char *message,
                             size_t size)
{
    server__settings fresh;
    if (read_all(&fresh, old->argc, old->argv, message, size)) {
        *out = fresh;
        return true;
    }
    server__settings_free(&fresh);
    return false;
}

void server__settings_free(server__settings *settings)
{
    free(settings->owned);
    settings->owned = NULL;
}
