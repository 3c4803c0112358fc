/* The forward pass of BERT (Devlin et al., 2018), post-norm, over a ragged batch.
 *
 * Letters, here and in the files beside: T tokens of the batch, H hidden size, F ffn size, L
 * layers. A row is one token; every step but attention treats rows independently, so texts need no
 * padding and no mask.
 *
 * First the steps of a layer, on any rows; then three ways to share them out:
 *     by texts   groups of texts pass a whole layer each: one job a layer. One thread, or many
 *                texts: a group's rows stay in a core's cache
 *     by rows    blocks of rows pass everything between two attentions: two jobs a layer. A few
 *                long texts
 *     by panels  each product is cut by its columns: seven jobs a layer. Too few rows to cut
 *
 * Each step tells the trace, if there is one, that it is done; a task, that it begins. */
#include "encoder/encoder.h"

#include <math.h>

#include "encoder/between.h"
#include "encoder/trace_steps.h"

/* Fewer rows than this and a product is bound by reading the weights: threads should share them. */
#define ROWS_WORTH_SPLITTING 48

typedef gte__range range;

/* One pass over a batch, or one job of it. */
typedef struct pass {
    gte__encoder *e;
    const gte__batch *batch;
    uint32_t layer;
    size_t rows, blocks;      /* all rows, and into how many blocks they or the panels are cut */
    const gte__gemm *product; /* by panels: the product of this job */
    gte_trace_operation operation; /* its name */
    void (*step)(const gte__encoder *e, gte__place at, range rows);
} pass;

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t divide_up(size_t n, size_t by)
{
    return (n + by - 1) / by;
}

/* The i-th of `parts` shares of n, as equal as can be. */
static range share(size_t n, size_t i, size_t parts)
{
    return (range){n * i / parts, n * (i + 1) / parts};
}

/* ---- the steps ----------------------------------------------------------------------------- */

/* y [rows, N] = epilogue(x [rows, K] W^T), all columns */
static void product(const gte__encoder *e, gte__place at, gte_trace_operation operation,
                    const gte__gemm *g, range rows)
{
    const size_t panels = gte__panel_count(g->weights->n);
    e->backend->product(&e->kernels, g, rows.begin, rows.end, 0, panels);
    if (e->trace) gte__trace_product(e, at, operation, g, rows.end - rows.begin, panels);
}

/* attended = softmax(q k^T / sqrt(D)) v (Vaswani et al., 2017, 3.2), one head of one text; queries
 * count from the text's first row */
static void attend(const gte__encoder *e, range text, size_t head, range queries, int member)
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

/* hidden = LN(hidden + attended Wo + bo), then hidden = LN(hidden + gelu(hidden Wu + bu) Wd + bd),
 * a block of rows at a time, so that the wide inner state stays in the cache */
static void after_attention(const gte__encoder *e, gte__place at, range rows)
{
    const gte__layer_products *p = &e->products[at.layer];
    gte__attended_to_input(e, at, rows);
    product(e, at, GTE_TRACE_ATTENTION_OUT, &p->attn_out, rows);
    gte__attention_norm(e, at, rows);
    const size_t n = rows.end - rows.begin,
                 blocks = divide_up(n, min_size(n, e->backend->ffn_rows));
    for (size_t i = 0; i < blocks; i++) {
        const range part = share(n, i, blocks);
        const range block = {rows.begin + part.begin, rows.begin + part.end};
        gte__gemm down = p->ffn_down;
        if (i + 1 < blocks) down.next = p->ffn_up.weights->panels;
        product(e, at, GTE_TRACE_FFN_UP, &p->ffn_up, block);
        gte__inner_to_input(e, at, block);
        product(e, at, GTE_TRACE_FFN_DOWN, &down, block);
        gte__ffn_norm(e, at, block);
    }
}

static void embed_task(void *arg, size_t task, int member)
{
    const pass *p = arg;
    const gte__encoder *e = p->e;
    if (e->trace) gte__trace_resume(e->trace, member);
    gte__embed_text(e, (gte__place){-1, member}, p->batch, task);
}

/* ---- by texts ------------------------------------------------------------------------------ */

/* Whole texts together up to `most` rows, one longer text alone. Returns how many groups. */
static size_t plan_groups(size_t *groups, const gte__batch *batch, size_t most)
{
    size_t count = 0, first = 0;
    groups[0] = 0;
    for (size_t i = 1; i <= batch->texts; i++) {
        if (i < batch->texts && batch->starts[i + 1] - batch->starts[first] <= most) continue;
        groups[++count] = first = i;
    }
    return count;
}

static void texts_task(void *arg, size_t task, int member)
{
    const pass *p = arg;
    const gte__encoder *e = p->e;
    const size_t *starts = p->batch->starts, heads = e->model->header->heads;
    const range texts = {e->groups[task], e->groups[task + 1]};
    const range rows = {starts[texts.begin], starts[texts.end]};
    const gte__place at = {(int)p->layer, member};
    gte_trace_span attention = {.operation = GTE_TRACE_ATTENTION, .layer = at.layer};
    if (e->trace) gte__trace_resume(e->trace, member);
    product(e, at, GTE_TRACE_QKV, &e->products[p->layer].qkv, rows);
    for (size_t i = texts.begin; i < texts.end; i++) {
        const range text = {starts[i], starts[i + 1]};
        const size_t length = text.end - text.begin;
        for (size_t head = 0; head < heads; head++)
            attend(e, text, head, (range){0, length}, member);
        if (e->trace) gte__trace_add_attention(e, &attention, length, heads, length);
    }
    if (e->trace) gte__trace_lap(e->trace, member, attention);
    after_attention(e, at, rows);
}

static void by_texts(pass *p, size_t most)
{
    const size_t groups = plan_groups(p->e->groups, p->batch, most);
    for (p->layer = 0; p->layer < p->e->model->header->layers; p->layer++)
        gte__team_run(p->e->team, texts_task, p, groups);
}

/* ---- by rows, by panels -------------------------------------------------------------------- */

/* A task is one head of one block of a text's queries. */
static void attend_task(void *arg, size_t task, int member)
{
    const pass *p = arg;
    const size_t *starts = p->batch->starts, heads = p->e->model->header->heads;
    const size_t i = task / heads / p->blocks;
    const range text = {starts[i], starts[i + 1]};
    const range queries = share(text.end - text.begin, task / heads % p->blocks, p->blocks);
    gte__trace *trace = p->e->trace;
    if (queries.begin == queries.end) return;
    if (trace) gte__trace_resume(trace, member);
    attend(p->e, text, task % heads, queries, member);
    if (trace) {
        gte_trace_span span = {.operation = GTE_TRACE_ATTENTION, .layer = (int)p->layer};
        gte__trace_add_attention(p->e, &span, text.end - text.begin, 1,
                                 queries.end - queries.begin);
        gte__trace_lap(trace, member, span);
    }
}

/* Heads are tasks enough, unless the threads are many. */
static void attend_all(pass *p)
{
    const size_t threads = (size_t)gte__team_threads(p->e->team);
    const size_t tasks = p->batch->texts * p->e->model->header->heads, blocks = p->blocks;
    p->blocks = divide_up(threads, tasks);
    gte__team_run(p->e->team, attend_task, p, tasks * p->blocks);
    p->blocks = blocks;
}

/* All of a row between two attentions: the end of the layer before and the start of this one. */
static void rows_task(void *arg, size_t task, int member)
{
    const pass *p = arg;
    const gte__encoder *e = p->e;
    const range rows = share(p->rows, task, p->blocks);
    const gte__place at = {(int)p->layer, member}, before = {at.layer - 1, member};
    if (e->trace) gte__trace_resume(e->trace, member);
    if (p->layer > 0) after_attention(e, before, rows);
    if (p->layer < e->model->header->layers)
        product(e, at, GTE_TRACE_QKV, &e->products[p->layer].qkv, rows);
}

static void by_rows(pass *p)
{
    const uint32_t layers = p->e->model->header->layers;
    p->blocks = min_size(2 * (size_t)gte__team_threads(p->e->team), p->rows / ROWS_WORTH_SPLITTING);
    for (p->layer = 0; p->layer <= layers; p->layer++) {
        gte__team_run(p->e->team, rows_task, p, p->blocks);
        if (p->layer < layers) attend_all(p);
    }
}

static void panels_task(void *arg, size_t task, int member)
{
    const pass *p = arg;
    const gte__encoder *e = p->e;
    const range panels = share(gte__panel_count(p->product->weights->n), task, p->blocks);
    if (e->trace) gte__trace_resume(e->trace, member);
    e->backend->product(&e->kernels, p->product, 0, p->rows, panels.begin, panels.end);
    if (e->trace)
        gte__trace_product(e, (gte__place){(int)p->layer, member}, p->operation, p->product,
                           p->rows, panels.end - panels.begin);
}

static void share_product(pass *p, gte_trace_operation operation, const gte__gemm *g)
{
    p->operation = operation;
    p->product = g;
    p->blocks = min_size((size_t)gte__team_threads(p->e->team), gte__panel_count(g->weights->n));
    gte__team_run(p->e->team, panels_task, p, p->blocks);
}

static void step_task(void *arg, size_t task, int member)
{
    const pass *p = arg;
    if (p->e->trace) gte__trace_resume(p->e->trace, member);
    p->step(p->e, (gte__place){(int)p->layer, member}, share(p->rows, task, p->blocks));
}

static void share_step(pass *p, void (*step)(const gte__encoder *, gte__place, range))
{
    enum { ROWS_A_TASK = 32 }; /* some 5 us of work */
    p->step = step;
    p->blocks = divide_up(p->rows, ROWS_A_TASK);
    gte__team_run(p->e->team, step_task, p, p->blocks);
}

static void by_panels(pass *p)
{
    const bool narrows = p->e->input_type == GTE__ELEMENT_INT8;
    for (p->layer = 0; p->layer < p->e->model->header->layers; p->layer++) {
        const gte__layer_products *products = &p->e->products[p->layer];
        share_product(p, GTE_TRACE_QKV, &products->qkv);
        attend_all(p);
        if (narrows) share_step(p, gte__attended_to_input);
        share_product(p, GTE_TRACE_ATTENTION_OUT, &products->attn_out);
        share_step(p, gte__attention_norm);
        share_product(p, GTE_TRACE_FFN_UP, &products->ffn_up);
        if (narrows) share_step(p, gte__inner_to_input);
        share_product(p, GTE_TRACE_FFN_DOWN, &products->ffn_down);
        share_step(p, gte__ffn_norm);
    }
}

/* ---- the pass ------------------------------------------------------------------------------ */

static size_t longest_text(const gte__batch *batch)
{
    size_t longest = 0;
    for (size_t i = 0; i < batch->texts; i++) {
        const size_t tokens = batch->starts[i + 1] - batch->starts[i];
        if (tokens > longest) longest = tokens;
    }
    return longest;
}

void gte__encoder_forward(gte__encoder *e, const gte__batch *batch)
{
    pass p = {.e = e, .batch = batch, .rows = batch->starts[batch->texts]};
    const size_t threads = (size_t)gte__team_threads(e->team);
    const int token = e->backend->enter();
    const int64_t begin = e->trace ? gte__trace_now() : 0;
    if (e->trace) gte__trace_mark_all(e->trace);
    gte__team_run(e->team, embed_task, &p, batch->texts);
    const size_t block = p.rows / (2 * threads); /* two blocks a thread even out its delays */
    if (threads == 1)
        by_texts(&p, e->backend->layer_rows);
    else if (block >= ROWS_WORTH_SPLITTING && longest_text(batch) <= block)
        by_texts(&p, min_size(block, e->backend->layer_rows));
    else if (p.rows >= threads * ROWS_WORTH_SPLITTING)
        by_rows(&p);
    else
        by_panels(&p);
    e->backend->leave(token);
    if (e->trace) {
        gte__trace_finish_all(e->trace);
        gte__trace_enclose(e->trace, GTE_TRACE_FORWARD, begin, (uint32_t)p.rows);
    }
}
