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

/* rows [32, STRETCH] to units [n, 32]. */
static void pack(const float *rows, size_t n, float *out)
{
    for (size_t k = 0; k < n; k++)
        for (size_t r = 0; r < GTE__PANEL_COLUMNS; r++) *out++ = rows[r * STRETCH + k];
}

static gte_status write_stretch(convert__output *out, const convert__item *item, uint32_t row,
                                uint32_t first, float *buffer, gte_error *err)
{
    const gte__tensor_record *t = &item->record;
    const size_t left = t->cols - first, n = left < STRETCH ? left : STRETCH;
    memset(buffer, 0, HALF * sizeof *buffer); /* rows past the last are zero */
    for (uint32_t r = 0; r < GTE__PANEL_COLUMNS && row + r < t->rows; r++) {
        gte_status status = read_row(item, row + r, first, n, buffer + r * STRETCH, err);
        if (status != GTE_OK) return status;
    }
    pack(buffer, n, buffer + HALF);
    return convert__output_write(out, buffer + HALF, n * GTE__LINE_BYTES, err);
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
