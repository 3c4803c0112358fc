/* The encoder's workspace: one block, planned from the architecture and the largest batch. */
#include <stdlib.h>

#include "base/memory.h"
#include "encoder/encoder.h"
#include "kernels/dispatch.h"

static size_t element_size(gte__element type)
{
    return GTE__UNIT_BYTES / gte__unit_elements(type);
}

/* Bytes of a row of `width` elements: see encoder.h. */
static size_t row_stride(gte__element type, size_t width)
{
    const size_t lines = (width * element_size(type) + GTE_ALIGNMENT - 1) / GTE_ALIGNMENT;
    return (lines | 1) * GTE_ALIGNMENT;
}

static size_t layer_floats(const gte__file_header *h)
{
    return (size_t)h->hidden_size * (4 * (size_t)h->hidden_size + 2 * (size_t)h->ffn_size);
}

typedef struct parts {
    size_t products, hidden, input, wide, scratch, groups, unpacked; /* offsets in the block */
} parts;

static parts plan_parts(gte__plan *plan, const gte__encoder *e, size_t threads)
{
    const gte__file_header *h = e->model->header;
    const size_t rows = e->max_batch_tokens;
    parts p;
    p.products = gte__plan_add(plan, h->layers, sizeof *e->products);
    p.hidden = gte__plan_add(plan, rows, e->hidden_stride);
    p.input = gte__plan_add(plan, e->type == GTE__ELEMENT_F32 ? 0 : rows, e->input_stride);
    p.wide = gte__plan_add(plan, rows, e->wide_stride);
    p.scratch = gte__plan_add(plan, threads, e->scratch_size);
    p.groups = gte__plan_add(plan, rows + 1, sizeof *e->groups);
    p.unpacked =
        gte__plan_add(plan, e->backend->unpacks ? h->layers : 0, layer_floats(h) * sizeof(float));
    return p;
}

/* The layer's weights as the backend wants them; `at` is where the next unpacked one goes. */
static gte__gemm_weights take_weights(const gte__encoder *e, const gte__matrix *w,
                                      const float *bias, float **at)
{
    gte__gemm_weights out = {.panels = w->panels, .bias = bias, .n = w->rows, .k = w->cols};
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
    const size_t hidden = e->model->header->hidden_size;
    w[0] = take_weights(e, &l->qkv, l->qkv_bias, unpacked);
    w[1] = take_weights(e, &l->attn_out, l->attn_out_bias, unpacked);
    w[2] = take_weights(e, &l->ffn_up, l->ffn_up_bias, unpacked);
    w[3] = take_weights(e, &l->ffn_down, l->ffn_down_bias, unpacked);
    p->qkv = (gte__gemm){.weights = &w[0],
                         .a = e->input,
                         .a_stride = e->input_stride,
                         .c = e->wide,
                         .c_stride = e->wide_stride,
                         .c_type = e->type,
                         .epilogue = GTE__EPILOGUE_BIAS,
                         .next = w[1].panels};
    p->attn_out = (gte__gemm){.weights = &w[1],
                              .a = e->wide + 3 * hidden * element_size(e->type),
                              .a_stride = e->wide_stride,
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
    e->input = e->type == GTE__ELEMENT_F32 ? block + p.hidden : block + p.input;
    e->wide = block + p.wide;
    e->scratch = block + p.scratch;
    e->groups = (size_t *)(void *)(block + p.groups);
    float *unpacked = (float *)(void *)(block + p.unpacked);
    for (uint32_t i = 0; i < e->model->header->layers; i++) set_products(e, i, &unpacked);
    return GTE_OK;
}

gte_status gte__encoder_create(gte__encoder *e, const gte__model *model, gte_backend backend,
                               int threads, size_t max_batch_tokens, gte_error *err)
{
    const gte__file_header *h = model->header;
    const size_t hidden = h->hidden_size, ffn = h->ffn_size;
    *e = (gte__encoder){.model = model, .max_batch_tokens = max_batch_tokens};
    gte_status status = gte__backend_choose(backend, h, &e->backend, &e->kernels, err);
    if (status != GTE_OK) return status;
    e->type = gte__activations(&e->kernels);
    e->hidden_stride = row_stride(GTE__ELEMENT_F32, hidden);
    e->input_stride = row_stride(e->type, hidden);
    e->wide_stride = row_stride(e->type, 4 * hidden > ffn ? 4 * hidden : ffn);
    size_t scratch = e->backend->attention_scratch(e->type, h->max_tokens, hidden / h->heads);
    e->scratch_size = (scratch + GTE_ALIGNMENT - 1) / GTE_ALIGNMENT * GTE_ALIGNMENT;
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
