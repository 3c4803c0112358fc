/* gte pull: a model of a hub, fetched, checked, converted, and known by its name from then on. The
 * work is pull/'s. No other command touches the network as a client. */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "interrupt.h"
#include "progress_bar.h"
#include "pull/known.h"
#include "pull/pull.h"
#include "pull/store.h"
#include "report.h"

#define DEFAULT_TIMEOUT 30
#define DEFAULT_RETRIES 5

typedef struct pull_values {
    const char *revision, *name, *output;
    int dtype, from, timeout, retries;
} pull_values;

#define DTYPES "f32|bf16|int8"
static const char *const dtype_names[] = {NULL, "f32", "bf16", "int8"};

static const cli_option options[] = {
    CLI_STRING_ROW("revision", 0, "R", pull_values, revision,
                   "Branch, tag or commit [default: the main branch]."),
    CLI_CHOICE_ROW("dtype", 0, DTYPES, pull_values, dtype,
                   "How weights of linear layers and words are\nstored [default: f32]."),
    CLI_CHOICE_ROW("from", 0, "hf|modelscope", pull_values, from,
                   "The hub: huggingface.co or modelscope.cn\n[default: hf]."),
    CLI_STRING_ROW("name", 0, "NAME", pull_values, name,
                   "What the model is called from then on\n[default: the part after the slash]."),
    CLI_STRING_ROW("output", 'o', "DIR", pull_values, output,
                   "Put NAME.gte there instead of among the\ninstalled models."),
    CLI_INTEGER_ROW("timeout", 0, "SECONDS", 1, 3600, pull_values, timeout,
                    "Take a connection that brings nothing for so\nlong as cut [default: 30]."),
    CLI_INTEGER_ROW("retries", 0, "N", 0, 100, pull_values, retries,
                    "Attempts in a row that bring nothing before it\ngives up [default: 5]."),
    CLI_LAST_ROW,
};

static const char details[] =
    "From then on -m NAME finds the model; gte list shows those that are installed, gte\n"
    "list --known what there is. Only what the converter reads is fetched, and its size\n"
    "and digest are checked. What an interrupted pull has fetched is used by the next one.\n\n"
    "Environment:\n"
    "  HF_TOKEN            for private and gated models; shown to the hub alone\n"
    "  HF_ENDPOINT         another address instead of https://huggingface.co\n"
    "  MODELSCOPE_ENDPOINT the same for https://www.modelscope.cn\n"
    "  HTTPS_PROXY, NO_PROXY\n"
    "  XDG_DATA_HOME       models lie in gte/models there [default: ~/.local/share]\n";

/* Two bars, one after the other: what is fetched, what is converted. */
typedef struct bars {
    cli_progress bar;
    uint64_t done;
} bars;

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
    bars *b = arg;
    if (done < b->done) {
        cli__progress_wipe();
        cli__progress_start(&b->bar, NULL, -1);
    }
    b->done = done;
    cli__progress_update(&b->bar, 0, done, total);
}

static void on_note(void *arg, const char *line)
{
    (void)arg;
    if (isatty(STDERR_FILENO)) cli__note("%s", line);
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

static const char *of_environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static int tell_result(const char *path, const char *repo, bool unchanged, const char *name)
{
    gte_model *model = NULL;
    gte_model_info info;
    gte_error err;
    if (gte_model_open(&model, path, NULL, &err) != GTE_OK) return cli__fail("%s", err.message);
    gte_model_describe(model, &info, sizeof info);
    cli__note("%s%s: %d dimensions, %s, %.1f MB; use it with -m %s", repo,
              unchanged ? " is up to date" : "", info.hidden_size, info.dtype,
              (double)info.file_size / 1e6, name ? name : path);
    gte_model_close(&model);
    return CLI_OK;
}

static int pull_one(const pull_values *values, const char *repo)
{
    char dir[PULL__PATH_SIZE], path[PULL__PATH_SIZE];
    bars shown = {.done = UINT64_MAX}; /* the first one begins with its first byte */
    gte_error err;
    bool unchanged, modelscope = values->from == 2;
    if (!values->output && !pull__store_dir(dir))
        return cli__fail("neither XDG_DATA_HOME nor HOME says where models lie; give a place with "
                         "-o DIR");
    const pull__options pull = {
        .from = modelscope ? PULL__MODELSCOPE : PULL__HF,
        .endpoint = of_environment(modelscope ? "MODELSCOPE_ENDPOINT" : "HF_ENDPOINT"),
        .token = modelscope ? NULL : of_environment("HF_TOKEN"),
        .repo = repo,
        .revision = values->revision,
        .dtype = dtype_names[values->dtype],
        .name = values->name,
        .dir = values->output ? values->output : dir,
        .timeout = (unsigned)values->timeout,
        .retries = (unsigned)values->retries,
        .progress = on_progress,
        .note = on_note,
        .warning = on_warning,
        .cancelled = on_cancelled,
        .arg = &shown};
    cli__progress_start(&shown.bar, NULL, -1);
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is a failed write, with its advice */
    gte_status status = pull__model(&pull, path, &unchanged, &err);
    cli__progress_wipe();
    if (status == GTE_E_CANCELLED) {
        cli__note("interrupted; what is fetched stays, the same command goes on with it");
        return CLI_INTERRUPTED;
    }
    if (status != GTE_OK) return cli__fail("%s", err.message);
    const char *slash = strrchr(repo, '/');
    const char *name = values->name ? values->name : slash ? slash + 1 : repo;
    return tell_result(path, repo, unchanged, values->output ? NULL : name);
}

static int run_pull(const cli_command *self, int argc, char **argv)
{
    pull_values values = {.timeout = DEFAULT_TIMEOUT, .retries = DEFAULT_RETRIES};
    int operands, code = cli__parse(self, argc, argv, &values, &operands);
    if (code != CLI_RUN) return code;
    if (operands != 1) return cli__misuse("needs one model, OWNER/NAME");
    if (!pull__repo_ok(argv[0]))
        return cli__misuse("'%s' is not of the form OWNER/NAME, such as thenlper/gte-small",
                           argv[0]);
    const pull__known *known = pull__known_named(argv[0]);
    if (known && known->missing)
        return cli__fail("this version does not run %s yet: it lacks %s; gte list --known shows "
                         "what it runs",
                         argv[0], known->missing);
    return pull_one(&values, argv[0]);
}

const cli_command cli__pull_command = {
    .name = "pull",
    .synopsis = "OWNER/NAME",
    .summary = "Download a model from HuggingFace or ModelScope.",
    .details = details,
    .options = options,
    .run = run_pull,
};
