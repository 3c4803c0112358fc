/* The order of packed weights: how the matrix of a linear layer lies in the file and in memory.
 *
 * W [N, K] (N outputs, K inputs) lies in panels of 32 columns, one column an output, so that a
 * kernel reads one stream of whole cache lines and needs nothing else of it:
 *
 *     panels[N / 32][K / unit][32] of 4-byte units;   unit: 1 f32 | 2 bf16 | 4 int8 along K
 *
 * N is rounded up to 32, K to the unit; what is padding is zero. The same order for every
 * instruction set. Geometry only: convert/panels.c packs, src/kernels/gemm.c multiplies. */
#ifndef GTE_BASE_PANELS_H
#define GTE_BASE_PANELS_H

#include <stddef.h>

#define GTE__PANEL_COLUMNS 32u
#define GTE__UNIT_BYTES 4u
#define GTE__LINE_BYTES (GTE__PANEL_COLUMNS * GTE__UNIT_BYTES) /* one unit of K of a panel */

/* Numbers are those of the file (model/format.h). */
typedef enum gte__element {
    GTE__ELEMENT_F32 = 0,
    GTE__ELEMENT_BF16 = 1,
    GTE__ELEMENT_INT8 = 2 /* s8 as weights, u8 with gte__row_scale as activations */
} gte__element;

/* Elements of K in one unit: 1, 2 or 4. */
static inline size_t gte__unit_elements(gte__element type)
{
    return (size_t)1 << type;
}

/* Bytes of one element: 4, 2 or 1. */
static inline size_t gte__element_bytes(gte__element type)
{
    return GTE__UNIT_BYTES >> type;
}

/* Units along K, and panels across N. */
static inline size_t gte__panel_units(gte__element type, size_t k)
{
    return (k + gte__unit_elements(type) - 1) / gte__unit_elements(type);
}
static inline size_t gte__panel_count(size_t n)
{
    return (n + GTE__PANEL_COLUMNS - 1) / GTE__PANEL_COLUMNS;
}

/* Bytes of the panels of [N, K]; the caller has bounded N and K (model/format.h). */
static inline size_t gte__panels_bytes(gte__element type, size_t n, size_t k)
{
    return gte__panel_count(n) * gte__panel_units(type, k) * GTE__LINE_BYTES;
}

#endif
