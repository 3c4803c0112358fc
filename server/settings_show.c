/* Settings shown: in effect, as help, for completion. */
#include <stdlib.h>
#include <string.h>

#include "server/settings_table.h"

static const void *value_of(const server__settings *settings, const server__setting *row)
{
    return (const char *)settings + row->offset;
}

static void print_list(const char *name, const server__list *list, FILE *out)
{
    if (list->count == 0) fprintf(out, "%s = \n", name);
    for (size_t i = 0; i < list->count; i++)
        fprintf(out, "%s = %.*s\n", name, (int)list->items[i].size, list->items[i].data);
}

void server__settings_print(const server__settings *settings, FILE *out)
{
    for (const server__setting *row = server__setting_table; row->name; row++) {
        const void *value = value_of(settings, row);
        if (row->kind == SERVER__TEXT) {
            const char *text = *(const char *const *)value;
            fprintf(out, "%s = %s\n", row->name, text ? text : "");
        } else if (row->kind == SERVER__NUMBER) {
            fprintf(out, "%s = %d\n", row->name, *(const int *)value);
        } else if (row->kind == SERVER__SWITCH) {
            fprintf(out, "%s = %s\n", row->name, *(const int *)value ? "on" : "off");
        } else {
            print_list(row->name, value, out);
        }
    }
}

static void print_row(const server__setting *row, FILE *out)
{
    char left[64];
    const char *rest = row->help;
    snprintf(left, sizeof left, "%c%c%s --%s %s", row->letter ? '-' : ' ',
             row->letter ? row->letter : ' ', row->letter ? "," : " ", row->name, row->value);
    fprintf(out, "  %-34s", left);
    while (rest) {
        size_t size = strcspn(rest, "\n");
        fprintf(out, " %.*s\n", (int)size, rest);
        rest = rest[size] ? rest + size + 1 : NULL;
        if (rest) fprintf(out, "  %-34s", "");
    }
    if (row->standard && strcmp(row->standard, "0") != 0)
        fprintf(out, "  %-34s [default: %s]\n", "", row->standard);
}

void server__settings_list(FILE *out)
{
    for (const server__setting *row = server__setting_table; row->name; row++) {
        fprintf(out, "%s\t%c\t%s\t", row->name, row->letter ? row->letter : '-', row->value);
        for (const char *at = row->help; *at; at++) fputc(*at == '\n' ? ' ' : *at, out);
        fputc('\n', out);
    }
    fputs("config\t-\tFILE\tRead settings from a file.\n"
          "check\t-\t-\tCheck everything, print the effective settings and exit.\n"
          "list-options\t-\t-\tList the options, for the completions of shells.\n"
          "help\th\t-\tShow a summary.\n"
          "version\tV\t-\tShow the version.\n",
          out);
}

void server__settings_help(FILE *out)
{
    fputs("usage: gte-server -m FILE [OPTION...]\n\n"
          "Serves embeddings and tasks over HTTP until SIGTERM, which lets accepted requests\n"
          "finish. "
          "SIGHUP reads keys, origins, limits, labels and the log's level again. Later ones\n"
          "win: defaults, --config FILE, environment, options.\n",
          out);
    for (const server__setting *row = server__setting_table; row->name; row++) {
        if (row->group) fprintf(out, "\n%s:\n", row->group);
        print_row(row, out);
    }
    fputs(
        "\nOthers:\n"
        "      --config FILE                  Lines \"name = value\", names as above; # begins a\n"
        "                                     comment [environment: GTE_SERVER_CONFIG].\n"
        "      --check                        Check everything, print the effective settings\n"
        "                                     and exit.\n"
        "      --list-options                 Options, letters and values as a table, for the\n"
        "                                     completions of shells.\n"
        "  -h, --help                         Show this.\n"
        "  -V, --version                      Show the version.\n\n"
        "Environment:\n",
        out);
    for (const server__setting *row = server__setting_table; row->name; row++)
        fprintf(out, "  %-36s --%s\n", row->variable, row->name);
    fputs("\nExit status: 0 success or drained, 1 failure, 2 wrong usage.\n", out);
}
