/* Scaled dot-product attention (Vaswani et al., 2017, §3.2), per text and head:
 *
 *     attended = softmax(q k^T / sqrt(D)) v
 *
 * Letters: T tokens of the batch, S tokens of one text, A heads, D head size, H = A D. A task is
 * one head of one tile: a block of query rows against all S keys, so the scores are a tile of
 * [queries, S] in the workspace and never [S, S]; whole rows, so the softmax is exact. */
#include <math.h>

#include "encoder/encoder.h"

typedef struct attention_job {
    const gte__encoder *e;
    const float *qkv; /* [T, 3H]: q | k | v, heads contiguous inside each */
    float *attended;  /* [T, H] */
    size_t longest;   /* row length of a score tile */
} attention_job;

static void attend(void *arg, size_t task, int member)
{
    const attention_job *job = arg;
    const gte__encoder *e = job->e;
    size_t hidden = e->model->header->hidden_size, heads = e->model->header->heads;
    size_t head_size = hidden / heads, stride = 3 * hidden;
    const gte__tile *t = &e->tiles[task / heads];
    size_t column = task % heads * head_size;

    const float *q = job->qkv + (t->first + t->query) * stride + column;
    const float *k = job->qkv + t->first * stride + hidden + column;
    const float *v = k + hidden;
    float *scores = e->scores + (size_t)member * GTE__QUERY_BLOCK * job->longest;
    float scale = 1.0f / sqrtf((float)head_size);
    size_t row = gte__score_row(t->tokens);

    e->linear->product_nt(t->queries, t->tokens, head_size, q, stride, k, stride, scores, row);
    for (size_t i = 0; i < t->queries; i++)
        e->kernels->f32_softmax(scores + i * row, scale, t->tokens);
    e->linear->product_nn(t->queries, head_size, t->tokens, scores, row, v, stride,
                          job->attended + (t->first + t->query) * hidden + column, hidden);
}

static size_t plan_tiles(gte__tile *tiles, const gte__batch *batch)
{
    size_t n = 0;
    for (size_t i = 0; i < batch->texts; i++) {
        size_t first = batch->starts[i], tokens = batch->starts[i + 1] - first;
        for (size_t query = 0; query < tokens; query += GTE__QUERY_BLOCK) {
            size_t left = tokens - query;
            size_t queries = left < GTE__QUERY_BLOCK ? left : GTE__QUERY_BLOCK;
            tiles[n++] = (gte__tile){first, tokens, query, queries};
        }
    }
    return n;
}

void gte__attention(gte__encoder *e, const gte__batch *batch, const float *qkv, float *attended)
{
    attention_job job = {e, qkv, attended, gte__score_row(e->model->header->max_tokens)};
    size_t tiles = plan_tiles(e->tiles, batch);
    gte__team_run(e->team, attend, &job, tiles * e->model->header->heads);
}
