/* From hidden states to logits: the linear layers of a head, by the f32 kernels whatever the
 * encoder's own type is.
 *
 *     TOKEN, SPAN   logits = h W^T + b for every token
 *     SEQUENCE      x = h of [CLS], or the text's vector; with a pooler x = tanh(x P^T + p)
 *                   (Devlin et al., 2018: BertPooler); logits = x W^T + b */
#include <math.h>

#include "kernels/dispatch.h"
#include "tasks/tasks.h"

static void product(const void *panels, const float *bias, size_t n, size_t k, const void *a,
                    size_t a_stride, size_t rows, void *out, size_t out_stride)
{
    const gte__gemm_kernel *kernel = gte__gemm_kernel_for(GTE__ELEMENT_F32, gte__cpu_isa());
    const gte__gemm_weights weights = {.panels = panels, .bias = bias, .n = n, .k = k};
    const gte__gemm g = {.weights = &weights,
                         .a = a,
                         .a_stride = a_stride,
                         .c = out,
                         .c_stride = out_stride,
                         .c_type = GTE__ELEMENT_F32,
                         .epilogue = GTE__EPILOGUE_BIAS};
    gte__gemm_run(kernel, &g, 0, rows, 0, gte__panel_count(n));
}

void gte__head_product(const gte_head *head, const void *states, size_t stride, size_t rows,
                       float *out)
{
    const size_t k = head->header->labels;
    product(head->weight, head->bias, k, head->header->hidden_size, states, stride, rows, out,
            k * sizeof *out);
}

/* One row a text into the encoder's wide rows, which hold 2H floats at least and nothing after a
 * pass; from there to the logits. */
static size_t sequence_logits(const gte_head *head, const gte__encoder *e, const gte__batch *batch,
                              float *out)
{
    const size_t hidden = head->header->hidden_size, stride = e->wide_stride;
    const bool vector = head->header->reads == GTE__HEAD_READS_VECTOR;
    const bool mean = vector && e->model->header->pooling == GTE__POOL_MEAN;
    const gte__pool_options pool = {mean ? GTE_POOLING_MEAN : GTE_POOLING_CLS, hidden, vector};
    char *pooled = e->wide, *wide = e->wide + hidden * sizeof(float);
    for (size_t i = 0; i < batch->texts; i++)
        gte__encoder_pool_text(e, batch, i, &pool, (float *)(void *)(pooled + i * stride));
    if (head->pooler) {
        product(head->pooler, head->pooler_bias, hidden, hidden, pooled, stride, batch->texts, wide,
                stride);
        for (size_t i = 0; i < batch->texts; i++) {
            float *row = (float *)(void *)(wide + i * stride);
            for (size_t j = 0; j < hidden; j++) row[j] = tanhf(row[j]);
        }
        pooled = wide;
    }
    gte__head_product(head, pooled, stride, batch->texts, out);
    return batch->texts;
}

size_t gte__head_logits(const gte_head *head, const gte__encoder *e, const gte__batch *batch,
                        float *out)
{
    const size_t rows = batch->starts[batch->texts];
    if (head->header->kind == GTE__HEAD_SEQUENCE) return sequence_logits(head, e, batch, out);
    gte__head_product(head, e->hidden, e->hidden_stride, rows, out);
    return rows;
}
