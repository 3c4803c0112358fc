/* Writes the planned file from front to back; weights pass through one small buffer, where each is
 * widened to f32 and must be finite. Those of linear layers are write_panels.c's. */
#include <math.h>
#include <stdlib.h>

#include "convert/pack.h"

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

static gte_status write_data(const convert__pack *pack, convert__output *out, gte_error *err)
{
    float *buffer = malloc(CONVERT__BUFFER_FLOATS * sizeof *buffer);
    if (!buffer) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for a buffer");
    uint64_t start = pack->header.sections[GTE__SECTION_DATA].offset;
    gte_status status = GTE_OK;
    for (size_t i = 0; i < pack->count && status == GTE_OK; i++) {
        const convert__item *item = &pack->items[i];
        status = convert__output_pad(out, start + item->record.offset, err);
        if (status == GTE_OK && item->record.layout == GTE__LAYOUT_PANELS) {
            status = convert__write_panels(out, item, buffer, err);
            continue;
        }
        for (size_t j = 0; j < CONVERT__MAX_PARTS && item->parts[j] && status == GTE_OK; j++)
            status = write_tensor(out, item->parts[j], buffer, err);
    }
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
    return status;
}
