/* gte verify: reads a whole model file and compares its digest. */
#include <stddef.h>
#include <stdio.h>

#include "report.h"
#include "session.h"

typedef struct verify_values {
    cli_model_values model;
    int quiet;
} verify_values;

static const cli_option options[] = {
    CLI_GROUP_ROW(cli__model_options, verify_values, model),
    CLI_FLAG_ROW("quiet", 'q', verify_values, quiet, "Say nothing when the file is whole."),
    CLI_LAST_ROW,
};

static int run_verify(const cli_command *self, int argc, char **argv)
{
    verify_values values = {0};
    cli_session session = {0};
    gte_error err;
    int code = cli__session_open_operand(&session, self, argc, argv, &values, &values.model);
    if (code == CLI_RUN) {
        code = CLI_OK;
        if (gte_model_verify(session.model, &err) != GTE_OK)
            code = cli__fail("%s: %s", session.path, err.message);
        else if (!values.quiet)
            printf("%s: OK\n", session.path);
        if (code == CLI_OK) code = cli__close_stdout();
    }
    cli__session_close(&session);
    return code;
}

const cli_command cli__verify_command = {
    .name = "verify",
    .synopsis = "[MODEL.gte]",
    .summary = "Check that a model file is whole and its weights are numbers.",
    .details = "Reads the whole file; the exit status tells.\n",
    .options = options,
    .run = run_verify,
};
