/* Which model file a command means when it is not told. */
#ifndef GTE_CLI_MODEL_PATH_H
#define GTE_CLI_MODEL_PATH_H

#include <stdbool.h>

#define CLI_PATH_SIZE 4096

/* `asked` when it is not NULL; else the environment's GTE_MODEL, either the path of a file or the
 * name of an installed model (pull/store.h); else the first that exists of
 * default.gte in the executable's directory or the one above, ../share/gte/default.gte from there,
 * and the installed place.
 * `room` (CLI_PATH_SIZE bytes) may hold the result; *implicit: nobody named it. NULL: none,
 * reported. */
const char *cli__model_path(const char *asked, char *room, bool *implicit);

#endif
