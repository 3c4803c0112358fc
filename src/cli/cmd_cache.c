/* gte cache: what a cache file holds, whether it is whole, and making it smaller. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arguments.h"
#include "gte_cache.h"
#include "json_text.h"
#include "report.h"

typedef struct cache_values {
    int json, days;
} cache_values;

enum { MOST_DAYS = 36500, DAY_SECONDS = 86400 };

static const cli_option options[] = {
    CLI_INTEGER_ROW("days", 0, "N", 1, MOST_DAYS, cache_values, days,
                    "purge: only rows written more than N days ago."),
    CLI_FLAG_ROW("json", 0, cache_values, json, "One JSON object."),
    CLI_LAST_ROW,
};

static const char details[] =
    "  stats   what the file holds\n"
    "  verify  read every page and every row, and compare their checksums\n"
    "  purge   remove all rows, and overwrite what they held\n"
    "  vacuum  give free room back to the file system\n"
    "The file may be in use by other processes, which keep what they hold in memory. A file that\n"
    "is no cache is not changed.\n";

typedef struct action {
    const char *file;
    const cache_values *values;
    cli_sink *sink;
} action;

static void number(const action *a, const char *key, uint64_t value)
{
    cli__sink_printf(a->sink, a->values->json ? ",\"%s\":%" PRIu64 : "%-14s%" PRIu64 "\n", key,
                     value);
}

static void moment(const action *a, const char *key, int64_t seconds)
{
    char text[40];
    time_t t = (time_t)seconds;
    struct tm utc;
    if (a->values->json) {
        number(a, key, (uint64_t)seconds);
    } else if (seconds > 0 && gmtime_r(&t, &utc) &&
               strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc)) {
        cli__sink_printf(a->sink, "%-14s%s\n", key, text);
    }
}

static void begin(const action *a)
{
    if (a->values->json) {
        cli__sink_string(a->sink, "{\"file\":");
        cli__json_c_string(a->sink, a->file);
    }
}

static void end(const action *a)
{
    if (a->values->json) cli__sink_string(a->sink, "}\n");
}

static int run_stats(const action *a)
{
    gte_cache_file_info info;
    gte_error err;
    if (gte_cache_file_describe(a->file, &info, sizeof info, &err) != GTE_OK)
        return cli__fail("%s", err.message);
    begin(a);
    number(a, "rows", info.rows);
    number(a, "value_bytes", info.value_bytes);
    number(a, "file_bytes", info.file_bytes);
    number(a, "log_bytes", info.log_bytes);
    number(a, "free_bytes", info.free_bytes);
    moment(a, "oldest", info.oldest);
    moment(a, "newest", info.newest);
    end(a);
    return CLI_OK;
}

static int run_verify(const action *a)
{
    gte_cache_file_info info = {0};
    gte_error err;
    gte_status status = gte_cache_file_verify(a->file, &info, sizeof info, &err);
    if (status != GTE_OK && status != GTE_E_CHECKSUM) return cli__fail("%s", err.message);
    begin(a);
    if (a->values->json) {
        number(a, "rows", info.rows);
        number(a, "damaged_rows", info.damaged_rows);
        cli__sink_printf(a->sink, ",\"ok\":%s", status == GTE_OK ? "true" : "false");
    } else if (status == GTE_OK) {
        cli__sink_printf(a->sink, "%s: OK\n", a->file);
    }
    end(a);
    return status == GTE_OK ? CLI_OK : cli__fail("%s", err.message);
}

static int run_purge(const action *a)
{
    uint64_t removed;
    gte_error err;
    int64_t before = 0;
    if (a->values->days) before = (int64_t)time(NULL) - (int64_t)a->values->days * DAY_SECONDS;
    if (gte_cache_file_purge(a->file, before, &removed, &err) != GTE_OK)
        return cli__fail("%s", err.message);
    begin(a);
    number(a, "removed_rows", removed);
    end(a);
    return CLI_OK;
}

static int run_vacuum(const action *a)
{
    gte_cache_file_info before = {0}, after = {0};
    gte_error err;
    gte_status status = gte_cache_file_describe(a->file, &before, sizeof before, &err);
    if (status == GTE_OK) status = gte_cache_file_vacuum(a->file, &err);
    if (status == GTE_OK) status = gte_cache_file_describe(a->file, &after, sizeof after, &err);
    if (status != GTE_OK) return cli__fail("%s", err.message);
    begin(a);
    number(a, "bytes_before", before.file_bytes);
    number(a, "bytes_after", after.file_bytes);
    end(a);
    return CLI_OK;
}

static int run_cache(const cli_command *self, int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(const action *a);
    } actions[] = {
        {"stats", run_stats},
        {"verify", run_verify},
        {"purge", run_purge},
        {"vacuum", run_vacuum},
    };
    enum { ACTIONS = sizeof actions / sizeof *actions };
    cache_values values = {0};
    size_t which = 0;
    int operands, code = cli__parse(self, argc, argv, &values, &operands);
    if (code != CLI_RUN) return code;
    while (operands && which < ACTIONS && strcmp(actions[which].name, argv[0]) != 0) which++;
    if (!operands || which == ACTIONS || operands != 2)
        return cli__misuse("takes one of stats|verify|purge|vacuum and a file");
    if (values.days && actions[which].run != run_purge)
        return cli__misuse("--days belongs to gte cache purge");
    cli_sink *sink = malloc(sizeof *sink);
    if (!sink) return cli__out_of_memory();
    code = cli__sink_open(sink, NULL);
    const action a = {argv[1], &values, sink};
    if (code == CLI_OK) code = actions[which].run(&a);
    int written = cli__sink_close(sink, CLI_OK);
    free(sink);
    return code != CLI_OK ? code : written;
}

const cli_command cli__cache_command = {
    .name = "cache",
    .synopsis = "stats|verify|purge|vacuum FILE",
    .summary = "Look after a cache file of gte embed --cache.",
    .details = details,
    .options = options,
    .run = run_cache,
};
