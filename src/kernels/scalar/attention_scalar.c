/* The parts of attention in plain C: the definition (kernels/attention.h). */
#include "kernels/attention.h"

#include <math.h>
#include <string.h>

static void pack_keys(void *panels, const void *k, size_t stride, size_t keys, size_t head_size)
{
    float *out = panels;
    memset(panels, 0, gte__panels_bytes(GTE__ELEMENT_F32, keys, head_size));
    for (size_t key = 0; key < keys; key++) {
        const float *from = (const float *)(const void *)((const char *)k + key * stride);
        float *panel = out + key / GTE__PANEL_COLUMNS * head_size * GTE__PANEL_COLUMNS;
        for (size_t d = 0; d < head_size; d++) {
            panel[d * GTE__PANEL_COLUMNS + key % GTE__PANEL_COLUMNS] = from[d];
        }
    }
}

static void pack_values(void *panels, const void *v, size_t stride, size_t keys, size_t head_size)
{
    const size_t padded = gte__panel_count(keys) * GTE__PANEL_COLUMNS;
    float *out = panels;
    memset(panels, 0, gte__panels_bytes(GTE__ELEMENT_F32, head_size, padded));
    for (size_t key = 0; key < keys; key++) {
        const float *from = (const float *)(const void *)((const char *)v + key * stride);
        for (size_t d = 0; d < head_size; d++) {
            const size_t line = d / GTE__PANEL_COLUMNS * padded + key;
            out[line * GTE__PANEL_COLUMNS + d % GTE__PANEL_COLUMNS] = from[d];
        }
    }
}

static void softmax(const gte__softmax *s)
{
    const size_t padded = gte__panel_count(s->keys) * GTE__PANEL_COLUMNS;
    for (size_t r = 0; r < s->rows; r++) {
        float *x = (float *)(void *)((char *)s->scores + r * s->stride);
        float top = s->top[r];
        for (size_t i = 0; i < s->keys; i++) top = x[i] > top ? x[i] : top;
        s->keep[r] = s->sum[r] > 0 ? exp2f((s->top[r] - top) * s->scale) : 0;
        float sum = 0;
        for (size_t i = 0; i < s->keys; i++) sum += x[i] = exp2f((x[i] - top) * s->scale);
        for (size_t i = s->keys; i < padded; i++) x[i] = 0;
        s->sum[r] = s->sum[r] * s->keep[r] + sum;
        s->top[r] = top;
    }
}

static void scale_row(void *out, const float *x, float by, size_t columns, gte__element type)
{
    float *to = out;
    (void)type; /* a kernel of type f32 writes f32 */
    for (size_t i = 0; i < columns; i++) to[i] = x[i] * by;
}

const gte__attention_kernel gte__attention_f32_scalar = {
    .isa = "scalar",
    .type = GTE__ELEMENT_F32,
    .gemm = &gte__gemm_f32_scalar,
    .pack_keys = pack_keys,
    .pack_values = pack_values,
    .softmax = softmax,
    .scale_row = scale_row,
};
