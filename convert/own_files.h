/* Whether a path leads to a file of the model directory: what a conversion must not replace. */
#ifndef CONVERT_OWN_FILES_H
#define CONVERT_OWN_FILES_H

#include <stdbool.h>

/* True when `path`, symbolic links followed, is an existing file that also lies in `dir` or in a
 * folder of it, under this or any other name. A model file (.gte) is not counted: to convert into
 * the directory once more is fine. */
bool convert__is_own_file(const char *dir, const char *path);

#endif
