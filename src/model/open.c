/* Opening a model: map, then hand to the checks in open_header.c and open_tensors.c.
 *
 * Nothing of the file is copied. A file that shrinks while it is mapped would fault; the contract
 * in gte.h forbids changing it in place. */
#include "model/model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static gte_status open_meta(gte__model *m, gte_error *err)
{
    const gte__section *s = &m->header->sections[GTE__SECTION_META];
    const char *text = (const char *)m->data + s->offset;
    size_t strings = 0;
    if (s->size > GTE__MAX_META_BYTES)
        return gte__fail(err, GTE_E_FORMAT, s->offset, "the metadata has more than %u bytes",
                         GTE__MAX_META_BYTES);
    if (s->size && text[s->size - 1] != '\0')
        return gte__fail(err, GTE_E_FORMAT, s->offset, "the metadata does not end with a NUL");
    for (uint64_t i = 0; i < s->size; i++) strings += text[i] == '\0';
    if (strings % 2)
        return gte__fail(err, GTE_E_FORMAT, s->offset,
                         "the metadata holds %zu strings, which are not pairs", strings);
    m->meta = calloc(strings + 1, sizeof *m->meta); /* + 1: calloc(0) may be NULL */
    if (!m->meta) return gte__fail(err, GTE_E_MEMORY, 0, "no memory for the metadata's index");
    for (size_t i = 0; i < strings; i++, text += strlen(text) + 1) m->meta[i] = text;
    m->meta_count = strings / 2;
    return GTE_OK;
}

gte_status gte__model_view(gte__model *m, const void *data, uint64_t size, gte_error *err)
{
    *m = (gte__model){.data = data, .size = size};
    if ((uintptr_t)data % GTE__TENSOR_ALIGN)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "the model's memory must be aligned to %u bytes",
                         GTE__TENSOR_ALIGN);
    gte_status status = gte__open_header(m, err);
    if (status == GTE_OK) status = open_meta(m, err);
    if (status == GTE_OK) status = gte__open_tensors(m, err);
    if (status != GTE_OK) {
        gte__model_unmap(m);
        return status;
    }
    const gte__section *tok = &m->header->sections[GTE__SECTION_TOKENIZER];
    m->tokenizer = m->data + tok->offset;
    m->tokenizer_size = tok->size;
    return GTE_OK;
}

static gte_status io_error(gte_error *err, const char *path)
{
    return gte__fail(err, GTE_E_IO, 0, "%.180s: %s", path, strerror(errno));
}

gte_status gte__model_map(gte__model *m, const char *path, gte_error *err)
{
    *m = (gte__model){0};
    struct stat st;
    void *data = MAP_FAILED;
    gte_status status;
    /* O_NONBLOCK: a FIFO without a writer must not hang the open */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return io_error(err, path);
    if (fstat(fd, &st) != 0) {
        status = io_error(err, path);
        goto fail;
    }
    if (!S_ISREG(st.st_mode)) {
        status =
            gte__fail(err, GTE_E_IO, 0, "%.180s: %s, not a model file (make one with gte convert)",
                      path, S_ISDIR(st.st_mode) ? "a directory" : "not a regular file");
        goto fail;
    }
    if (st.st_size < (off_t)sizeof(gte__file_header)) {
        status =
            gte__fail(err, GTE_E_FORMAT, 0,
                      "%.100s: %lld bytes are too few for a model file (make one with gte convert)",
                      path, (long long)st.st_size);
        goto fail;
    }
    if ((uint64_t)st.st_size > SIZE_MAX) {
        status = gte__fail(err, GTE_E_UNSUPPORTED, 0, "%.180s: too large for this system", path);
        goto fail;
    }
    data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (data == MAP_FAILED) {
        status = io_error(err, path);
        goto fail;
    }
    status = gte__model_view(m, data, (uint64_t)st.st_size, err);
    if (status != GTE_OK) goto fail;
    m->mapped = true;
    close(fd);
    return GTE_OK;
fail:
    if (data != MAP_FAILED) munmap(data, (size_t)st.st_size);
    close(fd);
    return status;
}

void gte__model_unmap(gte__model *m)
{
    free(m->layers);
    free(m->meta);
    if (m->mapped) {
        union {
            const uint8_t *view;
            void *mapping;
        } p = {m->data}; /* munmap takes no const */
        munmap(p.mapping, (size_t)m->size);
    }
    *m = (gte__model){0};
}
