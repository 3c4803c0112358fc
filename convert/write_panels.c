/* Writes the weight of a linear layer in panels (base/panels.h): 32 rows of it at a time, a stretch
 * of columns at a time, through one small buffer. */
#include <string.h>

#include "convert/pack.h"

/* Columns of one stretch, a whole number of units: half of the buffer holds rows as they are read,
 * the other half takes them packed. */
#define STRETCH 1024u
#define HALF (GTE__PANEL_COLUMNS * STRETCH)
static_assert(2 * HALF == CONVERT__BUFFER_FLOATS, "two halves");

/* Row `row` of the whole matrix, columns [first, first + n). */
static gte_status read_row(const convert__item *item, uint32_t row, uint32_t first, size_t n,
                           float *out, gte_error *err)
{
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

/* To nearest, ties to even. False when the number is beyond what bf16 holds. */
static bool bf16_round(float x, uint16_t *out)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    *out = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    return (*out & 0x7f80) != 0x7f80;
}

/* rows [32, STRETCH] to units [(n + 1) / 2, 32] of two bf16 */
static bool pack_bf16(const float *rows, size_t n, uint16_t *out)
{
    bool ok = true;
    for (size_t k = 0; k < n; k += 2)
        for (size_t r = 0; r < GTE__PANEL_COLUMNS; r++)
            for (size_t i = k; i < k + 2; i++, out++) {
                *out = 0;
                if (i < n) ok = bf16_round(rows[r * STRETCH + i], out) && ok;
            }
    return ok;
}

static gte_status write_stretch(convert__output *out, const convert__item *item, uint32_t row,
                                uint32_t first, float *buffer, gte_error *err)
{
    const gte__tensor_record *t = &item->record;
    const size_t left = t->cols - first, n = left < STRETCH ? left : STRETCH;
    float *packed = buffer + HALF;
    memset(buffer, 0, HALF * sizeof *buffer); /* rows past the last are zero */
    for (uint32_t r = 0; r < GTE__PANEL_COLUMNS && row + r < t->rows; r++) {
        gte_status status = read_row(item, row + r, first, n, buffer + r * STRETCH, err);
        if (status != GTE_OK) return status;
    }
    if (t->dtype == GTE__DTYPE_F32)
        pack_f32(buffer, n, packed);
    else if (!pack_bf16(buffer, n, (uint16_t *)(void *)packed))
        return gte__fail(err, GTE_E_FORMAT, 0,
                         "%.60s: tensor %.80s: a number is too large for bf16",
                         item->parts[0]->file, item->parts[0]->name);
    return convert__output_write(
        out, packed, gte__panel_units((gte__element)t->dtype, n) * GTE__LINE_BYTES, err);
}

gte_status convert__write_panels(convert__output *out, const convert__item *item, float *buffer,
                                 gte_error *err)
{
    const gte__tensor_record *t = &item->record;
    for (uint32_t row = 0; row < t->rows; row += GTE__PANEL_COLUMNS) {
        for (uint32_t first = 0; first < t->cols; first += STRETCH) {
            gte_status status = write_stretch(out, item, row, first, buffer, err);
            if (status != GTE_OK) return status;
        }
    }
    return GTE_OK;
}
