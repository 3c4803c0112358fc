/* Matrix products on packed weights: C = epilogue(A W^T), the heart of every linear layer.
 *
 * Weights lie in panels of 32 columns (base/panels.h) and are used in place from the mapped file.
 * Panels start on 64-byte boundaries, so every load of weights is one whole cache line.
 *
 * A is row-major with a stride in bytes. Each of its rows has Kp elements; elements past K may
 * hold any finite value. A stride that is a multiple of 4096 makes all rows fall on the same
 * cache sets: add 64.
 *
 * int8: W[n][k] = scale[n] w8[n][k];  A[m][k] = rows[m].scale u8[m][k] + rows[m].offset. So
 *     C[m][n] = rows[m].scale scale[n] sum_k(u8 w8) + rows[m].offset sums[n] + bias[n]
 * with sums[n] = scale[n] sum_k w8[n][k]; the integer sum is exact on every level (|sum| <=
 * 255 * 127 * K, so K <= 65536).
 *
 * The unit of work is rows x panels: a team splits a batch by rows and a single text by panels.
 * Results do not depend on the split: each element of C is summed by one call, and the order of
 * its sum depends only on the level and the height of the tile it falls in.
 * Error of an f32 or bf16 sum: within (K + 2) 2^-24 sum |a w|; vdpbf16ps also flushes denormals. */
#ifndef GTE_KERNELS_GEMM_H
#define GTE_KERNELS_GEMM_H

#include <stddef.h>
#include <stdint.h>

#include "base/panels.h"

typedef enum gte__epilogue {
    GTE__EPILOGUE_BIAS = 0,      /* A W^T + bias */
    GTE__EPILOGUE_GELU_ERF = 1,  /* gelu(A W^T + bias), as f32_bias_gelu_erf */
    GTE__EPILOGUE_GELU_TANH = 2, /* the tanh form */
    GTE__EPILOGUE_RESIDUAL = 3,  /* A W^T + bias + residual */
    GTE__EPILOGUE_COUNT = 4
} gte__epilogue;

/* A quantised row: x = scale q + offset, q in 0..255. */
typedef struct gte__row_scale {
    float scale;
    float offset;
} gte__row_scale;

/* A linear layer as it lies in the file. */
typedef struct gte__gemm_weights {
    const void *panels; /* gte__panels_bytes() bytes, 64-byte aligned */
    const float *bias;  /* [N] */
    const float *scale; /* [N], int8 only */
    const float *sums;  /* [N], int8 only */
    size_t n, k;
} gte__gemm_weights;

typedef struct gte__gemm {
    const gte__gemm_weights *weights;
    const void *a; /* [M, Kp] of the kernel's element a */
    size_t a_stride;
    const gte__row_scale *a_rows; /* [M], int8 only */
    void *c;                      /* [M, N] of c_type; may be the residual itself */
    size_t c_stride;
    const float *residual; /* [M, N], GTE__EPILOGUE_RESIDUAL only */
    size_t residual_stride;
    gte__epilogue epilogue;
    gte__element c_type; /* f32, or bf16 (rounded to nearest even) */
    const void *next;    /* the panel that the caller will use next, asked for early; or NULL */
} gte__gemm;

/* ---- what an instruction set supplies ------------------------------------------------------ */

/* rows x columns of sums over all of K: init + A W to out, f32 for f32 and bf16, int32 for int8.
 * Prefetches `units` lines from `next` on (never dereferenced). The assembly knows the offsets. */
typedef struct gte__tile {
    const void *a; /* offset 0 */
    size_t a_stride;
    const void *panel; /* 16: the first column; units are GTE__LINE_BYTES apart */
    size_t units;      /* 24 */
    const void *next;  /* 32 */
    const void *init;  /* 40: [rows, columns], stride 0 repeats one row; NULL: zeros */
    size_t init_stride;
    void *out; /* 56: [rows, columns] */
    size_t out_stride;
} gte__tile;
typedef void gte__tile_fn(const gte__tile *tile);

/* The end of a tile while its sums are in L1: acc [rows, 32] becomes rows x columns of C. The f32
 * sums of f32 and bf16 have their bias already. bias, scale and sums hold 32 values. */
typedef struct gte__finish {
    const void *acc; /* 64-byte aligned */
    size_t rows;
    size_t columns; /* 1..32 */
    const float *bias, *scale, *sums;
    const gte__row_scale *a_rows;
    void *c;
    size_t c_stride;
    const float *residual;
    size_t residual_stride;
} gte__finish;
typedef void gte__finish_fn(const gte__finish *finish);

#define GTE__TILE_ROWS_MAX 14u

typedef struct gte__gemm_kernel {
    const char *isa;
    gte__element weights;
    gte__element a; /* what A must be; f32 where bf16 weights are widened */
    gte__element
        wide;       /* what C had best be where attention or a row kernel reads it: f32 or bf16 */
    size_t rows;    /* the tallest tile */
    size_t columns; /* of a tile: divides 32 */
    gte__tile_fn *tiles[GTE__TILE_ROWS_MAX];        /* [height - 1] */
    gte__finish_fn *finish[GTE__EPILOGUE_COUNT][2]; /* [epilogue][c_type] */
} gte__gemm_kernel;

/* One kernel per element type of the weights and instruction set. */
extern const gte__gemm_kernel gte__gemm_f32_scalar, gte__gemm_bf16_scalar, gte__gemm_int8_scalar;
#if defined(__x86_64__)
extern const gte__gemm_kernel gte__gemm_f32_avx2, gte__gemm_bf16_avx2, gte__gemm_int8_avx2;
extern const gte__gemm_kernel gte__gemm_int8_avxvnni;    /* + AVX-VNNI */
extern const gte__gemm_kernel gte__gemm_f32_avx512;      /* AVX-512 F, BW, DQ, VL */
extern const gte__gemm_kernel gte__gemm_bf16_avx512;     /* the same: weights widened */
extern const gte__gemm_kernel gte__gemm_bf16_avx512bf16; /* + AVX512_BF16 */
extern const gte__gemm_kernel gte__gemm_int8_avx512vnni; /* + AVX512_VNNI */
extern const gte__gemm_kernel gte__gemm_int8_avx512bf16; /* + both */
#endif

/* ---- the product --------------------------------------------------------------------------- */

/* C for rows [row, row_end) and panels [panel, panel_end). */
void gte__gemm_run(const gte__gemm_kernel *kernel, const gte__gemm *g, size_t row, size_t row_end,
                   size_t panel, size_t panel_end);

#endif
