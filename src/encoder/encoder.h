/* The encoder room's door: token ids in, hidden states out, pooled to vectors. */
#ifndef GTE_ENCODER_ENCODER_H
#define GTE_ENCODER_ENCODER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/status.h"
#include "base/team.h"
#include "base/trace.h"
#include "encoder/linear.h"
#include "model/model.h"

/* A ragged batch: the tokens of all texts back to back, no padding. */
typedef struct gte__batch {
    const gte_token *tokens; /* [starts[texts]]; NULL: the rows hold states already */
    const size_t *starts;    /* [texts + 1]: text i is tokens starts[i] .. starts[i + 1] - 1 */
    size_t texts;
    const uint32_t *positions; /* [texts]: of each text's first token; NULL: all 0 */
} gte__batch;

/* Where a pass may stop, and another go on: the input of `layer` is ready (of layer L: the result);
 * `projected`: its queries, keys and values are, too. */
typedef struct gte__point {
    uint32_t layer;
    bool projected;
} gte__point;

/* A part of the forward pass: what lies between two points, the first before the second. */
typedef struct gte__leg {
    gte__point from, to;
} gte__leg;

/* The products of one layer, ready to run: operands, strides and epilogues never change. */
typedef struct gte__layer_products {
    gte__gemm_weights weights[4];
    gte__gemm qkv, attn_out, ffn_up, ffn_down;
} gte__layer_products;

/* A workspace for batches of up to max_batch_tokens. One thread at a time. The parts lie in one
 * block (T = max_batch_tokens, L layers, H hidden, F ffn):
 *
 *     products [L]
 *     hidden   [T, H]            the state between layers
 *     input    [T, H]            of the next product, where that does not read hidden itself
 *     scales   [T]               of the row that the next product reads, in int8
 *     wide     [T, max(4H, F)]   a row's own: qkv [3H] and attended [H], then the ffn's inner [F]
 *     zeros    [H]               a norm's shift where it has none
 *     scratch  [threads]         of attention
 *     groups   [T + 1]           texts that go through a layer together
 *     progress [T]               which layer a group is at
 *     unpacked                   all weights in rows, for a backend that wants them so
 *
 * In int8 input is u8; qkv and inner are of wide_type and attended is f32 until the next product
 * needs them, then u8 from their first byte on.
 * Rows are whole cache lines, an odd number of them, so that equal columns of the rows of a tile
 * fall on different sets of the cache. */
typedef struct gte__encoder {
    const gte__model *model;
    const gte__backend *backend;
    gte__kernel_set kernels;
    gte__team *team;
    gte__trace *trace; /* NULL: off. Changes between passes only */
    size_t max_batch_tokens;
    size_t workspace_size;
    void *block;
    gte__layer_products *products;
    float *hidden;
    char *input; /* hidden itself where that is what products read */
    gte__row_scale *scales;
    char *wide;
    float *zeros;
    char *scratch;
    size_t *groups;
    _Atomic uint32_t *progress;
    gte__element input_type;               /* what products read: f32, bf16 or int8 */
    gte__element wide_type, attended_type; /* f32 or bf16 */
    size_t attended;                       /* bytes from the start of a wide row */
    size_t hidden_stride, input_stride, wide_stride, scratch_size; /* bytes */
} gte__encoder;

/* Errors: GTE_E_MEMORY, GTE_E_UNSUPPORTED, GTE_E_ARGUMENT (backend). On failure nothing is held.
 * Free accepts a zeroed struct. */
gte_status gte__encoder_create(gte__encoder *e, const gte__model *model, gte_backend backend,
                               int threads, size_t max_batch_tokens, gte_error *err);
void gte__encoder_free(gte__encoder *e);

/* Row `row` of the hidden states. */
static inline float *gte__hidden_row(const gte__encoder *e, size_t row)
{
    return (float *)(void *)((char *)e->hidden + row * e->hidden_stride);
}

/* Runs all layers over the batch; the result are the hidden states until the next call. Ids,
 * types and positions must be within the model's tables. */
void gte__encoder_forward(gte__encoder *e, const gte__batch *batch);

/* Runs a part of that. Where `from` is not the start, batch->tokens is NULL and the rows hold the
 * states of `from`: since the last run, or by gte__states_load. */
void gte__encoder_run(gte__encoder *e, const gte__batch *batch, gte__leg leg);

/* states.c: rows' states of a point, so that a later pass goes on from there as if it had not
 * stopped: the bits are the same where the same texts are together again. Rows need not go where
 * they came from. `bytes` is of one row; rows lie back to back. */
size_t gte__state_bytes(const gte__encoder *e, gte__point point);
void gte__states_save(const gte__encoder *e, gte__point point, size_t row, size_t rows, void *out);
void gte__states_load(gte__encoder *e, gte__point point, size_t row, size_t rows, const void *in);

/* What becomes of the hidden states of each text. */
typedef struct gte__pool_options {
    gte_pooling pooling; /* mean, cls or none */
    size_t dims;         /* <= H */
    int normalize;
} gte__pool_options;

/* The vector of one text of the batch, by mean or cls, into out [dims]. */
void gte__encoder_pool_text(const gte__encoder *e, const gte__batch *batch, size_t text,
                            const gte__pool_options *options, float *out);

/* One vector a text into out [texts, dims], or with GTE_POOLING_NONE one a token, [tokens, dims].
 * Returns how many. */
size_t gte__encoder_pool(const gte__encoder *e, const gte__batch *batch,
                         const gte__pool_options *options, float *out);

#endif
