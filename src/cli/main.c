/* The command `gte`: a table of subcommands and the choice among them. */
#include <stdio.h>
#include <string.h>

#include "interrupt.h"
#include "report.h"

static const cli_command *const commands[] = {
    &cli__embed_command,   &cli__similarity_command, &cli__search_command, &cli__tokenize_command,
    &cli__predict_command, &cli__eval_command,       &cli__train_command,  &cli__bench_command,
    &cli__profile_command, &cli__cache_command,      &cli__serve_command,  &cli__info_command,
    &cli__verify_command,  &cli__convert_command,    &cli__pull_command,   &cli__list_command,
    &cli__rm_command,      &cli__version_command,    &cli__help_command,
};

const cli_command *cli__command_at(size_t i)
{
    return i < sizeof commands / sizeof *commands ? commands[i] : NULL;
}

const cli_command *cli__command_named(const char *name)
{
    const cli_command *command;
    for (size_t i = 0; (command = cli__command_at(i)); i++)
        if (strcmp(command->name, name) == 0) return command;
    return NULL;
}

static const char *command_name(const void *from, size_t i)
{
    const cli_command *command = cli__command_at(i);
    (void)from;
    return command ? command->name : NULL;
}

int cli__unknown_command(const char *word)
{
    const char *near = cli__nearest(word, command_name, NULL);
    if (near) return cli__misuse("unknown command '%s'; did you mean '%s'?", word, near);
    return cli__misuse("unknown command '%s'", word);
}

int main(int argc, char **argv)
{
    char version[] = "version", help[] = "help";
    cli__interrupt_setup();
    if (argc < 2) {
        cli__help_command.run(NULL, 0, NULL);
        return CLI_USAGE;
    }
    char *word = argv[1];
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) word = version;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) word = help;
    const cli_command *command = cli__command_named(word);
    if (!command) {
        if (word[0] == '-') return cli__misuse("unknown option '%s'", word);
        return cli__unknown_command(word);
    }
    cli__report_as(command->name);
    return command->run(command, argc - 2, argv + 2);
}
