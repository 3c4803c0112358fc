/* gte rm: removes an installed model, or what an unfinished pull has left. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "pull/store.h"
#include "report.h"

static const cli_option options[] = {CLI_LAST_ROW};

static const char details[] =
    "NAME is one that gte list shows. OWNER/NAME removes what an unfinished gte pull of\n"
    "it has left. Files elsewhere are not touched.\n";

static int remove_one(const char *dir, const char *name)
{
    char path[PULL__PATH_SIZE];
    gte_error err;
    if (strchr(name, '/')) {
        if (!pull__repo_ok(name)) return cli__misuse("'%s' is neither NAME nor OWNER/NAME", name);
        return pull__stage_discard(dir, name, &err) == GTE_OK ? CLI_OK
                                                              : cli__fail("%s", err.message);
    }
    if (!pull__name_ok(name))
        return cli__misuse("'%s' is not the name of an installed model; gte list shows them", name);
    if (!pull__store_path(dir, name, path)) return cli__fail("the path of %s is too long", name);
    if (unlink(path) == 0) return CLI_OK;
    if (errno == ENOENT)
        return cli__fail("no model '%s' in %s; gte list shows what is installed", name, dir);
    return cli__fail("cannot remove %s: %s", path, strerror(errno));
}

static int run_rm(const cli_command *self, int argc, char **argv)
{
    char dir[PULL__PATH_SIZE];
    int operands, code = cli__parse(self, argc, argv, NULL, &operands);
    if (code != CLI_RUN) return code;
    if (!operands) return cli__misuse("needs the name of a model");
    if (!pull__store_dir(dir)) return cli__fail("neither XDG_DATA_HOME nor HOME is of use");
    code = CLI_OK;
    for (int i = 0; i < operands; i++) {
        int one = remove_one(dir, argv[i]);
        if (code == CLI_OK) code = one;
    }
    return code;
}

const cli_command cli__rm_command = {
    .name = "rm",
    .synopsis = "NAME...",
    .summary = "Remove installed models.",
    .details = details,
    .options = options,
    .run = run_rm,
};
