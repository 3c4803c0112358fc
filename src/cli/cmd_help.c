/* gte help [COMMAND]: the overview, or the help of one subcommand. */
#include <stdio.h>

#include "arguments.h"
#include "report.h"

static void overview(FILE *out)
{
    const cli_command *command;
    fputs("Usage: gte COMMAND [OPTION...] [ARGUMENT...]\n\n"
          "Turn text into vectors that lie close together when the texts mean the same.\n\n"
          "Commands:\n",
          out);
    for (size_t i = 0; (command = cli__command_at(i)); i++)
        fprintf(out, "  %-12s%s\n", command->name, command->summary);
    fputs("\n"
          "'gte help COMMAND' tells more; so do the manual pages, gte(1) and gte-COMMAND(1).\n\n"
          "Environment:\n"
          "  GTE_MODEL   the model, a file or the name of an installed one, where -m is not\n"
          "              given; without either it is the default model\n"
          "  GTE_THREADS threads, where --threads is not given\n"
          "  GTE_BACKEND what multiplies matrices, where --backend is not given\n"
          "  GTE_CPU     highest instruction set to use: scalar, avx2, avxvnni,\n"
          "              avx512, avx512vnni, avx512bf16\n"
          "  NO_COLOR    no colours\n\n"
          "Exit status: 0 success, 1 failure, 2 wrong usage, 130 interrupted,\n"
          "141 the reader of standard output went away.\n",
          out);
}

/* Without `self` it is the answer to `gte` alone, which is a mistake: standard error. */
static int run_help(const cli_command *self, int argc, char **argv)
{
    int operands;
    if (!self) {
        overview(stderr);
        return CLI_USAGE;
    }
    int code = cli__parse(self, argc, argv, NULL, &operands);
    if (code != CLI_RUN) return code;
    if (operands > 1) return cli__misuse("one command at a time");
    if (operands == 0) {
        overview(stdout);
    } else {
        const cli_command *command = cli__command_named(argv[0]);
        if (!command) return cli__unknown_command(argv[0]);
        cli__print_help(command, stdout);
    }
    return cli__close_stdout();
}

static const cli_option options[] = {CLI_LAST_ROW};

const cli_command cli__help_command = {
    .name = "help",
    .synopsis = "[COMMAND]",
    .summary = "Show what a command does and its options.",
    .options = options,
    .run = run_help,
};
