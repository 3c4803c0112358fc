/* gte list: the installed models, or those worth knowing. Reads their descriptions only. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "json_text.h"
#include "pull/known.h"
#include "pull/store.h"
#include "report.h"
#include "sink.h"

typedef struct list_values {
    int known, json;
} list_values;

static const cli_option options[] = {
    CLI_FLAG_ROW("known", 0, list_values, known,
                 "Show models that gte pull can get, and those\nthat this version cannot run yet."),
    CLI_FLAG_ROW("json", 0, list_values, json, "Write a JSON array."),
    CLI_LAST_ROW,
};

static const char details[] =
    "Installed models lie in $XDG_DATA_HOME/gte/models, by default in\n"
    "~/.local/share/gte/models. Every command finds them by name: -m NAME.\n";

static void json_text(cli_sink *sink, const char *key, const char *value)
{
    cli__sink_printf(sink, ",\"%s\":", key);
    cli__json_c_string(sink, value);
}

/* ---- known ---------------------------------------------------------------------------------- */

static void known_json(cli_sink *sink, const pull__known *row)
{
    cli__sink_string(sink, "{\"model\":");
    cli__json_c_string(sink, row->repo);
    json_text(sink, "modelscope", row->modelscope);
    json_text(sink, "languages", row->languages);
    cli__sink_printf(sink, ",\"parameters\":%d000000,\"dimensions\":%d,\"max_tokens\":%d",
                     row->parameters, row->dimensions, row->max_tokens);
    json_text(sink, "pooling", row->pooling);
    json_text(sink, "query_prompt", row->query);
    json_text(sink, "document_prompt", row->document);
    json_text(sink, "license", row->licence);
    cli__sink_printf(sink, ",\"runs\":%s", row->missing ? "false" : "true");
    json_text(sink, "missing", row->missing);
    cli__sink_string(sink, "}");
}

/* Prompts are long: the table says that there are some, --json which. */
static void known_text(cli_sink *sink, const pull__known *row)
{
    cli__sink_printf(
        sink, "%-40s %-5s %5dM %5d %6d %-5s %-8s %-11s%s%s\n", row->repo, row->languages,
        row->parameters, row->dimensions, row->max_tokens, row->pooling,
        *row->document ? "both"
        : *row->query  ? "query"
                       : "-",
        row->licence, row->missing ? "not yet: " : "yes", row->missing ? row->missing : "");
}

static int list_known(cli_sink *sink, bool json)
{
    const pull__known *row;
    if (json)
        cli__sink_string(sink, "[");
    else
        cli__sink_printf(sink, "%-40s %-5s %6s %5s %6s %-5s %-8s %-11s%s\n", "model", "lang",
                         "params", "dims", "tokens", "pool", "prompts", "licence", "runs");
    for (size_t i = 0; (row = pull__known_at(i)); i++) {
        if (json && i) cli__sink_string(sink, ",\n");
        json ? known_json(sink, row) : known_text(sink, row);
    }
    if (json) cli__sink_string(sink, "]\n");
    return CLI_OK;
}

/* ---- installed ------------------------------------------------------------------------------ */

static int is_model(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return size > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + size - 4, ".gte") == 0;
}

static void model_json(cli_sink *sink, const char *name, const char *path, const gte_model *model)
{
    gte_model_info info;
    gte_model_describe(model, &info, sizeof info);
    cli__sink_string(sink, "{\"name\":");
    cli__json_c_string(sink, name);
    json_text(sink, "file", path);
    json_text(sink, "weights", info.dtype);
    cli__sink_printf(sink, ",\"dimensions\":%d,\"parameters\":%" PRIu64 ",\"size\":%" PRIu64,
                     info.hidden_size, info.parameters, info.file_size);
    json_text(sink, "sha256", info.sha256);
    json_text(sink, "source", gte_model_meta(model, "source"));
    json_text(sink, "revision", gte_model_meta(model, "revision"));
    json_text(sink, "license", gte_model_meta(model, "license"));
    json_text(sink, "pulled", gte_model_meta(model, "pulled"));
    cli__sink_string(sink, "}");
}

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static void model_text(cli_sink *sink, const char *name, const gte_model *model)
{
    gte_model_info info;
    gte_model_describe(model, &info, sizeof info);
    cli__sink_printf(
        sink, "%-28s %-5s %5d %8.1f MB  %-11s %-10.10s %s\n", name, info.dtype, info.hidden_size,
        (double)info.file_size / 1e6, or_dash(gte_model_meta(model, "license")),
        or_dash(gte_model_meta(model, "pulled")), or_dash(gte_model_meta(model, "source")));
}

/* One row; what is no model is a remark. */
static bool list_one(cli_sink *sink, const char *dir, const char *file, bool json, bool first)
{
    char path[PULL__PATH_SIZE + 260], name[256];
    gte_model *model = NULL;
    gte_error err;
    snprintf(path, sizeof path, "%s/%s", dir, file);
    snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - 4), file);
    if (gte_model_open(&model, path, NULL, &err) != GTE_OK) {
        cli__note("%s: %s", path, err.message);
        return false;
    }
    if (json && !first) cli__sink_string(sink, ",\n");
    if (json)
        model_json(sink, name, path, model);
    else
        model_text(sink, name, model);
    gte_model_close(&model);
    return true;
}

static void on_unfinished(void *arg, const char *repo, uint64_t bytes)
{
    (void)arg;
    cli__note("unfinished: %s, %.1f MB so far; gte pull %s goes on, gte rm %s removes it", repo,
              (double)bytes / 1e6, repo, repo);
}

static int list_installed(cli_sink *sink, bool json)
{
    char dir[PULL__PATH_SIZE];
    struct dirent **entries = NULL;
    if (!pull__store_dir(dir)) return cli__fail("neither XDG_DATA_HOME nor HOME is of use");
    int n = scandir(dir, &entries, is_model, alphasort), shown = 0;
    if (n < 0 && errno != ENOENT) return cli__fail("cannot read %s: %s", dir, strerror(errno));
    if (json)
        cli__sink_string(sink, "[");
    else if (n > 0)
        cli__sink_printf(sink, "%-28s %-5s %5s %11s  %-11s %-10s %s\n", "name", "type", "dims",
                         "size", "licence", "pulled", "source");
    for (int i = 0; i < n; i++) {
        shown += list_one(sink, dir, entries[i]->d_name, json, shown == 0);
        free(entries[i]);
    }
    free(entries);
    if (json)
        cli__sink_string(sink, "]\n");
    else if (n <= 0)
        cli__note("no models in %s; gte pull thenlper/gte-small gets one", dir);
    pull__stage_each(dir, on_unfinished, NULL);
    return CLI_OK;
}

static int run_list(const cli_command *self, int argc, char **argv)
{
    list_values values = {0};
    int operands, code = cli__parse(self, argc, argv, &values, &operands);
    if (code != CLI_RUN) return code;
    if (operands) return cli__misuse("takes no operands");
    cli_sink *sink = malloc(sizeof *sink);
    if (!sink) return cli__out_of_memory();
    code = cli__sink_open(sink, NULL);
    if (code == CLI_OK)
        code = values.known ? list_known(sink, values.json) : list_installed(sink, values.json);
    int written = cli__sink_close(sink, CLI_OK);
    free(sink);
    return code != CLI_OK ? code : written;
}

const cli_command cli__list_command = {
    .name = "list",
    .synopsis = "",
    .summary = "Show the installed models, or those that are known.",
    .details = details,
    .options = options,
    .run = run_list,
};
