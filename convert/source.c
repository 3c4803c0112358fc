/* Mapped files of the model directory, notes and cancellation. */
#include "convert/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"

static bool safe_name(const char *name)
{
    if (name[0] == '/' || name[0] == '\0') return false;
    for (const char *p = name; p; p = strchr(p, '/')) {
        if (*p == '/') p++;
        if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || p[2] == '\0')) return false;
    }
    return true;
}

static char *join(const char *dir, const char *name)
{
    size_t a = strlen(dir), b = strlen(name);
    char *path = malloc(a + b + 2);
    if (!path) return NULL;
    memcpy(path, dir, a);
    path[a] = '/';
    memcpy(path + a + 1, name, b + 1);
    return path;
}

static gte_status map(convert__input *out, int fd, uint64_t max_size, gte_error *err)
{
    static const uint8_t empty[1];
    struct stat st;
    if (fstat(fd, &st) != 0)
        return gte__fail(err, GTE_E_IO, 0, "%s: %s", out->name, strerror(errno));
    if (!S_ISREG(st.st_mode)) return gte__fail(err, GTE_E_IO, 0, "%s: not a file", out->name);
    if ((uint64_t)st.st_size > max_size || (uint64_t)st.st_size > SIZE_MAX)
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: %llu bytes, more than the limit of %llu",
                         out->name, (unsigned long long)st.st_size, (unsigned long long)max_size);
    out->size = (size_t)st.st_size;
    out->data = empty;
    if (out->size == 0) return gte__ok(err);
    void *p = mmap(NULL, out->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return gte__fail(err, GTE_E_IO, 0, "%s: cannot be mapped: %s", out->name, strerror(errno));
    out->map = p;
    out->data = p;
    return gte__ok(err);
}

gte_status convert__input_open(convert__input *out, const convert__source *source, const char *name,
                               uint64_t max_size, bool *found, gte_error *err)
{
    *out = (convert__input){0};
    if (found) *found = false;
    if (!safe_name(name))
        return gte__fail(err, GTE_E_FORMAT, 0, "\"%s\": not a path inside the model directory",
                         name);
    char *path = join(source->dir, name);
    out->name = strdup(name);
    if (!path || !out->name) {
        free(path);
        convert__input_close(out);
        return gte__fail(err, GTE_E_MEMORY, 0, "out of memory opening %s", name);
    }
    /* O_NONBLOCK: a pipe under this name must not hang the open. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int error = errno;
    free(path);
    if (fd < 0) {
        convert__input_close(out);
        if (found && (error == ENOENT || error == ENOTDIR)) return gte__ok(err);
        return gte__fail(err, GTE_E_IO, 0, "%s: %s", name, strerror(error));
    }
    gte_status status = map(out, fd, max_size, err);
    close(fd);
    if (status != GTE_OK) {
        convert__input_close(out);
        return status;
    }
    if (found) *found = true;
    convert__note(source, "read %s, %zu bytes", name, out->size);
    return GTE_OK;
}

void convert__input_close(convert__input *input)
{
    if (input->map) munmap(input->map, input->size);
    free(input->name);
    *input = (convert__input){0};
}

/* Controls of either kind, and those that turn the direction of writing for what follows. */
static bool printable(uint32_t c)
{
    return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && !(c >= 0x202a && c <= 0x202e) &&
           !(c >= 0x2066 && c <= 0x2069) && c != GTE__REPLACEMENT;
}

/* What is not printable, or not UTF-8, becomes '?'. */
static void clean(char *line)
{
    const uint8_t *end = (const uint8_t *)line + strlen(line);
    char *to = line;
    unsigned size;
    for (const uint8_t *p = (const uint8_t *)line; p < end; p += size) {
        uint32_t c = gte__utf8_decode_lossy(p, end, &size);
        if (!printable(c)) {
            *to++ = '?';
            continue;
        }
        memmove(to, p, size);
        to += size;
    }
    *to = '\0';
}

/* Names out of files may carry anything; a listener gets one line of printable text. */
static void tell(void (*listener)(void *arg, const char *line), void *arg, const char *format,
                 va_list args)
{
    char line[512];
    if (!listener || vsnprintf(line, sizeof line, format, args) < 0) return;
    clean(line);
    listener(arg, line);
}

void convert__note(const convert__source *source, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(source->options->note, source->options->arg, format, args);
    va_end(args);
}

void convert__warn(const convert__source *source, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(source->options->warning, source->options->arg, format, args);
    va_end(args);
}

gte_status convert__poll(const convert__source *source, gte_error *err)
{
    const gte_convert_options *options = source->options;
    if (options->cancelled && options->cancelled(options->arg) != 0)
        return gte__fail(err, GTE_E_CANCELLED, 0, "the conversion was cancelled");
    return GTE_OK;
}
