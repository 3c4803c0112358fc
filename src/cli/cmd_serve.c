/* gte serve: the HTTP server, which is a program of its own, gte-server, beside this one. Here are
 * only the options that people give most, and the default model; the rest goes through. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "model_path.h"
#include "report.h"

#define MOST_WORDS 256
#define MOST_PORT 65535
#define MOST_THREADS 1024

typedef struct serve_values {
    cli_list models, heads, tasks;
    const char *host, *cache, *config;
    int port, threads, check;
} serve_values;

static const cli_option options[] = {
    CLI_LIST_ROW("model", 'm', "FILE", serve_values, models,
                 "The model, a .gte file, or NAME=FILE; several\n"
                 "times for several [environment: GTE_MODEL;\n"
                 "else the installed default model]."),
    CLI_LIST_ROW("head", 0, "FILE", serve_values, heads,
                 "A head of gte train, or NAME=FILE; several\ntimes for several."),
    CLI_LIST_ROW("task", 0, "TASK=NAME", serve_values, tasks,
                 "Which model or head does a task [default: the\nfirst that is for it]."),
    CLI_STRING_ROW("host", 0, "ADDRESS", serve_values, host,
                   "Address to listen on [default: 127.0.0.1]."),
    CLI_INTEGER_ROW("port", 'p', "N", 1, MOST_PORT, serve_values, port,
                    "Port [default: 5000; environment:\nGTE_INSTANCE_PORT]."),
    CLI_INTEGER_ROW("threads", 't', "N", 1, MOST_THREADS, serve_values, threads,
                    "Threads of the encoder [default: what affinity\n"
                    "and the cgroup allow; environment: GTE_THREADS]."),
    CLI_STRING_ROW("cache", 0, "FILE|memory|off", serve_values, cache,
                   "The cache of results [default: a file in the\nuser's cache directory]."),
    CLI_STRING_ROW("config", 0, "FILE", serve_values, config, "Settings, lines \"name = value\"."),
    CLI_FLAG_ROW("check", 0, serve_values, check, "Check everything, print the settings and exit."),
    CLI_LAST_ROW,
};

static const char details[] =
    "All other options of gte-server go after --; `gte-server --help` lists them.\n";

/* The words of gte-server's command line. */
typedef struct words {
    char *list[MOST_WORDS + 1];
    int count;
} words;

static void add(words *w, const char *word)
{
    if (w->count < MOST_WORDS) memcpy(&w->list[w->count++], &word, sizeof word);
}

static void add_text(words *w, const char *option, const char *value)
{
    if (!value) return;
    add(w, option);
    add(w, value);
}

static void add_list(words *w, const char *option, const cli_list *list)
{
    for (size_t i = 0; i < list->count; i++) add_text(w, option, list->items[i]);
}

static void add_number(words *w, const char *option, int value, char room[16])
{
    if (!value) return;
    snprintf(room, 16, "%d", value);
    add_text(w, option, room);
}

/* The server beside this program, or the one of the PATH. Returns only when there is none. */
static int replace_by_server(words *w)
{
    char path[CLI_PATH_SIZE];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 16);
    if (size > 0) {
        path[size] = '\0';
        char *slash = strrchr(path, '/');
        strcpy(slash ? slash + 1 : path, "gte-server");
        execv(path, w->list);
    }
    execvp("gte-server", w->list);
    if (errno == ENOENT)
        return cli__fail("there is no gte-server beside gte or in PATH (it is built where "
                         "libmicrohttpd is)");
    return cli__fail("gte-server: %s", strerror(errno));
}

static int run_serve(const cli_command *self, int argc, char **argv)
{
    serve_values values = {0};
    words w = {0};
    char found[CLI_PATH_SIZE], port[16], threads[16];
    bool implicit;
    int operands, code = cli__parse(self, argc, argv, &values, &operands);
    if (code != CLI_RUN) return code;
    if (operands > MOST_WORDS / 2) return cli__misuse("too many options");
    /* the server reads GTE_MODEL itself, which may name several */
    const char *named = getenv("GTE_MODEL");
    if (!values.models.count && !values.config && !(named && *named)) {
        values.models.items[0] = cli__model_path(NULL, found, &implicit);
        if (!values.models.items[0]) return CLI_FAILED;
        values.models.count = 1;
        cli__note("no -m or GTE_MODEL: serving the default model %s", values.models.items[0]);
    }
    add(&w, "gte-server");
    add_list(&w, "--model", &values.models);
    add_list(&w, "--head", &values.heads);
    add_list(&w, "--task", &values.tasks);
    add_text(&w, "--host", values.host);
    add_text(&w, "--cache", values.cache);
    add_text(&w, "--config", values.config);
    add_number(&w, "--port", values.port, port);
    add_number(&w, "--threads", values.threads, threads);
    if (values.check) add(&w, "--check");
    for (int i = 0; i < operands; i++) add(&w, argv[i]);
    return replace_by_server(&w);
}

const cli_command cli__serve_command = {
    .name = "serve",
    .synopsis = "[-- SERVER-OPTION...]",
    .summary = "Serve embeddings over HTTP.",
    .details = details,
    .after_dashes = "options that only gte-server has",
    .options = options,
    .run = run_serve,
};
