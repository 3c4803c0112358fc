/* The encoder room's door: token ids in, hidden states out, pooled to vectors. */
#ifndef GTE_ENCODER_ENCODER_H
#define GTE_ENCODER_ENCODER_H

#include <stdatomic.h>

#include "base/status.h"
#include "base/team.h"
#include "base/trace.h"
#include "encoder/linear.h"
#include "model/model.h"

/* A ragged batch: the tokens of all texts back to back, no padding. */
typedef struct gte__batch {
    const gte_token *tokens; /* [starts[texts]] */
    const size_t *starts;    /* [texts + 1]: text i is tokens starts[i] .. starts[i + 1] - 1 */
    size_t texts;
} gte__batch;

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

/* Runs the layers over the batch; the result are the hidden states until the next call. Ids and
 * types must be within the model's tables. */
void gte__encoder_forward(gte__encoder *e, const gte__batch *batch);

/* What becomes of the hidden states of each text. */
typedef struct gte__pool_options {
    gte_pooling pooling; /* mean, cls or none */
    size_t dims;         /* <= H */
    int normalize;
} gte__pool_options;

/* One vector a text into out [texts, dims], or with GTE_POOLING_NONE one a token, [tokens, dims].
 * Returns how many. */
size_t gte__encoder_pool(const gte__encoder *e, const gte__batch *batch,
                         const gte__pool_options *options, float *out);

#endif
