/* Weights in panels (base/panels.h) back to rows of f32, for a backend that wants them so. */
#include <string.h>

#include "encoder/linear.h"

static float bf16_widen(const char *p)
{
    uint16_t half;
    memcpy(&half, p, sizeof half);
    const uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

void gte__unpack(float *out, const gte__matrix *w, gte__element type)
{
    const size_t units = gte__panel_units(type, w->cols), unit = gte__unit_elements(type);
    const char *panels = w->panels;
    for (size_t n = 0; n < w->rows; n++) {
        const char *column = panels + n / GTE__PANEL_COLUMNS * units * GTE__LINE_BYTES +
                             n % GTE__PANEL_COLUMNS * GTE__UNIT_BYTES;
        for (size_t k = 0; k < w->cols; k++, out++) {
            const char *at = column + k / unit * GTE__LINE_BYTES;
            if (type == GTE__ELEMENT_INT8)
                *out = w->scale[n] * (float)(signed char)at[k % unit];
            else if (type == GTE__ELEMENT_BF16)
                *out = bf16_widen(at + k % unit * sizeof(uint16_t));
            else
                memcpy(out, at, sizeof *out);
        }
    }
}
