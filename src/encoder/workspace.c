/* The encoder's workspace: one block, planned from the architecture and the largest batch. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "encoder/encoder.h"
#include "kernels/dispatch.h"

static size_t whole_lines(size_t bytes)
{
    return (bytes + GTE_ALIGNMENT - 1) / GTE_ALIGNMENT * GTE_ALIGNMENT;
}

/* Bytes from one row of so many to the next: see encoder.h. */
static size_t row_stride(size_t bytes)
{
    return whole_lines(bytes) | GTE_ALIGNMENT;
}

static size_t layer_floats(const gte__file_header *h)
{
    return (size_t)h->hidden_size * (4 * (size_t)h->hidden_size + 2 * (size_t)h->ffn_size);
}

typedef struct parts {
    /* offsets in the block */
    size_t products, hidden, input, scales, wide, zeros, scratch, groups, progress, unpacked;
} parts;

/* Whether the products' input is the state between layers as it is. */
static bool reads_hidden(const gte__encoder *e)
{
    return e->input_type == GTE__ELEMENT_F32 && e->model->header->linear_dtype != GTE__DTYPE_INT8;
}

static parts plan_parts(gte__plan *plan, const gte__encoder *e, size_t threads)
{
    const gte__file_header *h = e->model->header;
    const size_t rows = e->max_batch_tokens;
    parts p;
    p.products = gte__plan_add(plan, h->layers, sizeof *e->products);
    p.hidden = gte__plan_add(plan, rows, e->hidden_stride);
    p.input = gte__plan_add(plan, reads_hidden(e) ? 0 : rows, e->input_stride);
    p.scales = gte__plan_add(plan, rows, sizeof *e->scales);
    p.wide = gte__plan_add(plan, rows, e->wide_stride);
    p.zeros = gte__plan_add(plan, h->hidden_size, sizeof *e->zeros);
    p.scratch = gte__plan_add(plan, threads, e->scratch_size);
    p.groups = gte__plan_add(plan, rows + 1, sizeof *e->groups);
    p.progress = gte__plan_add(plan, rows, sizeof *e->progress);
    p.unpacked =
        gte__plan_add(plan, e->backend->unpacks ? h->layers : 0, layer_floats(h) * sizeof(float));
    return p;
}

/* The layer's weights as the backend wants them; `at` is where the next unpacked one goes. */
static gte__gemm_weights take_weights(const gte__encoder *e, const gte__matrix *w,
                                      const float *bias, float **at)
{
    gte__gemm_weights out = {.panels = w->panels,
                             .bias = bias,
                             .scale = w->scale,
                             .sums = w->sums,
                             .n = w->rows,
                             .k = w->cols};
    if (e->backend->unpacks) {
        gte__unpack(*at, w, (gte__element)e->model->header->linear_dtype);
        out.panels = *at;
        *at += (size_t)w->rows * w->cols;
    }
    return out;
}

static void set_products(gte__encoder *e, uint32_t layer, float **unpacked)
{
    const gte__layer *l = &e->model->layers[layer];
    gte__layer_products *p = &e->products[layer];
    gte__gemm_weights *w = p->weights;
    w[0] = take_weights(e, &l->qkv, l->qkv_bias, unpacked);
    w[1] = take_weights(e, &l->attn_out, l->attn_out_bias, unpacked);
    w[2] = take_weights(e, &l->ffn_up, l->ffn_up_bias, unpacked);
    w[3] = take_weights(e, &l->ffn_down, l->ffn_down_bias, unpacked);
    p->qkv = (gte__gemm){.weights = &w[0],
                         .a = e->input,
                         .a_stride = e->input_stride,
                         .a_rows = e->scales,
                         .c = e->wide,
                         .c_stride = e->wide_stride,
                         .c_type = e->wide_type,
                         .epilogue = GTE__EPILOGUE_BIAS,
                         .next = w[1].panels};
    p->attn_out = (gte__gemm){.weights = &w[1],
                              .a = e->wide + e->attended,
                              .a_stride = e->wide_stride,
                              .a_rows = e->scales,
                              .c = e->hidden,
                              .c_stride = e->hidden_stride,
                              .residual = e->hidden,
                              .residual_stride = e->hidden_stride,
                              .epilogue = GTE__EPILOGUE_RESIDUAL,
                              .next = w[2].panels};
    p->ffn_up = p->qkv;
    p->ffn_up.weights = &w[2];
    p->ffn_up.epilogue = e->model->header->activation == GTE__ACT_GELU_TANH
                             ? GTE__EPILOGUE_GELU_TANH
                             : GTE__EPILOGUE_GELU_ERF;
    p->ffn_up.next = w[3].panels;
    p->ffn_down = p->attn_out;
    p->ffn_down.weights = &w[3];
    p->ffn_down.a = e->wide;
    p->ffn_down.next = NULL;
    if (layer > 0) e->products[layer - 1].ffn_down.next = w[0].panels;
}

/* The types of what rows hold, and how far apart rows are. */
static void plan_rows(gte__encoder *e)
{
    const gte__file_header *h = e->model->header;
    const size_t hidden = h->hidden_size;
    const gte__gemm_kernel *gemm = e->kernels.gemm; /* none: all is f32 */
    e->input_type = gemm ? gemm->a : GTE__ELEMENT_F32;
    e->wide_type = gemm ? gemm->wide : GTE__ELEMENT_F32;
    e->attended_type = e->input_type == GTE__ELEMENT_INT8 ? GTE__ELEMENT_F32 : e->wide_type;
    e->attended = whole_lines(3 * hidden * gte__element_bytes(e->wide_type));
    const size_t attention = e->attended + hidden * gte__element_bytes(e->attended_type);
    const size_t inner = h->ffn_size * gte__element_bytes(e->wide_type);
    e->hidden_stride = row_stride(hidden * sizeof(float));
    e->input_stride = row_stride(hidden * gte__element_bytes(e->input_type));
    e->wide_stride = row_stride(attention > inner ? attention : inner);
    const size_t scratch =
        e->backend->attention_scratch(e->wide_type, h->max_tokens, hidden / h->heads);
    e->scratch_size = whole_lines(scratch);
}

static gte_status fill(gte__encoder *e, size_t threads, gte_error *err)
{
    gte__plan plan = {0};
    const parts p = plan_parts(&plan, e, threads);
    char *block = plan.bad ? NULL : gte__block_alloc(plan.total);
    if (!block)
        return gte__fail(err, GTE_E_MEMORY, 0,
                         "no memory for a workspace of %zu tokens: use fewer batch_tokens",
                         e->max_batch_tokens);
    e->block = block;
    e->workspace_size = plan.total;
    e->products = (gte__layer_products *)(void *)(block + p.products);
    e->hidden = (float *)(void *)(block + p.hidden);
    e->input = reads_hidden(e) ? block + p.hidden : block + p.input;
    e->scales = (gte__row_scale *)(void *)(block + p.scales);
    e->zeros = (float *)(void *)(block + p.zeros);
    memset(e->zeros, 0, e->model->header->hidden_size * sizeof *e->zeros);
    e->wide = block + p.wide;
    e->scratch = block + p.scratch;
    e->groups = (size_t *)(void *)(block + p.groups);
    e->progress = (_Atomic uint32_t *)(void *)(block + p.progress);
    float *unpacked = (float *)(void *)(block + p.unpacked);
    for (uint32_t i = 0; i < e->model->header->layers; i++) set_products(e, i, &unpacked);
    return GTE_OK;
}

gte_status gte__encoder_create(gte__encoder *e, const gte__model *model, gte_backend backend,
                               int threads, size_t max_batch_tokens, gte_error *err)
{
    const gte__file_header *h = model->header;
    *e = (gte__encoder){.model = model, .max_batch_tokens = max_batch_tokens};
    gte_status status = gte__backend_choose(backend, h, &e->backend, &e->kernels, err);
    if (status != GTE_OK) return status;
    plan_rows(e);
    status = fill(e, (size_t)threads, err);
    if (status != GTE_OK) return status;
    if (!e->backend->ready(threads)) {
        gte__encoder_free(e);
        return gte__fail(err, GTE_E_MEMORY, 0,
                         "no address space for the matrix buffers of %d threads: use fewer threads "
                         "or raise the limit (ulimit -v)",
                         threads);
    }
    int before = e->backend->enter();
    e->backend->thread_start(); /* the caller's part; members do theirs as they start */
    e->backend->leave(before);
    e->team = gte__team_create(threads, e->backend->thread_start);
    if (!e->team) {
        gte__encoder_free(e);
        return gte__fail(err, GTE_E_MEMORY, 0, "%d threads could not be started", threads);
    }
    return GTE_OK;
}

void gte__encoder_free(gte__encoder *e)
{
    gte__team_free(e->team);
    free(e->block);
    *e = (gte__encoder){0};
}
