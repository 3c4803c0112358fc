/* Writes the table of word embeddings in fewer bits than f32, a row at a time. */
#include <math.h>
#include <string.h>

#include "convert/pack.h"

bool convert__bf16_round(float x, uint16_t *out)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    *out = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    return (*out & 0x7f80) != 0x7f80;
}

/* x = scale q + offset, q in 0 .. 255: from the least to the most of the row. */
typedef struct row_scale {
    float scale, offset;
} row_scale;

static row_scale scale_of(const float *x, size_t n)
{
    float low = x[0], high = x[0];
    for (size_t i = 1; i < n; i++) {
        low = fminf(low, x[i]);
        high = fmaxf(high, x[i]);
    }
    return (row_scale){high / 255 - low / 255, low};
}

static void row_to_u8(const float *x, size_t n, uint8_t *out)
{
    const row_scale s = scale_of(x, n);
    for (size_t i = 0; i < n; i++) {
        const float q = s.scale > 0 ? (x[i] - s.offset) / s.scale + 0.5f : 0;
        out[i] = (uint8_t)(q < 255 ? q : 255);
    }
}

/* The buffer's first half takes a row, the second what becomes of it. */
gte_status convert__write_table(convert__output *out, const convert__item *item, float *buffer,
                                gte_error *err)
{
    const gte__tensor_record *t = &item->record;
    const size_t n = t->cols;
    uint16_t *half = (uint16_t *)(void *)(buffer + n);
    static_assert(2 * GTE__MAX_HIDDEN <= CONVERT__BUFFER_FLOATS, "two rows");
    for (uint64_t row = 0; row < t->rows; row++) {
        bool ok = true;
        gte_status status = convert__read_finite(item->parts[0], row * n, n, buffer, err);
        if (status != GTE_OK) return status;
        if (t->dtype == GTE__DTYPE_INT8)
            row_to_u8(buffer, n, (uint8_t *)half);
        else
            for (size_t i = 0; i < n; i++) ok = convert__bf16_round(buffer[i], &half[i]) && ok;
        if (!ok)
            return gte__fail(err, GTE_E_FORMAT, 0,
                             "%.60s: tensor %.80s: a number is too large for bf16",
                             item->parts[0]->file, item->parts[0]->name);
        status =
            convert__output_write(out, half, n * gte__element_bytes((gte__element)t->dtype), err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}

gte_status convert__write_table_scales(convert__output *out, const convert__item *table,
                                       float *buffer, gte_error *err)
{
    const size_t n = table->record.cols;
    for (uint64_t row = 0; row < table->record.rows; row++) {
        gte_status status = convert__read_finite(table->parts[0], row * n, n, buffer, err);
        if (status != GTE_OK) return status;
        const row_scale s = scale_of(buffer, n);
        status = convert__output_write(out, &s, sizeof s, err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}
