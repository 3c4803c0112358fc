/* Digests of files on disk, as hubs name them: SHA-256 of large files, git's name of small ones. */
#ifndef GTE_PULL_DIGEST_H
#define GTE_PULL_DIGEST_H

#include <stdbool.h>

#include "base/status.h"

#define PULL__SHA256_SIZE 65 /* hexadecimal digits and NUL */
#define PULL__SHA1_SIZE 41

/* Lower-case hexadecimal. `git_blob` is SHA-1 over "blob SIZE\0" and the content. Either may be
 * NULL. Errors: GTE_E_IO, GTE_E_CANCELLED when `cancelled` says so. */
gte_status pull__digest_file(const char *path, char *sha256, char *git_blob,
                             bool (*cancelled)(void *arg), void *arg, gte_error *err);

/* Whether `text` is exactly `digits` lower-case hexadecimal digits. */
bool pull__is_hex(const char *text, size_t digits);

#endif
