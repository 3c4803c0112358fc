/* The forward pass of BERT (Devlin et al., 2018), post-norm, over a ragged batch.
 *
 * Letters, here and in the files beside: T tokens of the batch, H hidden size, F ffn size, L
 * layers.
 * Row-major everywhere. A row is one token; every step but attention treats rows independently, so
 * texts need no padding and no mask. */
#include "encoder/encoder.h"

/* Rows that one task of a row-wise step takes: some 10 to 50 us of work. */
#define ROW_BLOCK 32

/* ---- linear layers: y [T, N] = act(x [T, K] W^T + bias) ------------------------------------ */

enum activation { NO_BIAS, BIAS, BIAS_GELU };

typedef struct linear_job {
    const gte__encoder *e;
    const float *x;       /* [T, K] */
    const gte__matrix *w; /* [N, K] */
    const float *bias;    /* [N], not used for NO_BIAS */
    float *y;             /* [T, N] */
    enum activation activation;
    size_t rows;                  /* T */
    size_t row_step, column_step; /* the block of y that one task computes */
    size_t column_blocks;
} linear_job;

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void linear_task(void *arg, size_t task, int member)
{
    (void)member;
    const linear_job *job = arg;
    const gte__kernels *k = job->e->kernels;
    size_t n_all = job->w->rows, depth = job->w->cols;
    size_t row = task / job->column_blocks * job->row_step;
    size_t column = task % job->column_blocks * job->column_step;
    size_t m = min_size(job->row_step, job->rows - row);
    size_t n = min_size(job->column_step, n_all - column);
    float *y = job->y + row * n_all + column;
    void (*finish)(float *, const float *, size_t) =
        job->activation == BIAS                                   ? k->f32_bias
        : job->e->model->header->activation == GTE__ACT_GELU_TANH ? k->f32_bias_gelu_tanh
                                                                  : k->f32_bias_gelu_erf;

    job->e->linear->product_nt(m, n, depth, job->x + row * depth, depth,
                               job->w->data + column * depth, depth, y, n_all);
    if (job->activation == NO_BIAS) return;
    for (size_t i = 0; i < m; i++) finish(y + i * n_all, job->bias + column, n);
}

/* Splits rows while each thread gets enough of them to keep a GEMM busy, else columns. */
static void linear(gte__encoder *e, const float *x, size_t rows, const gte__matrix *w,
                   const float *bias, enum activation activation, float *y)
{
    enum { ROWS_WORTH_SPLITTING = 48, COLUMN_ALIGN = 16 };
    size_t threads = (size_t)gte__team_threads(e->team);
    linear_job job = {e, x, w, bias, y, activation, rows, rows, w->rows, 1};
    size_t tasks = 1;
    if (threads > 1 && rows >= threads * ROWS_WORTH_SPLITTING) {
        size_t blocks = min_size(2 * threads, rows / ROWS_WORTH_SPLITTING);
        job.row_step = (rows + blocks - 1) / blocks;
        tasks = (rows + job.row_step - 1) / job.row_step;
    } else if (threads > 1) {
        size_t step = (w->rows + threads - 1) / threads;
        job.column_step = (step + COLUMN_ALIGN - 1) / COLUMN_ALIGN * COLUMN_ALIGN;
        tasks = job.column_blocks = (w->rows + job.column_step - 1) / job.column_step;
    }
    gte__team_run(e->team, linear_task, &job, tasks);
}

/* ---- row-wise steps ------------------------------------------------------------------------ */

typedef struct row_job {
    gte__encoder *e;
    const gte__batch *batch; /* embed only */
    const float *bias, *gain, *shift;
    size_t rows;
} row_job;

static void embed_task(void *arg, size_t task, int member)
{
    (void)member;
    const row_job *job = arg;
    const gte__model *model = job->e->model;
    const gte__kernels *k = job->e->kernels;
    size_t hidden = model->header->hidden_size;
    size_t first = job->batch->starts[task], end = job->batch->starts[task + 1];
    for (size_t t = first; t < end; t++) {
        const gte_token *token = &job->batch->tokens[t];
        float *x = job->e->hidden + t * hidden;
        k->f32_add3(x, model->word_embeddings + (size_t)token->id * hidden,
                    model->position_embeddings + (t - first) * hidden,
                    model->type_embeddings + (size_t)token->type * hidden, hidden);
        k->f32_layernorm(x, x, model->embedding_norm_gain, model->embedding_norm_shift, hidden,
                         model->header->layer_norm_eps);
    }
}

/* hidden = LN(word[id] + position[p] + type[t]) */
static void embed(gte__encoder *e, const gte__batch *batch)
{
    row_job job = {.e = e, .batch = batch};
    gte__team_run(e->team, embed_task, &job, batch->texts);
}

static void residual_norm_task(void *arg, size_t task, int member)
{
    (void)member;
    const row_job *job = arg;
    gte__encoder *e = job->e;
    size_t hidden = e->model->header->hidden_size;
    size_t end = min_size((task + 1) * ROW_BLOCK, job->rows);
    for (size_t t = task * ROW_BLOCK; t < end; t++)
        e->kernels->f32_bias_residual_layernorm(e->hidden + t * hidden, e->output + t * hidden,
                                                job->bias, job->gain, job->shift, hidden,
                                                e->model->header->layer_norm_eps);
}

/* hidden = LN(hidden + (output + bias)) */
static void residual_norm(gte__encoder *e, size_t rows, const float *bias, const float *gain,
                          const float *shift)
{
    row_job job = {.e = e, .bias = bias, .gain = gain, .shift = shift, .rows = rows};
    gte__team_run(e->team, residual_norm_task, &job, (rows + ROW_BLOCK - 1) / ROW_BLOCK);
}

/* ---- the pass ------------------------------------------------------------------------------ */

void gte__encoder_forward(gte__encoder *e, const gte__batch *batch)
{
    size_t rows = batch->starts[batch->texts];
    float *qkv = e->wide;                                                 /* [T, 3H] */
    float *attended = e->wide + rows * 3 * e->model->header->hidden_size; /* [T, H] */
    float *inner = e->wide;                                               /* [T, F] */
    int blas = e->linear->enter();

    embed(e, batch);
    for (uint32_t i = 0; i < e->model->header->layers; i++) {
        const gte__layer *layer = &e->model->layers[i];
        linear(e, e->hidden, rows, &layer->qkv, layer->qkv_bias, BIAS, qkv);
        gte__attention(e, batch, qkv, attended);
        linear(e, attended, rows, &layer->attn_out, NULL, NO_BIAS, e->output);
        residual_norm(e, rows, layer->attn_out_bias, layer->attn_norm_gain, layer->attn_norm_shift);

        linear(e, e->hidden, rows, &layer->ffn_up, layer->ffn_up_bias, BIAS_GELU, inner);
        linear(e, inner, rows, &layer->ffn_down, NULL, NO_BIAS, e->output);
        residual_norm(e, rows, layer->ffn_down_bias, layer->ffn_norm_gain, layer->ffn_norm_shift);
    }
    e->linear->leave(blas);
}
