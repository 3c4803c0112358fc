/* Matrix products on packed weights, in plain C: the definition that every instruction set is
 * checked against (kernels/gemm.h has the contract). One row and one panel at a time, K in order;
 * a machine without vector kernels should prefer OpenBLAS. */
#include "kernels/gemm.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "bf16_scalar.h"

static const void *row_at(const void *base, size_t stride, size_t row)
{
    return (const char *)base + stride * row;
}

/* out = init, a row of 32 */
static void start(const gte__tile *t)
{
    if (t->init)
        memcpy(t->out, t->init, GTE__LINE_BYTES);
    else
        memset(t->out, 0, GTE__LINE_BYTES);
}

static void tile_f32(const gte__tile *t)
{
    const float *a = t->a;
    float *out = t->out;
    start(t);
    for (size_t u = 0; u < t->units; u++) {
        const float *w = row_at(t->panel, GTE__LINE_BYTES, u);
        for (size_t n = 0; n < GTE__PANEL_COLUMNS; n++) out[n] += a[u] * w[n];
    }
}

/* Weights bf16, activations f32. */
static void tile_bf16(const gte__tile *t)
{
    const float *a = t->a;
    float *out = t->out;
    start(t);
    for (size_t u = 0; u < t->units; u++) {
        const uint16_t *w = row_at(t->panel, GTE__LINE_BYTES, u);
        for (size_t n = 0; n < GTE__PANEL_COLUMNS; n++) {
            out[n] += a[2 * u] * bf16_widen(w[2 * n]) + a[2 * u + 1] * bf16_widen(w[2 * n + 1]);
        }
    }
}

static void tile_int8(const gte__tile *t)
{
    const uint8_t *a = t->a;
    int32_t *out = t->out;
    start(t);
    for (size_t u = 0; u < t->units; u++, a += 4) {
        const int8_t *w = row_at(t->panel, GTE__LINE_BYTES, u);
        for (size_t n = 0; n < GTE__PANEL_COLUMNS; n++, w += 4) {
            out[n] += a[0] * w[0] + a[1] * w[1] + a[2] * w[2] + a[3] * w[3];
        }
    }
}

static float activate(float x, gte__epilogue epilogue)
{
    const double v = x;
    if (epilogue == GTE__EPILOGUE_GELU_ERF) return (float)(v / 2 * (1 + erf(v * M_SQRT1_2)));
    if (epilogue == GTE__EPILOGUE_GELU_TANH) {
        return (float)(v / 2 * (1 + tanh(M_2_SQRTPI * M_SQRT1_2 * (v + 0.044715 * v * v * v))));
    }
    return x;
}

static void finish(const gte__finish *f, bool integer, gte__epilogue epilogue, bool bf16)
{
    for (size_t r = 0; r < f->rows; r++) {
        const float *acc = row_at(f->acc, GTE__LINE_BYTES, r);
        const int32_t *sums = row_at(f->acc, GTE__LINE_BYTES, r);
        float *c = (float *)(void *)((char *)f->c + r * f->c_stride);
        for (size_t n = 0; n < f->columns; n++) {
            float x = acc[n];
            if (integer) {
                const gte__row_scale row = f->a_rows[r];
                x = (float)sums[n] * row.scale * f->scale[n] + row.offset * f->sums[n] + f->bias[n];
            }
            x = activate(x, epilogue);
            if (epilogue == GTE__EPILOGUE_RESIDUAL) {
                const float *residual = row_at(f->residual, f->residual_stride, r);
                x += residual[n];
            }
            if (bf16)
                ((uint16_t *)(void *)c)[n] = bf16_round(x);
            else
                c[n] = x;
        }
    }
}

#define FINISH(name, integer, epilogue, bf16)                                                      \
    static void name(const gte__finish *f)                                                         \
    {                                                                                              \
        finish(f, integer, epilogue, bf16);                                                        \
    }
FINISH(bias_f32, false, GTE__EPILOGUE_BIAS, false)
FINISH(bias_bf16, false, GTE__EPILOGUE_BIAS, true)
FINISH(gelu_erf_f32, false, GTE__EPILOGUE_GELU_ERF, false)
FINISH(gelu_erf_bf16, false, GTE__EPILOGUE_GELU_ERF, true)
FINISH(gelu_tanh_f32, false, GTE__EPILOGUE_GELU_TANH, false)
FINISH(gelu_tanh_bf16, false, GTE__EPILOGUE_GELU_TANH, true)
FINISH(residual_f32, false, GTE__EPILOGUE_RESIDUAL, false)
FINISH(residual_bf16, false, GTE__EPILOGUE_RESIDUAL, true)
FINISH(int8_bias_f32, true, GTE__EPILOGUE_BIAS, false)
FINISH(int8_bias_bf16, true, GTE__EPILOGUE_BIAS, true)
FINISH(int8_gelu_erf_f32, true, GTE__EPILOGUE_GELU_ERF, false)
FINISH(int8_gelu_erf_bf16, true, GTE__EPILOGUE_GELU_ERF, true)
FINISH(int8_gelu_tanh_f32, true, GTE__EPILOGUE_GELU_TANH, false)
FINISH(int8_gelu_tanh_bf16, true, GTE__EPILOGUE_GELU_TANH, true)
FINISH(int8_residual_f32, true, GTE__EPILOGUE_RESIDUAL, false)
FINISH(int8_residual_bf16, true, GTE__EPILOGUE_RESIDUAL, true)

#define FINISHES                                                                                   \
    {                                                                                              \
        {bias_f32, bias_bf16}, {gelu_erf_f32, gelu_erf_bf16}, {gelu_tanh_f32, gelu_tanh_bf16},     \
            {residual_f32, residual_bf16},                                                         \
    }
#define FINISHES_INT8                                                                              \
    {                                                                                              \
        {int8_bias_f32, int8_bias_bf16}, {int8_gelu_erf_f32, int8_gelu_erf_bf16},                  \
            {int8_gelu_tanh_f32, int8_gelu_tanh_bf16}, {int8_residual_f32, int8_residual_bf16},    \
    }

const gte__gemm_kernel gte__gemm_f32_scalar = {
    .isa = "scalar",
    .weights = GTE__ELEMENT_F32,
    .a = GTE__ELEMENT_F32,
    .rows = 1,
    .columns = GTE__PANEL_COLUMNS,
    .tiles = {tile_f32},
    .finish = FINISHES,
};

const gte__gemm_kernel gte__gemm_bf16_scalar = {
    .isa = "scalar",
    .weights = GTE__ELEMENT_BF16,
    .a = GTE__ELEMENT_F32,
    .rows = 1,
    .columns = GTE__PANEL_COLUMNS,
    .tiles = {tile_bf16},
    .finish = FINISHES,
};

const gte__gemm_kernel gte__gemm_int8_scalar = {
    .isa = "scalar",
    .weights = GTE__ELEMENT_INT8,
    .a = GTE__ELEMENT_INT8,
    .rows = 1,
    .columns = GTE__PANEL_COLUMNS,
    .tiles = {tile_int8},
    .finish = FINISHES_INT8,
};
