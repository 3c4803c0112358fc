/* Finding the model that a word means, and the default one. Does not open it. */
#include "model_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pull/store.h"
#include "report.h"

/* The build may set the place where `make install` puts the default model. */
#ifndef GTE_DEFAULT_MODEL
#define GTE_DEFAULT_MODEL "/usr/local/share/gte/default.gte"
#endif

static int exists(const char *directory, const char *name, char *room)
{
    int size = snprintf(room, CLI_PATH_SIZE, "%s/%s", directory, name);
    return size > 0 && size < CLI_PATH_SIZE && access(room, R_OK) == 0;
}

static const char *named_model(const char *word, char *room)
{
    const char *path = pull__store_resolve(word, room);
    if (!path)
        cli__fail("no model '%s': there is no such file, and none of that name is installed; gte "
                  "list shows those, gte pull OWNER/%s gets one",
                  word, word);
    return path;
}

const char *cli__model_path(const char *asked, char *room, bool *implicit)
{
    char here[CLI_PATH_SIZE];
    *implicit = false;
    if (asked) return named_model(asked, room);
    asked = getenv("GTE_MODEL");
    if (asked && *asked) return named_model(asked, room);

    *implicit = true;
    ssize_t size = readlink("/proc/self/exe", here, sizeof here - 1);
    if (size > 0) {
        here[size] = '\0';
        char *slash = strrchr(here, '/');
        if (slash) *slash = '\0';
        /* a build tree, build/release/gte and build/default.gte, before an installed one */
        if (exists(here, "default.gte", room)) return room;
        if (exists(here, "../default.gte", room)) return room;
        if (exists(here, "../share/gte/default.gte", room)) return room;
    }
    if (access(GTE_DEFAULT_MODEL, R_OK) == 0) return GTE_DEFAULT_MODEL;
    cli__fail("no model: give one with -m FILE or GTE_MODEL "
              "(gte pull thenlper/gte-small gets one, gte convert makes one from a directory)");
    return NULL;
}
