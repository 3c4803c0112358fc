/* FLOPs and bytes of the steps; what counts is said in trace_steps.h. */
#include "encoder/trace_steps.h"

void gte__trace_product(const gte__encoder *e, gte__place at, gte_trace_operation operation,
                        const gte__gemm *g, size_t rows, size_t panels)
{
    const gte__gemm_weights *w = g->weights;
    const gte__element weights =
        e->backend->unpacks ? GTE__ELEMENT_F32 : (gte__element)e->model->header->linear_dtype;
    const gte__element a = e->backend->unpacks ? GTE__ELEMENT_F32 : e->kernels.gemm->a;
    const size_t most = panels * GTE__PANEL_COLUMNS, columns = most < w->n ? most : w->n;
    const size_t c = rows * columns * gte__element_bytes(g->c_type);
    gte__trace_lap(e->trace, at.member,
                   (gte_trace_span){
                       .operation = operation,
                       .layer = at.layer,
                       .rows = (uint32_t)rows,
                       .flops = 2 * (uint64_t)rows * columns * w->k,
                       .bytes = gte__panels_bytes(weights, columns, w->k) +
                                rows * w->k * gte__element_bytes(a) + (g->residual ? 2 * c : c),
                   });
}

void gte__trace_add_attention(const gte__encoder *e, gte_trace_span *span, size_t length,
                              size_t heads, size_t queries)
{
    const size_t head_size = e->model->header->hidden_size / e->model->header->heads;
    span->rows += (uint32_t)queries;
    span->flops += 4 * (uint64_t)length * queries * heads * head_size;
    span->bytes +=
        2 * (uint64_t)(length + queries) * heads * head_size * gte__element_bytes(e->wide_type);
}

void gte__trace_rows(const gte__encoder *e, gte__place at, gte_trace_operation operation,
                     size_t rows, size_t width)
{
    /* Per element, with what its kernel reads and writes. A norm: the mean, x - mean and its
     * square's sum, then times 1/deviation, times gain, plus shift. */
    enum { F32 = sizeof(float), NORM = 8 };
    const size_t narrow = e->kernels.narrow ? gte__element_bytes(e->input_type) : 0;
    size_t flops = NORM, bytes = 2 * F32 + narrow;
    if (operation == GTE_TRACE_EMBED) {
        flops = 2 + NORM;
        bytes = gte__element_bytes((gte__element)e->model->header->table_dtype) + 3 * F32 + narrow;
    } else if (operation == GTE_TRACE_POOL) {
        flops = 1;
        bytes = F32;
    } else if (operation == GTE_TRACE_QUANTIZE) {
        flops = 2;
        bytes = F32 + 1;
    }
    const uint64_t elements = (uint64_t)rows * width;
    gte__trace_lap(e->trace, at.member,
                   (gte_trace_span){
                       .operation = operation,
                       .layer = at.layer,
                       .rows = (uint32_t)rows,
                       .flops = elements * flops,
                       .bytes = elements * bytes,
                   });
}
