/* The encoder room's door: token ids in, hidden states out, pooled to vectors. */
#ifndef GTE_ENCODER_ENCODER_H
#define GTE_ENCODER_ENCODER_H

#include "base/status.h"
#include "base/team.h"
#include "encoder/linear.h"
#include "kernels/kernels.h"
#include "model/model.h"

/* A ragged batch: the tokens of all texts back to back, no padding. */
typedef struct gte__batch {
    const gte_token *tokens; /* [starts[texts]] */
    const size_t *starts;    /* [texts + 1]: text i is tokens starts[i] .. starts[i + 1] - 1 */
    size_t texts;
} gte__batch;

/* A workspace for batches of up to max_batch_tokens. One thread at a time. The parts lie in one
 * block (T = max_batch_tokens, H hidden, F ffn, S' the longest text in whole cache lines):
 *
 *     hidden   [T, H]              the state between layers
 *     output   [T, H]              of a linear layer, before its residual and norm
 *     wide     [T, max(4H, F)]     qkv [T, 3H] and attended [T, H], or the ffn's inner state [T, F]
 *     scores   [threads, Q, S']    one tile of attention scores a thread
 *     tiles    [T]                  which (text, query block) a task of attention works on */
typedef struct gte__encoder {
    const gte__model *model;
    const gte__kernels *kernels;
    const gte__linear *linear;
    gte__team *team;
    size_t max_batch_tokens;
    size_t workspace_size;
    void *block;
    float *hidden, *output, *wide, *scores;
    struct gte__tile *tiles;
} gte__encoder;

/* Errors: GTE_E_MEMORY. On failure nothing is held. Free accepts a zeroed struct. */
gte_status gte__encoder_create(gte__encoder *e, const gte__model *model, int threads,
                               size_t max_batch_tokens, gte_error *err);
void gte__encoder_free(gte__encoder *e);

/* Runs the layers over the batch; the result is e->hidden [tokens, H] until the next call. Ids and
 * types must be within the model's tables. */
void gte__encoder_forward(gte__encoder *e, const gte__batch *batch);

/* What becomes of the hidden states of each text. */
typedef struct gte__pool_options {
    gte_pooling pooling; /* mean or cls */
    size_t dims;         /* <= H */
    int normalize;
} gte__pool_options;

/* One vector a text into out [texts, dims]. */
void gte__encoder_pool(const gte__encoder *e, const gte__batch *batch,
                       const gte__pool_options *options, float *out);

/* ---- attention.c --------------------------------------------------------------------------- */

#define GTE__QUERY_BLOCK 64 /* rows of a score tile: 64 x 512 floats stay in a 256 KB L2 half */

typedef struct gte__tile {
    size_t first, tokens;  /* the text: first row, number of rows */
    size_t query, queries; /* the block of query rows, relative to the text */
} gte__tile;

/* Floats from one row of scores to the next: whole cache lines, since a row that ends with a masked
 * store inside the line where the next row begins stalls the softmax of that row (twice the time at
 * 50 tokens). */
static inline size_t gte__score_row(size_t tokens)
{
    return (tokens + 15) & ~(size_t)15;
}

/* attended [T, H] = multi-head attention over qkv [T, 3H], each text within itself. */
void gte__attention(gte__encoder *e, const gte__batch *batch, const float *qkv, float *attended);

#endif
