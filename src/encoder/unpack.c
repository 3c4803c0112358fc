/* Weights in panels (base/panels.h) back to rows of f32, for a backend that wants them so. */
#include <string.h>

#include "encoder/linear.h"

void gte__unpack(float *out, const gte__matrix *w, gte__element type)
{
    const size_t units = gte__panel_units(type, w->cols);
    const char *panels = w->panels;
    for (size_t n = 0; n < w->rows; n++) {
        const char *column = panels + n / GTE__PANEL_COLUMNS * units * GTE__LINE_BYTES +
                             n % GTE__PANEL_COLUMNS * GTE__UNIT_BYTES;
        for (size_t k = 0; k < w->cols; k++)
            memcpy(&out[n * w->cols + k], column + k * GTE__LINE_BYTES, sizeof *out);
    }
}
