/* gte version: the library, and what it found and chose on this machine. */
#include <stddef.h>
#include <stdlib.h>

#include "arguments.h"
#include "json_text.h"
#include "report.h"
#include "session.h"

typedef struct version_values {
    int json;
} version_values;

static const cli_option options[] = {
    CLI_FLAG_ROW("json", 0, version_values, json, "One JSON object."),
    CLI_LAST_ROW,
};

static void write_text(cli_sink *sink, const gte_runtime *runtime)
{
    cli__sink_printf(sink, "gte %s\n", gte_version());
    cli__sink_printf(sink, "instruction set  %s (best here: %s)\n", runtime->isa,
                     runtime->isa_best);
    cli__sink_printf(sink, "BLAS             %s, core %s, threading %s\n", runtime->blas,
                     runtime->blas_core, runtime->blas_threading);
    cli__sink_printf(sink, "threads          %d\n", runtime->threads);
    if (runtime->blas_warning)
        cli__sink_printf(sink, "warning          %s\n", runtime->blas_warning);
}

static void write_json(cli_sink *sink, const gte_runtime *runtime)
{
    const struct {
        const char *key, *value;
    } strings[] = {
        {"isa", runtime->isa},
        {"isa_best", runtime->isa_best},
        {"blas", runtime->blas},
        {"blas_core", runtime->blas_core},
        {"blas_threading", runtime->blas_threading},
        {"blas_warning", runtime->blas_warning},
    };
    cli__sink_string(sink, "{\"version\":");
    cli__json_c_string(sink, gte_version());
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        cli__sink_printf(sink, ",\"%s\":", strings[i].key);
        cli__json_c_string(sink, strings[i].value);
    }
    cli__sink_printf(sink, ",\"threads\":%d}\n", runtime->threads);
}

static int run_version(const cli_command *self, int argc, char **argv)
{
    version_values values = {0};
    gte_runtime runtime;
    int operands, code = cli__parse(self, argc, argv, &values, &operands);
    if (code != CLI_RUN) return code;
    if (operands) return cli__misuse("takes no arguments");
    if ((code = cli__check_cpu()) != CLI_OK) return code;
    cli_sink *sink = malloc(sizeof *sink);
    if (!sink) return cli__out_of_memory();
    code = cli__sink_open(sink, NULL);
    gte_runtime_describe(&runtime, sizeof runtime);
    if (values.json)
        write_json(sink, &runtime);
    else
        write_text(sink, &runtime);
    code = cli__sink_close(sink, code);
    free(sink);
    return code;
}

const cli_command cli__version_command = {
    .name = "version",
    .synopsis = "",
    .summary = "Show the version, the instruction set, BLAS and threads.",
    .options = options,
    .run = run_version,
};
