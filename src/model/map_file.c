/* Mapping a file. One that shrinks while it is mapped would fault; the contract in gte.h forbids
 * changing it in place. */
#include "model/map_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static gte_status io_error(gte_error *err, const char *path)
{
    return gte__fail(err, GTE_E_IO, 0, "%.180s: %s", path, strerror(errno));
}

static gte_status map(int fd, const char *path, size_t least, const char *what,
                      const uint8_t **data, uint64_t *size, gte_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return io_error(err, path);
    if (!S_ISREG(st.st_mode))
        return gte__fail(err, GTE_E_IO, 0, "%.160s: %s, not %s", path,
                         S_ISDIR(st.st_mode) ? "a directory" : "not a regular file", what);
    if (st.st_size < (off_t)least)
        return gte__fail(err, GTE_E_FORMAT, 0, "%.100s: %lld bytes are too few for %s", path,
                         (long long)st.st_size, what);
    if ((uint64_t)st.st_size > SIZE_MAX)
        return gte__fail(err, GTE_E_UNSUPPORTED, 0, "%.180s: too large for this system", path);
    void *mapping = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (mapping == MAP_FAILED) return io_error(err, path);
    *data = mapping;
    *size = (uint64_t)st.st_size;
    return GTE_OK;
}

gte_status gte__map_file(const char *path, size_t least, const char *what, const uint8_t **data,
                         uint64_t *size, gte_error *err)
{
    /* O_NONBLOCK: a FIFO without a writer must not hang the open */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return io_error(err, path);
    gte_status status = map(fd, path, least, what, data, size, err);
    close(fd);
    return status;
}

void gte__unmap_file(const uint8_t *data, uint64_t size)
{
    union {
        const uint8_t *view;
        void *mapping;
    } p = {data}; /* munmap takes no const */
    munmap(p.mapping, (size_t)size);
}
