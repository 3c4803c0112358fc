/* gte convert: a HuggingFace model directory to one .gte file. The work is convert/'s. */
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arguments.h"
#include "convert/convert.h"
#include "interrupt.h"
#include "progress_bar.h"
#include "report.h"

typedef struct convert_values {
    int dtype, pooling, verbose;
    const char *name;
} convert_values;

#define DTYPES "f32|bf16|int8"
static const char *const dtype_names[] = {NULL, "f32", "bf16", "int8"};

static const cli_option options[] = {
    CLI_CHOICE_ROW(
        "pooling", 0, "mean|cls", convert_values, pooling,
        "How the model makes one vector of a text's tokens\n[default: as MODEL_DIR says, "
        "else mean]."),
    CLI_STRING_ROW("name", 0, "NAME", convert_values, name,
                   "The name that gte info shows [default: the\ndirectory's]."),
    CLI_CHOICE_ROW("dtype", 0, DTYPES, convert_values, dtype,
                   "How weights of linear layers and words are\nstored [default: f32]."),
    CLI_FLAG_ROW("verbose", 'v', convert_values, verbose,
                 "Tell what was read and what was ignored."),
    CLI_LAST_ROW,
};

static const char details[] =
    "MODEL_DIR holds config.json, the weights (model.safetensors, its sharded form, or\n"
    "pytorch_model.bin) and the vocabulary (tokenizer.json or vocab.txt). OUT.gte appears\n"
    "when it is whole, and is never a file of MODEL_DIR's own. Nothing is downloaded.\n"
    "A warning on standard error tells what was guessed or left out.\n";

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
    cli__progress_update(arg, 0, done, total);
}

static void on_note(void *arg, const char *line)
{
    (void)arg;
    cli__note("%s", line);
}

static void on_warning(void *arg, const char *line)
{
    (void)arg;
    cli__note("warning: %s", line);
}

static int on_cancelled(void *arg)
{
    (void)arg;
    return cli__interrupted();
}

static int run_convert(const cli_command *self, int argc, char **argv)
{
    convert_values values = {0};
    cli_progress bar;
    gte_error err;
    struct stat info;
    int operands, code = cli__parse(self, argc, argv, &values, &operands);
    if (code != CLI_RUN) return code;
    if (operands != 2) return cli__misuse("needs MODEL_DIR and OUT.gte");
    cli__progress_start(&bar, NULL, -1);
    gte_convert_options convert = {.dtype = dtype_names[values.dtype],
                                   .pooling = (gte_pooling)values.pooling,
                                   .name = values.name,
                                   .progress = on_progress,
                                   .note = values.verbose ? on_note : NULL,
                                   .warning = on_warning,
                                   .arg = &bar,
                                   .cancelled = on_cancelled};
    gte_status status = gte_convert(argv[0], argv[1], &convert, &err);
    cli__progress_wipe();
    if (status == GTE_E_CANCELLED) return CLI_INTERRUPTED;
    if (status != GTE_OK) return cli__fail("%s", err.message);
    if ((values.verbose || isatty(STDERR_FILENO)) && stat(argv[1], &info) == 0)
        cli__note("wrote %s, %.1f MB", argv[1], (double)info.st_size / 1e6);
    return CLI_OK;
}

const cli_command cli__convert_command = {
    .name = "convert",
    .synopsis = "MODEL_DIR OUT.gte",
    .summary = "Make a model file from a HuggingFace model directory.",
    .details = details,
    .options = options,
    .run = run_convert,
};
