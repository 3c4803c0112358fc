/* The loops of attention (kernels/attention.h): blocks of queries, blocks of keys, tiles.
 * Nothing here depends on an instruction set. */
#include "kernels/attention.h"

#include <math.h>
#include <string.h>

#define LOG2_E 1.44269504088896340736f

/* Geometry of one head's panels. */
typedef struct shape {
    size_t key_panel;   /* bytes of one panel of keys */
    size_t value_panel; /* bytes of one panel of values: all keys */
    size_t value_panels;
    const char *keys, *values;
} shape;

static shape shape_of(const gte__attention_kernel *kernel, const gte__attention *at)
{
    const size_t keys = gte__panel_count(at->length) * GTE__PANEL_COLUMNS;
    shape s = {
        .key_panel = gte__panel_units(kernel->type, at->head_size) * GTE__LINE_BYTES,
        .value_panel = gte__panel_units(kernel->type, keys) * GTE__LINE_BYTES,
        .value_panels = gte__panel_count(at->head_size),
        .keys = at->panels,
    };
    s.values = s.keys + gte__panels_bytes(kernel->type, keys, at->head_size);
    return s;
}

void gte__attention_pack(const gte__attention_kernel *kernel, const gte__attention *at)
{
    const shape s = shape_of(kernel, at);
    char *panels = at->panels;
    kernel->pack_keys(panels, at->k, at->stride, at->length, at->head_size);
    kernel->pack_values(panels + (s.values - s.keys), at->v, at->stride, at->length, at->head_size);
}

/* A block of queries on its way through the keys. */
typedef struct queries {
    const void *q;
    size_t rows;
    float *scores; /* [rows, GTE__ATTENTION_STRIDE bytes] */
    float *acc;    /* [rows, value_panels * 32]: sums of weighted values */
    float top[GTE__TILE_ROWS_MAX], sum[GTE__TILE_ROWS_MAX], keep[GTE__TILE_ROWS_MAX];
} queries;

static void run_tiles(const gte__gemm_kernel *gemm, gte__tile *tile, size_t rows)
{
    const char *panel = tile->panel;
    char *out = tile->out;
    const char *init = tile->init;
    for (size_t column = 0; column < GTE__PANEL_COLUMNS; column += gemm->columns) {
        const size_t bytes = column * GTE__UNIT_BYTES;
        tile->panel = panel + bytes;
        tile->out = out + bytes;
        tile->init = init ? init + bytes : NULL;
        gemm->tiles[rows - 1](tile);
    }
}

/* Scores of the block against keys [first, first + count). */
static void score(const gte__attention_kernel *kernel, const gte__attention *at, const shape *s,
                  queries *qs, size_t first, size_t count)
{
    for (size_t key = 0; key < count; key += GTE__PANEL_COLUMNS) {
        const char *panel = s->keys + (first + key) / GTE__PANEL_COLUMNS * s->key_panel;
        gte__tile tile = {
            .a = qs->q,
            .a_stride = at->stride,
            .panel = panel,
            .units = gte__panel_units(kernel->type, at->head_size),
            .next = panel + s->key_panel,
            .out = qs->scores + key,
            .out_stride = GTE__ATTENTION_STRIDE,
        };
        run_tiles(kernel->gemm, &tile, qs->rows);
    }
}

/* acc = acc keep + weights V for those keys. */
static void weigh(const gte__attention_kernel *kernel, const shape *s, queries *qs, size_t first,
                  size_t count)
{
    const size_t width = s->value_panels * GTE__PANEL_COLUMNS;
    if (first > 0) {
        for (size_t r = 0; r < qs->rows; r++) {
            float *acc = qs->acc + r * width;
            kernel->scale_row(acc, acc, qs->keep[r], width, GTE__ELEMENT_F32);
        }
    }
    for (size_t p = 0; p < s->value_panels; p++) {
        const char *panel = s->values + p * s->value_panel;
        float *acc = qs->acc + p * GTE__PANEL_COLUMNS;
        gte__tile tile = {
            .a = qs->scores,
            .a_stride = GTE__ATTENTION_STRIDE,
            .panel = panel + gte__panel_units(kernel->type, first) * GTE__LINE_BYTES,
            .units = gte__panel_units(kernel->type, count),
            .next = panel,
            .init = first > 0 ? acc : NULL,
            .init_stride = first > 0 ? width * sizeof *acc : 0,
            .out = acc,
            .out_stride = width * sizeof *acc,
        };
        run_tiles(kernel->gemm, &tile, qs->rows);
    }
}

static void attend(const gte__attention_kernel *kernel, const gte__attention *at, const shape *s,
                   queries *qs)
{
    for (size_t r = 0; r < qs->rows; r++) qs->top[r] = -INFINITY, qs->sum[r] = 0;
    const size_t blocks = (at->length + GTE__ATTENTION_KEYS - 1) / GTE__ATTENTION_KEYS;
    const size_t block = gte__panel_count((at->length + blocks - 1) / blocks) * GTE__PANEL_COLUMNS;
    for (size_t first = 0; first < at->length; first += block) {
        const size_t left = at->length - first, count = left < block ? left : block;
        score(kernel, at, s, qs, first, count);
        const gte__softmax softmax = {
            .scores = qs->scores,
            .stride = GTE__ATTENTION_STRIDE,
            .rows = qs->rows,
            .keys = count,
            .scale = at->scale * LOG2_E,
            .top = qs->top,
            .sum = qs->sum,
            .keep = qs->keep,
        };
        kernel->softmax(&softmax);
        weigh(kernel, s, qs, first, count);
    }
}

void gte__attention_rows(const gte__attention_kernel *kernel, const gte__attention *at, size_t row,
                         size_t row_end)
{
    const shape s = shape_of(kernel, at);
    const size_t tallest = kernel->gemm->rows, count = row_end - row;
    const size_t blocks = (count + tallest - 1) / tallest;
    const size_t width = s.value_panels * GTE__PANEL_COLUMNS;
    char *scratch = at->scratch;
    queries qs = {
        .scores = at->scratch,
        .acc = (float *)(void *)(scratch + (size_t)GTE__TILE_ROWS_MAX * GTE__ATTENTION_STRIDE),
    };
    for (size_t left = blocks; left > 0; left--) {
        qs.rows = (row_end - row + left - 1) / left;
        qs.q = (const char *)at->q + row * at->stride;
        attend(kernel, at, &s, &qs);
        for (size_t r = 0; r < qs.rows; r++) {
            kernel->scale_row((char *)at->out + (row + r) * at->out_stride, qs.acc + r * width,
                              1 / qs.sum[r], at->head_size, at->out_type);
        }
        row += qs.rows;
    }
}
