/* The forward pass of BERT (Devlin et al., 2018), post-norm, over a ragged batch: the steps of a
 * layer, on any rows. How threads share them is the business of split.c.
 *
 * Letters, here and in the files beside: T tokens of the batch, H hidden size, F ffn size, L
 * layers. A row is one token; every step but attention treats rows independently, so texts need no
 * padding and no mask. */
#include "encoder/encoder.h"

#include <math.h>

#include "encoder/steps.h"

void gte__step_product(const gte__encoder *e, gte__place at, gte_trace_operation operation,
                       const gte__gemm *g, gte__range rows, gte__range panels)
{
    e->backend->product(&e->kernels, g, rows.begin, rows.end, panels.begin, panels.end);
    if (e->trace)
        gte__trace_product(e, at, operation, g, rows.end - rows.begin, panels.end - panels.begin);
}

/* all columns */
static void product(const gte__encoder *e, gte__place at, gte_trace_operation operation,
                    const gte__gemm *g, gte__range rows)
{
    const gte__range panels = {0, gte__panel_count(g->weights->n)};
    gte__step_product(e, at, operation, g, rows, panels);
}

/* attended = softmax(q k^T / sqrt(D)) v (Vaswani et al., 2017, 3.2), one head of one text */
static void attend(const gte__encoder *e, gte__range text, size_t head, gte__range queries,
                   int member)
{
    const size_t head_size = e->model->header->hidden_size / e->model->header->heads;
    const size_t element = gte__element_bytes(e->wide_type);
    const size_t hidden = e->model->header->hidden_size * element;
    char *row = e->wide + text.begin * e->wide_stride;
    char *q = row + head * head_size * element;
    gte__attention at = {
        .q = q,
        .k = q + hidden,
        .v = q + 2 * hidden,
        .stride = e->wide_stride,
        .length = text.end - text.begin,
        .head_size = head_size,
        .scale = 1.0f / sqrtf((float)head_size),
        .out = row + e->attended + head * head_size * gte__element_bytes(e->attended_type),
        .out_stride = e->wide_stride,
        .out_type = e->attended_type,
        .scratch = e->scratch + (size_t)member * e->scratch_size,
    };
    e->backend->attend(&e->kernels, &at, queries.begin, queries.end);
}

void gte__step_attend(const gte__encoder *e, const gte__batch *batch, gte__place at, size_t text,
                      size_t head, gte__range queries)
{
    const gte__range rows = {batch->starts[text], batch->starts[text + 1]};
    attend(e, rows, head, queries, at.member);
    if (e->trace) {
        gte_trace_span span = {.operation = GTE_TRACE_ATTENTION, .layer = at.layer};
        gte__trace_add_attention(e, &span, rows.end - rows.begin, 1, queries.end - queries.begin);
        gte__trace_lap(e->trace, at.member, span);
    }
}

/* All heads of whole texts. */
static void attend_texts(const gte__encoder *e, const gte__batch *batch, gte__place at,
                         gte__range texts)
{
    const size_t heads = e->model->header->heads;
    gte_trace_span span = {.operation = GTE_TRACE_ATTENTION, .layer = at.layer};
    for (size_t i = texts.begin; i < texts.end; i++) {
        const gte__range rows = {batch->starts[i], batch->starts[i + 1]};
        const size_t length = rows.end - rows.begin;
        for (size_t head = 0; head < heads; head++)
            attend(e, rows, head, (gte__range){0, length}, at.member);
        if (e->trace) gte__trace_add_attention(e, &span, length, heads, length);
    }
    if (e->trace) gte__trace_lap(e->trace, at.member, span);
}

void gte__step_before_attention(const gte__encoder *e, gte__place at, gte__range rows)
{
    product(e, at, GTE_TRACE_QKV, &e->products[at.layer].qkv, rows);
}

/* hidden = LN(hidden + attended Wo + bo), then hidden = LN(hidden + gelu(hidden Wu + bu) Wd + bd),
 * a block of rows at a time, so that the wide inner state stays in the cache */
void gte__step_after_attention(const gte__encoder *e, gte__place at, gte__range rows)
{
    const gte__layer_products *p = &e->products[at.layer];
    gte__attended_to_input(e, at, rows);
    product(e, at, GTE_TRACE_ATTENTION_OUT, &p->attn_out, rows);
    gte__attention_norm(e, at, rows);
    const size_t n = rows.end - rows.begin, most = e->backend->ffn_rows,
                 blocks = gte__divide_up(n, n < most ? n : most);
    for (size_t i = 0; i < blocks; i++) {
        const gte__range part = gte__share(n, i, blocks);
        const gte__range block = {rows.begin + part.begin, rows.begin + part.end};
        gte__gemm down = p->ffn_down;
        if (i + 1 < blocks) down.next = p->ffn_up.weights->panels;
        product(e, at, GTE_TRACE_FFN_UP, &p->ffn_up, block);
        gte__inner_to_input(e, at, block);
        product(e, at, GTE_TRACE_FFN_DOWN, &down, block);
        gte__ffn_norm(e, at, block);
    }
}

void gte__step_layer(const gte__encoder *e, const gte__batch *batch, gte__leg leg, gte__place at,
                     gte__range texts)
{
    const gte__range rows = {batch->starts[texts.begin], batch->starts[texts.end]};
    if (gte__leg_projects(leg, (uint32_t)at.layer)) gte__step_before_attention(e, at, rows);
    if ((uint32_t)at.layer == leg.to.layer) return;
    attend_texts(e, batch, at, texts);
    gte__step_after_attention(e, at, rows);
}

void gte__encoder_forward(gte__encoder *e, const gte__batch *batch)
{
    gte__encoder_run(e, batch, (gte__leg){{0, false}, {e->model->header->layers, false}});
}

void gte__encoder_run(gte__encoder *e, const gte__batch *batch, gte__leg leg)
{
    const int token = e->backend->enter();
    const int64_t begin = e->trace ? gte__trace_now() : 0;
    if (e->trace) gte__trace_mark_all(e->trace);
    gte__split_pass(e, batch, leg);
    e->backend->leave(token);
    if (e->trace) {
        gte__trace_finish_all(e->trace);
        gte__trace_enclose(e->trace, GTE_TRACE_FORWARD, begin,
                           (uint32_t)batch->starts[batch->texts]);
    }
}
