/* Opening a model: map, then hand to the checks in open_header.c, open_tensors.c and open_head.c.
 * Nothing of the file is copied. */
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "model/map_file.h"

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

static gte_status open_head(gte__model *m, gte_error *err)
{
    const gte__section *s = &m->header->head;
    if (s->size == 0) return GTE_OK;
    gte_status status = gte__head_view(&m->head, m, m->data + s->offset, s->size, false, err);
    if (status != GTE_OK && err) err->offset += s->offset;
    return status;
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
    if (status == GTE_OK) status = open_head(m, err);
    if (status != GTE_OK) {
        gte__model_unmap(m);
        return status;
    }
    const gte__section *tok = &m->header->sections[GTE__SECTION_TOKENIZER];
    m->tokenizer = m->data + tok->offset;
    m->tokenizer_size = tok->size;
    return GTE_OK;
}

gte_status gte__model_map(gte__model *m, const char *path, gte_error *err)
{
    const uint8_t *data;
    uint64_t size;
    *m = (gte__model){0};
    gte_status status =
        gte__map_file(path, sizeof(gte__file_header), "a model file (make one with gte convert)",
                      &data, &size, err);
    if (status != GTE_OK) return status;
    status = gte__model_view(m, data, size, err);
    if (status == GTE_OK)
        m->mapped = true;
    else
        gte__unmap_file(data, size);
    return status;
}

void gte__model_unmap(gte__model *m)
{
    free(m->layers);
    free(m->meta);
    gte__head_close(&m->head);
    if (m->mapped) gte__unmap_file(m->data, m->size);
    *m = (gte__model){0};
}
