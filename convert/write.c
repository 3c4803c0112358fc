/* The output file: temporary name, digest, flush, rename. */
#include "convert/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTEMPTS 100
#define WRITE_MAX (1u << 20) /* bytes between two looks at cancellation */

gte_status convert__output_check(const char *path, gte_error *err)
{
    struct stat st;
    if (!*path) return gte__fail(err, GTE_E_ARGUMENT, 0, "the output path is empty");
    if (stat(path, &st) != 0) return GTE_OK;
    if (S_ISDIR(st.st_mode))
        return gte__fail(err, GTE_E_IO, 0, "%.200s: is a directory, expected a file name", path);
    if (!S_ISREG(st.st_mode))
        return gte__fail(err, GTE_E_IO, 0, "%.180s: exists and is no regular file; not replaced",
                         path);
    return GTE_OK;
}

/* The directory part of `path`, with its slash; "" when there is none. */
static size_t directory_size(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* A name nobody has, in the same directory, so that the rename stays within one file system. */
static gte_status create(convert__output *out, gte_error *err)
{
    size_t dir = directory_size(out->path);
    size_t size = dir + 64;
    out->temporary = malloc(size);
    if (!out->temporary) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for a file name");
    memcpy(out->temporary, out->path, dir);
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
        uint64_t number = attempt;
        /* Without random bytes the process and the attempt are unique enough. */
        (void)!getrandom(&number, sizeof number, GRND_NONBLOCK);
        snprintf(out->temporary + dir, size - dir, ".gte-convert-%ld-%016llx.tmp", (long)getpid(),
                 (unsigned long long)number);
        out->fd = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (out->fd >= 0) return GTE_OK;
        if (errno != EEXIST) break;
    }
    int error = errno;
    free(out->temporary);
    out->temporary = NULL;
    return gte__fail(err, GTE_E_IO, 0, "%.180s: cannot be written: %s", out->path, strerror(error));
}

static gte_status write_error(const convert__output *out, int error, gte_error *err)
{
    if (error == ENOSPC || error == EDQUOT)
        return gte__fail(err, GTE_E_IO, out->size,
                         "%.150s: no space left on the disk: %llu bytes "
                         "are needed",
                         out->path, (unsigned long long)out->total);
    return gte__fail(err, GTE_E_IO, out->size, "%.180s: cannot be written: %s", out->path,
                     strerror(error));
}

gte_status convert__output_open(convert__output *out, const convert__source *source,
                                const char *path, uint64_t total, gte_error *err)
{
    *out = (convert__output){.source = source, .path = path, .fd = -1, .total = total};
    gte__sha256_init(&out->digest);
    gte_status status = create(out, err);
    if (status != GTE_OK) return status;
    /* A disk that is too small is told now and not after a minute of writing. Where the file
     * system cannot reserve, the writes themselves will tell. */
    if (total > 0 && fallocate(out->fd, 0, 0, (off_t)total) != 0 &&
        (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
        return write_error(out, errno, err);
    return GTE_OK;
}

static gte_status write_all(convert__output *out, const uint8_t *data, size_t size, gte_error *err)
{
    while (size > 0) {
        ssize_t n = write(out->fd, data, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return write_error(out, n < 0 ? errno : EIO, err);
        data += n;
        size -= (size_t)n;
        out->size += (uint64_t)n;
    }
    return GTE_OK;
}

gte_status convert__output_write(convert__output *out, const void *data, size_t size,
                                 gte_error *err)
{
    const gte_convert_options *options = out->source->options;
    const uint8_t *bytes = data;
    while (size > 0) {
        size_t part = size < WRITE_MAX ? size : WRITE_MAX;
        gte_status status = convert__poll(out->source, err);
        if (status == GTE_OK) status = write_all(out, bytes, part, err);
        if (status != GTE_OK) return status;
        gte__sha256_update(&out->digest, bytes, part);
        if (options->progress) options->progress(options->arg, out->size, out->total);
        bytes += part;
        size -= part;
    }
    return GTE_OK;
}

gte_status convert__output_pad(convert__output *out, uint64_t offset, gte_error *err)
{
    static const uint8_t zeros[4096];
    while (out->size < offset) {
        uint64_t left = offset - out->size;
        size_t part = left < sizeof zeros ? (size_t)left : sizeof zeros;
        gte_status status = convert__output_write(out, zeros, part, err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}

/* The rename itself must reach the disk: without this a crash may bring the old directory back. A
 * file system that cannot do it (or a directory that may not be read) has given what it has. */
static void flush_directory(const convert__output *out)
{
    char *dir = strndup(out->path, directory_size(out->path));
    int fd = dir ? open(*dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(dir);
}

gte_status convert__output_commit(convert__output *out, uint64_t digest_offset, gte_error *err)
{
    uint8_t digest[32];
    gte__sha256_final(&out->digest, digest);
    if (pwrite(out->fd, digest, sizeof digest, (off_t)digest_offset) != (ssize_t)sizeof digest ||
        fsync(out->fd) != 0)
        return write_error(out, errno, err);
    int fd = out->fd;
    out->fd = -1;
    if (close(fd) != 0) return write_error(out, errno, err);
    if (rename(out->temporary, out->path) != 0) return write_error(out, errno, err);
    free(out->temporary);
    out->temporary = NULL;
    flush_directory(out);
    return gte__ok(err);
}

void convert__output_close(convert__output *out)
{
    if (out->fd >= 0) close(out->fd);
    if (out->temporary) unlink(out->temporary);
    free(out->temporary);
    out->fd = -1;
    out->temporary = NULL;
}
