/* Attention of one head over one text: out = softmax(scale Q K^T) V, with the tiles of gemm.h.
 *
 * Keys and values of the head are first packed into panels (keys are the columns of the first
 * product, the values' features those of the second), then blocks of up to 14 queries pass:
 * scores against at most GTE__ATTENTION_KEYS keys stay in L1, become weights in place, and are
 * multiplied with the values. A text of up to that many tokens sees the plain softmax over whole
 * rows; a longer one sees its keys in several blocks, and sums that were scaled by an older
 * maximum are rescaled (Milakov & Gimelshein, 2018). No [length, length] matrix exists.
 *
 * f32: weights and products are f32. bf16: Q, K, V and the weights are bf16, sums, maxima and
 * exponentials f32. Error against exact arithmetic on the same inputs, relative to the largest
 * |v|: f32 (length + 2 head_size scale max|q||k| + 16) 2^-24; bf16 2^-8 (weights rounded, the sum
 * of weights not).
 *
 * The unit of work is one head of one text, or a range of its queries once it is packed. */
#ifndef GTE_KERNELS_ATTENTION_H
#define GTE_KERNELS_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/gemm.h"

#define GTE__ATTENTION_KEYS 512u
#define GTE__HEAD_SIZE_MAX 256u

/* One head of one text. Rows of q, k and v are `stride` bytes apart, in the kernel's element. */
typedef struct gte__attention {
    const void *q, *k, *v; /* [length, head_size] */
    size_t stride;
    size_t length;    /* at least 1 */
    size_t head_size; /* even, at most GTE__HEAD_SIZE_MAX */
    float scale;      /* > 0 */
    void *out;        /* [length, head_size] of out_type */
    size_t out_stride;
    gte__element out_type; /* f32, or bf16 from a bf16 kernel */
    void *panels;          /* gte__attention_panels() bytes, 64-byte aligned: shared by the team */
    void *scratch;         /* GTE__ATTENTION_SCRATCH bytes, 64-byte aligned: one per thread */
} gte__attention;

/* ---- what an instruction set supplies ------------------------------------------------------ */

/* A block of scores [rows, keys] in f32 that becomes weights in place, f32 or bf16 from the start
 * of each row. `keys` is what counts; scores up to the next multiple of 32 may be overwritten and
 * their weights are zero. */
typedef struct gte__softmax {
    float *scores;
    size_t stride; /* bytes, a multiple of 64 */
    size_t rows, keys;
    float scale; /* times log2(e): weights are powers of two */
    float *top;  /* [rows] in, out: the largest score so far, -INFINITY at first */
    float *sum;  /* [rows] in, out: the sum of weights so far, relative to top */
    float *keep; /* [rows] out: what older sums are to be multiplied with */
} gte__softmax;

typedef struct gte__attention_kernel {
    const char *isa;
    gte__element type;
    const gte__gemm_kernel *gemm; /* its tiles; a and weights are both `type` */
    /* keys [keys, head_size] to panels [keys / 32][units][32]; values to panels
     * [head_size / 32][units of Sp][32], Sp = keys rounded up to 32. Padding is zero. */
    void (*pack_keys)(void *panels, const void *k, size_t stride, size_t keys, size_t head_size);
    void (*pack_values)(void *panels, const void *v, size_t stride, size_t keys, size_t head_size);
    void (*softmax)(const gte__softmax *s);
    /* out[columns] = x[columns] * by, rounded to bf16 or not */
    void (*scale_row)(void *out, const float *x, float by, size_t columns, gte__element type);
} gte__attention_kernel;

extern const gte__attention_kernel gte__attention_f32_scalar;
#if defined(__x86_64__)
extern const gte__attention_kernel gte__attention_f32_avx2;
extern const gte__attention_kernel gte__attention_f32_avx512;
extern const gte__attention_kernel gte__attention_bf16_avx512bf16;
#endif

/* ---- the operation ------------------------------------------------------------------------- */

#define GTE__ATTENTION_STRIDE (GTE__ATTENTION_KEYS * 4 + 64) /* of scores; off the 4096 grid */
#define GTE__ATTENTION_SCRATCH                                                                     \
    (GTE__TILE_ROWS_MAX * ((size_t)GTE__ATTENTION_STRIDE + GTE__HEAD_SIZE_MAX * 4))

/* Bytes of panels for a text of `length` tokens. */
static inline size_t gte__attention_panels(gte__element type, size_t length, size_t head_size)
{
    const size_t keys = gte__panel_count(length) * GTE__PANEL_COLUMNS;
    return gte__panels_bytes(type, keys, head_size) + gte__panels_bytes(type, head_size, keys);
}

/* Packs keys and values; must be complete before any rows. */
void gte__attention_pack(const gte__attention_kernel *kernel, const gte__attention *at);

/* Queries [row, row_end) of a packed head. */
void gte__attention_rows(const gte__attention_kernel *kernel, const gte__attention *at, size_t row,
                         size_t row_end);

#endif
