/* Writes the weight of a linear layer in panels (base/panels.h): 32 rows of it at a time, a stretch
 * of columns at a time, through one small buffer. */
#include <string.h>

#include "convert/quantise.h"

/* Columns of one stretch, a whole number of units: half of the buffer holds rows as they are read,
 * the other half takes them packed. */
#define STRETCH 1024u
#define HALF (GTE__PANEL_COLUMNS * STRETCH)
static_assert(2 * HALF == CONVERT__BUFFER_FLOATS, "two halves");

/* Where the numbers come from: the checkpoint, or memory. */
typedef struct source {
    const convert__item *item;
    const float *matrix, *scale;
} source;

/* Row `row` of the whole matrix, columns [first, first + n). */
static gte_status read_row(const source *from, uint32_t row, uint32_t first, size_t n, float *out,
                           gte_error *err)
{
    const convert__item *item = from->item;
    if (from->matrix) {
        memcpy(out, from->matrix + (size_t)row * item->record.cols + first, n * sizeof *out);
        return GTE_OK;
    }
    const uint64_t part_rows = item->parts[0]->shape[0];
    const convert__tensor *part = item->parts[row / part_rows];
    return convert__read_finite(part, row % part_rows * item->record.cols + first, n, out, err);
}

/* rows [32, STRETCH] to units [n, 32] of f32 */
static void pack_f32(const float *rows, size_t n, float *out)
{
    for (size_t k = 0; k < n; k++)
        for (size_t r = 0; r < GTE__PANEL_COLUMNS; r++) *out++ = rows[r * STRETCH + k];
}

/* rows [32, STRETCH] to units [(n + 1) / 2, 32] of two bf16 */
static bool pack_bf16(const float *rows, size_t n, uint16_t *out)
{
    bool ok = true;
    for (size_t k = 0; k < n; k += 2)
        for (size_t r = 0; r < GTE__PANEL_COLUMNS; r++)
            for (size_t i = k; i < k + 2; i++, out++) {
                *out = 0;
                if (i < n) ok = convert__bf16_round(rows[r * STRETCH + i], out) && ok;
            }
    return ok;
}

/* rows [32, STRETCH] to units [(n + 3) / 4, 32] of four s8 */
static void pack_int8(const float *rows, size_t n, const float *scale, size_t scales, int8_t *out)
{
    for (size_t k = 0; k < n; k += 4)
        for (size_t r = 0; r < GTE__PANEL_COLUMNS; r++)
            for (size_t i = k; i < k + 4; i++, out++) {
                const float by = r < scales && scale[r] > 0 ? 1 / scale[r] : 0;
                *out = i < n ? (int8_t)convert__step(rows[r * STRETCH + i], by) : 0;
            }
}

static gte_status write_stretch(convert__output *out, const source *from, uint32_t row,
                                uint32_t first, float *buffer, gte_error *err)
{
    const convert__item *item = from->item;
    const gte__tensor_record *t = &item->record;
    const size_t left = t->cols - first, n = left < STRETCH ? left : STRETCH;
    float *packed = buffer + HALF;
    memset(buffer, 0, HALF * sizeof *buffer); /* rows past the last are zero */
    for (uint32_t r = 0; r < GTE__PANEL_COLUMNS && row + r < t->rows; r++) {
        gte_status status = read_row(from, row + r, first, n, buffer + r * STRETCH, err);
        if (status != GTE_OK) return status;
    }
    if (t->dtype == GTE__DTYPE_F32)
        pack_f32(buffer, n, packed);
    else if (t->dtype == GTE__DTYPE_INT8)
        pack_int8(buffer, n, from->scale + row, t->rows - row, (int8_t *)(void *)packed);
    else if (!pack_bf16(buffer, n, (uint16_t *)(void *)packed))
        return gte__fail(err, GTE_E_FORMAT, 0,
                         "%.60s: tensor %.80s: a number is too large for bf16",
                         item->parts[0]->file, item->parts[0]->name);
    return convert__output_write(
        out, packed, gte__panel_units((gte__element)t->dtype, n) * GTE__LINE_BYTES, err);
}

gte_status convert__write_panels(convert__output *out, const convert__item *item,
                                 const float *matrix, const float *scale, float *buffer,
                                 gte_error *err)
{
    const source from = {item, matrix, scale};
    const gte__tensor_record *t = &item->record;
    for (uint32_t row = 0; row < t->rows; row += GTE__PANEL_COLUMNS) {
        for (uint32_t first = 0; first < t->cols; first += STRETCH) {
            gte_status status = write_stretch(out, &from, row, first, buffer, err);
            if (status != GTE_OK) return status;
        }
    }
    return GTE_OK;
}
