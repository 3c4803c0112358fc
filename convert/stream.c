/* Writes the planned file from front to back; weights pass through one small buffer, where each is
 * widened to f32 and must be finite. Those of linear layers are write_panels.c's. */
#include <math.h>
#include <stdlib.h>

#include "convert/quantise.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the file is little-endian and written as it lies in memory"
#endif

static gte_status check_finite(const convert__tensor *tensor, const float *values, size_t n,
                               uint64_t first, gte_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (isfinite(values[i])) continue;
        uint64_t at = first + i, cols = tensor->shape[tensor->rank - 1];
        return gte__fail(
            err, GTE_E_FORMAT, at,
            "%.60s: tensor %.80s: element %llu (row %llu, column %llu) is %s, expected "
            "a finite number",
            tensor->file, tensor->name, (unsigned long long)at, (unsigned long long)(at / cols),
            (unsigned long long)(at % cols), isnan(values[i]) ? "NaN" : "infinite");
    }
    return GTE_OK;
}

gte_status convert__read_finite(const convert__tensor *tensor, uint64_t first, size_t n, float *out,
                                gte_error *err)
{
    convert__tensor_read(tensor, first, n, out);
    return check_finite(tensor, out, n, first, err);
}

static gte_status write_tensor(convert__output *out, const convert__tensor *tensor, float *buffer,
                               gte_error *err)
{
    uint64_t total = tensor->shape[0] * (tensor->rank == 2 ? tensor->shape[1] : 1);
    for (uint64_t first = 0; first < total; first += CONVERT__BUFFER_FLOATS) {
        uint64_t left = total - first;
        size_t n = left < CONVERT__BUFFER_FLOATS ? (size_t)left : CONVERT__BUFFER_FLOATS;
        gte_status status = convert__read_finite(tensor, first, n, buffer, err);
        if (status == GTE_OK) status = convert__output_write(out, buffer, n * sizeof *buffer, err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}

/* What stands in the checkpoint under one name or more, in rows. */
static gte_status write_parts(convert__output *out, const convert__item *item, float *buffer,
                              gte_error *err)
{
    gte_status status = GTE_OK;
    if (item->record.dtype != GTE__DTYPE_F32) return convert__write_table(out, item, buffer, err);
    for (size_t j = 0; j < CONVERT__MAX_PARTS && item->parts[j] && status == GTE_OK; j++)
        status = write_tensor(out, item->parts[j], buffer, err);
    return status;
}

/* An item of a layer that was prepared for int8; `scale` is the role after a weight's bias. */
static gte_status write_prepared(convert__output *out, const convert__item *item,
                                 const convert__layer *layer, float *buffer, gte_error *err)
{
    const gte__tensor_record *t = &item->record;
    const float *values = layer->values[t->role];
    if (t->layout == GTE__LAYOUT_PANELS)
        return convert__write_panels(out, item, values, layer->values[convert__scale_role(t->role)],
                                     buffer, err);
    return convert__output_write(out, values, (size_t)t->size, err);
}

static gte_status write_item(const convert__pack *pack, convert__output *out, size_t i,
                             convert__layer *layer, float *buffer, gte_error *err)
{
    const convert__item *item = &pack->items[i];
    const gte__tensor_record *t = &item->record;
    const uint64_t start = pack->header.sections[GTE__SECTION_DATA].offset;
    gte_status status = convert__output_pad(out, start + t->offset, err);
    const bool prepared = layer->block && gte__role_is_of_layer(t->role);
    if (status == GTE_OK && prepared && t->role == GTE__QKV_WEIGHT) /* a layer's first */
        status = convert__layer_load(layer, pack, t->layer, err);
    if (status != GTE_OK) return status;
    if (prepared && layer->values[t->role]) return write_prepared(out, item, layer, buffer, err);
    if (t->role == GTE__WORD_SCALES)
        return convert__write_table_scales(out, convert__pack_find(pack, GTE__WORD_EMBEDDINGS, 0),
                                           buffer, err);
    if (t->layout == GTE__LAYOUT_PANELS)
        return convert__write_panels(out, item, NULL, NULL, buffer, err);
    return write_parts(out, item, buffer, err);
}

static gte_status write_data(const convert__pack *pack, convert__output *out, gte_error *err)
{
    convert__layer layer = {0};
    gte_status status = GTE_OK;
    float *buffer = malloc(CONVERT__BUFFER_FLOATS * sizeof *buffer);
    if (!buffer) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for a buffer");
    if (pack->header.linear_dtype == GTE__DTYPE_INT8)
        status = convert__layer_alloc(&layer, &pack->header, err);
    for (size_t i = 0; i < pack->count && status == GTE_OK; i++)
        status = write_item(pack, out, i, &layer, buffer, err);
    convert__layer_free(&layer);
    free(buffer);
    return status;
}

static gte_status write_section(const convert__pack *pack, convert__output *out, unsigned kind,
                                const void *data, gte_error *err)
{
    const gte__section *section = &pack->header.sections[kind];
    gte_status status = convert__output_pad(out, section->offset, err);
    if (status != GTE_OK || !data) return status;
    return convert__output_write(out, data, (size_t)section->size, err);
}

gte_status convert__pack_write(const convert__pack *pack, convert__output *out, gte_error *err)
{
    gte_status status = convert__output_write(out, &pack->header, sizeof pack->header, err);
    if (status == GTE_OK) status = write_section(pack, out, GTE__SECTION_META, pack->meta, err);
    if (status == GTE_OK)
        status = write_section(pack, out, GTE__SECTION_TOKENIZER, pack->tokenizer, err);
    if (status == GTE_OK) status = write_section(pack, out, GTE__SECTION_TENSORS, NULL, err);
    for (size_t i = 0; i < pack->count && status == GTE_OK; i++)
        status =
            convert__output_write(out, &pack->items[i].record, sizeof pack->items[i].record, err);
    if (status == GTE_OK) status = write_section(pack, out, GTE__SECTION_DATA, NULL, err);
    if (status == GTE_OK) status = write_data(pack, out, err);
    if (status != GTE_OK || !pack->head) return status;
    status = convert__output_pad(out, pack->header.head.offset, err);
    if (status == GTE_OK)
        status = convert__output_write(out, pack->head, (size_t)pack->head_size, err);
    return status;
}
