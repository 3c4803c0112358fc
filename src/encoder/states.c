/* Rows' states at a point of the pass, out of the workspace and back: what the rest of the pass
 * reads of a row, as it is, so that nothing is rounded a second time. */
#include <string.h>

#include "encoder/encoder.h"

/* A row of a state: the state between layers, then what the next step reads beside it. */
typedef struct parts {
    size_t hidden, scale, beside; /* bytes; 0: it has none */
    char *from;                   /* the first row of what stands beside, and its stride */
    size_t stride;
} parts;

static parts parts_of(const gte__encoder *e, gte__point point)
{
    const gte__file_header *h = e->model->header;
    const size_t hidden = h->hidden_size;
    parts p = {.hidden = hidden * sizeof *e->hidden};
    if (point.projected) {
        p.beside = 3 * hidden * gte__element_bytes(e->wide_type);
        p.from = e->wide;
        p.stride = e->wide_stride;
    } else if (point.layer < h->layers && e->input != (char *)e->hidden) {
        p.beside = hidden * gte__element_bytes(e->input_type);
        p.from = e->input;
        p.stride = e->input_stride;
        if (e->input_type == GTE__ELEMENT_INT8) p.scale = sizeof *e->scales;
    }
    return p;
}

size_t gte__state_bytes(const gte__encoder *e, gte__point point)
{
    const parts p = parts_of(e, point);
    return p.hidden + p.scale + p.beside;
}

void gte__states_save(const gte__encoder *e, gte__point point, size_t row, size_t rows, void *out)
{
    const parts p = parts_of(e, point);
    char *at = out;
    for (size_t end = row + rows; row < end; row++) {
        memcpy(at, gte__hidden_row(e, row), p.hidden);
        at += p.hidden;
        if (p.scale) memcpy(at, &e->scales[row], p.scale);
        at += p.scale;
        if (p.beside) memcpy(at, p.from + row * p.stride, p.beside);
        at += p.beside;
    }
}

void gte__states_load(gte__encoder *e, gte__point point, size_t row, size_t rows, const void *in)
{
    const parts p = parts_of(e, point);
    const char *at = in;
    for (size_t end = row + rows; row < end; row++) {
        memcpy(gte__hidden_row(e, row), at, p.hidden);
        at += p.hidden;
        if (p.scale) memcpy(&e->scales[row], at, p.scale);
        at += p.scale;
        if (p.beside) memcpy(p.from + row * p.stride, at, p.beside);
        at += p.beside;
    }
}
