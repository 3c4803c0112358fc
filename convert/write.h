/* A file that appears whole or not at all: written without a name, or where the file system cannot
 * do that under a temporary one beside its place, digested on the way, flushed to the disk, then
 * renamed. Knows only the digest's place in the header of the format, nothing else of what it
 * writes. */
#ifndef CONVERT_WRITE_H
#define CONVERT_WRITE_H

#include "base/sha256.h"
#include "convert/source.h"

typedef struct convert__output {
    const convert__source *source; /* for progress and cancellation */
    const char *path;              /* as the caller gave it, for messages */
    char *target;                  /* the same with symbolic links followed */
    char *temporary;               /* the other name, of which the rename takes the file */
    bool linked;                   /* the file has that name */
    int fd;
    uint64_t size, total; /* written so far, of so many */
    gte__sha256 digest;
} convert__output;

/* GTE_E_IO when `path` is a directory, a device or another thing that a rename must not replace. */
gte_status convert__output_check(const char *path, gte_error *err);

/* Creates the file and asks the system for `total` bytes. */
gte_status convert__output_open(convert__output *out, const convert__source *source,
                                const char *path, uint64_t total, gte_error *err);

/* Appends; reports progress and polls for cancellation. */
gte_status convert__output_write(convert__output *out, const void *data, size_t size,
                                 gte_error *err);

/* Appends zeros up to `offset`, which is not before the end. */
gte_status convert__output_pad(convert__output *out, uint64_t offset, gte_error *err);

/* Puts the digest at `digest_offset` (where zeros were written), flushes and renames. A path that
 * is a symbolic link stays one. */
gte_status convert__output_commit(convert__output *out, uint64_t digest_offset, gte_error *err);

/* Closes, and removes what was not committed. */
void convert__output_close(convert__output *out);

#endif
