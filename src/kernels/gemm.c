/* The loops around the tiles: which rows meet which panel, and when.
 *
 * A block of rows small enough for half of L2 stays there while the panels stream past it once;
 * each panel (32 columns of weights) is used by all tiles of the block while it is near, and each
 * tile asks for a part of the panel after it. K is never cut: a tile's sums stay in registers
 * until they are complete, so C is written once and the epilogue costs no traffic.
 *
 * Instruction sets supply tiles and epilogues (kernels/<isa>/); nothing here depends on one. */
#include "kernels/gemm.h"

#include <stdbool.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)512 * 1024) /* of A; half of a 1 MB L2 */

#define ONE_TILE_AHEAD 8192u /* bytes; the panels are one stream when one tile uses each */

static _Alignas(64) const float zeros[GTE__PANEL_COLUMNS];

/* The values of one panel's columns, padded to 32 where the last panel is not full. */
typedef struct columns {
    const float *bias, *scale, *sums;
    size_t first, count;
    _Alignas(64) float padded[3][GTE__PANEL_COLUMNS];
} columns;

static const float *columns_pad(columns *cols, const float *from, int slot)
{
    if (!from) return zeros;
    if (cols->count == GTE__PANEL_COLUMNS) return from + cols->first;
    memset(cols->padded[slot], 0, sizeof cols->padded[slot]);
    memcpy(cols->padded[slot], from + cols->first, cols->count * sizeof *from);
    return cols->padded[slot];
}

static void columns_set(columns *cols, const gte__gemm_weights *w, size_t panel)
{
    cols->first = panel * GTE__PANEL_COLUMNS;
    cols->count = w->n - cols->first;
    if (cols->count > GTE__PANEL_COLUMNS) cols->count = GTE__PANEL_COLUMNS;
    cols->bias = columns_pad(cols, w->bias, 0);
    cols->scale = columns_pad(cols, w->scale, 1);
    cols->sums = columns_pad(cols, w->sums, 2);
}

static size_t c_bytes(const gte__gemm *g)
{
    return g->c_type == GTE__ELEMENT_F32 ? 4 : 2;
}

static void *c_at(const gte__gemm *g, size_t row, size_t column)
{
    return (char *)g->c + row * g->c_stride + column * c_bytes(g);
}

/* The sums of one tile are C itself: nothing is left to do to them. */
static bool is_direct(const gte__gemm_kernel *kernel, const gte__gemm *g, const columns *cols)
{
    return g->epilogue == GTE__EPILOGUE_BIAS && g->c_type == GTE__ELEMENT_F32 &&
           kernel->weights != GTE__ELEMENT_INT8 && cols->count == GTE__PANEL_COLUMNS;
}

/* One tile's height over the whole panel: `at` is the panel's start, `next` what to prefetch. */
static void run_tile(const gte__gemm_kernel *kernel, const gte__gemm *g, const columns *cols,
                     size_t row, size_t rows, const char *at, const char *next)
{
    _Alignas(64) float acc[GTE__TILE_ROWS_MAX * GTE__PANEL_COLUMNS];
    const bool direct = is_direct(kernel, g, cols);
    const float *init = kernel->weights == GTE__ELEMENT_INT8 ? NULL : cols->bias;
    gte__tile tile = {
        .a = (const char *)g->a + row * g->a_stride,
        .a_stride = g->a_stride,
        .units = gte__panel_units(kernel->weights, g->weights->k),
        .out_stride = direct ? g->c_stride : GTE__LINE_BYTES,
    };
    for (size_t column = 0; column < GTE__PANEL_COLUMNS; column += kernel->columns) {
        tile.panel = at + column * GTE__UNIT_BYTES;
        tile.next = next + column * GTE__UNIT_BYTES;
        tile.init = init ? init + column : NULL;
        tile.out = direct ? c_at(g, row, cols->first + column) : acc + column;
        kernel->tiles[rows - 1](&tile);
    }
    if (direct) return;
    const gte__finish finish = {
        .acc = acc,
        .rows = rows,
        .columns = cols->count,
        .bias = cols->bias,
        .scale = cols->scale,
        .sums = cols->sums,
        .a_rows = g->a_rows ? g->a_rows + row : NULL,
        .c = c_at(g, row, cols->first),
        .c_stride = g->c_stride,
        .residual = g->residual ? (const float *)(const void *)((const char *)g->residual +
                                                                row * g->residual_stride) +
                                      cols->first
                                : NULL,
        .residual_stride = g->residual_stride,
    };
    kernel->finish[g->epilogue][g->c_type](&finish);
}

/* All tiles of a block against one panel; heights differ by one at most, since a short tile at
 * the end would leave the multipliers idle. */
static void run_panel(const gte__gemm_kernel *kernel, const gte__gemm *g, size_t row,
                      size_t row_end, const columns *cols, const char *at, const char *next)
{
    const size_t lines = gte__panel_units(kernel->weights, g->weights->k);
    const size_t tiles = (row_end - row + kernel->rows - 1) / kernel->rows;
    const size_t rows = (row_end - row) / tiles, taller = (row_end - row) % tiles;
    for (size_t t = 0; t < tiles; t++) {
        const size_t height = rows + (t < taller), slice = t * lines / tiles;
        const char *soon = tiles == 1 ? at + ONE_TILE_AHEAD : next + slice * GTE__LINE_BYTES;
        run_tile(kernel, g, cols, row, height, at, soon);
        row += height;
    }
}

void gte__gemm_run(const gte__gemm_kernel *kernel, const gte__gemm *g, size_t row, size_t row_end,
                   size_t panel, size_t panel_end)
{
    if (row >= row_end || panel >= panel_end) return;
    const size_t bytes = gte__panel_units(kernel->weights, g->weights->k) * GTE__LINE_BYTES;
    const char *panels = g->weights->panels;
    const size_t blocks = ((row_end - row) * g->a_stride + BLOCK_BYTES - 1) / BLOCK_BYTES;
    for (size_t left = blocks ? blocks : 1; left > 0; left--) {
        const size_t block_end = row + (row_end - row + left - 1) / left;
        for (size_t p = panel; p < panel_end; p++) {
            const char *at = panels + p * bytes;
            const char *next = at + bytes;
            if (p + 1 == panel_end) next = left > 1 ? panels + panel * bytes : g->next;
            columns cols;
            columns_set(&cols, g->weights, p);
            run_panel(kernel, g, row, block_end, &cols, at, next ? next : at);
        }
        row = block_end;
    }
}
