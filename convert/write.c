/* The output file: unnamed or temporarily named, then digest, flush, rename. */
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
#define NAME_SIZE 64         /* of a temporary file, without its directory */
#define DESCRIPTOR_SIZE 32   /* of a path below /proc/self/fd */
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

/* The directory of the output, to be freed. */
static char *directory_of(const convert__output *out)
{
    size_t size = directory_size(out->target);
    return size ? strndup(out->target, size) : strdup(".");
}

static const char *descriptor_path(int fd, char out[DESCRIPTOR_SIZE])
{
    snprintf(out, DESCRIPTOR_SIZE, "/proc/self/fd/%d", fd);
    return out;
}

/* Another name nobody has, in the same directory, so that the rename stays within one file system.
 */
static void choose_name(convert__output *out, unsigned attempt)
{
    size_t dir = directory_size(out->target);
    uint64_t number = attempt;
    /* Without random bytes the process and the attempt are unique enough. */
    (void)!getrandom(&number, sizeof number, GRND_NONBLOCK);
    memcpy(out->temporary, out->target, dir);
    snprintf(out->temporary + dir, NAME_SIZE, ".gte-convert-%ld-%016llx.tmp", (long)getpid(),
             (unsigned long long)number);
}

/* A file without a name, of which nothing is left however the process ends. It can be given a name
 * later by way of /proc alone, so without that there is none. */
static int open_unnamed(const convert__output *out)
{
    char descriptor[DESCRIPTOR_SIZE];
    char *dir = directory_of(out);
    int fd = dir ? open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666) : -1;
    free(dir);
    if (fd >= 0 && access(descriptor_path(fd, descriptor), F_OK) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static gte_status create(convert__output *out, gte_error *err)
{
    out->target = realpath(out->path, NULL);
    if (!out->target) out->target = strdup(out->path);
    if (out->target) out->temporary = malloc(directory_size(out->target) + NAME_SIZE);
    if (!out->temporary) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for a file name");
    out->fd = open_unnamed(out);
    for (unsigned attempt = 0; out->fd < 0 && attempt < ATTEMPTS; attempt++) {
        choose_name(out, attempt);
        out->fd = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        out->linked = out->fd >= 0;
        if (out->fd < 0 && errno != EEXIST) break;
    }
    if (out->fd >= 0) return GTE_OK;
    return gte__fail(err, GTE_E_IO, 0, "%.180s: cannot be written: %s", out->path, strerror(errno));
}

/* Gives an unnamed file the name from which it is renamed: a link cannot replace what is there. */
static bool link_unnamed(convert__output *out)
{
    char descriptor[DESCRIPTOR_SIZE];
    descriptor_path(out->fd, descriptor);
    for (unsigned attempt = 0; !out->linked && attempt < ATTEMPTS; attempt++) {
        choose_name(out, attempt);
        out->linked =
            linkat(AT_FDCWD, descriptor, AT_FDCWD, out->temporary, AT_SYMLINK_FOLLOW) == 0;
        if (!out->linked && errno != EEXIST) break;
    }
    return out->linked;
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
    char *dir = directory_of(out);
    int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
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
    ssize_t n = pwrite(out->fd, digest, sizeof digest, (off_t)digest_offset);
    /* a short write sets no errno */
    if (n != (ssize_t)sizeof digest) return write_error(out, n < 0 ? errno : EIO, err);
    if (fsync(out->fd) != 0 || !link_unnamed(out)) return write_error(out, errno, err);
    int fd = out->fd;
    out->fd = -1;
    if (close(fd) != 0) return write_error(out, errno, err);
    if (rename(out->temporary, out->target) != 0) return write_error(out, errno, err);
    out->linked = false;
    flush_directory(out);
    return gte__ok(err);
}

void convert__output_close(convert__output *out)
{
    if (out->fd >= 0) close(out->fd);
    if (out->linked) unlink(out->temporary);
    free(out->temporary);
    free(out->target);
    out->fd = -1;
    out->linked = false;
    out->temporary = out->target = NULL;
}
