/* How threads share a forward pass. There are three ways:
 *
 *     by texts   groups of texts pass a few layers each; a thread takes the group that is furthest
 *                behind and free. No thread waits for another before the end. One thread, or many
 *                texts: a group's rows stay in a core's cache
 *     by rows    blocks of rows pass everything between two attentions: two stages a layer. A few
 *                long texts
 *     by panels  each product is cut by its columns, and by rows too where columns do not give
 *                every thread enough: seven stages a layer. Too few rows to cut
 *
 * A pass is one job of the team: next_stage() says what comes, run_task() does it. */
#include <stdatomic.h>
#include <stdbool.h>

#include "encoder/steps.h"

/* Rows that make a block worth its while: fewer leave the multipliers idle (a tile of f32 has 14
 * rows). A block of many is enough to use the weights for a while after they came from memory. */
#define ROWS_MIN 16
#define ROWS_MANY 48

/* Work is counted in multiplications; some 100 are a nanosecond. */
#define TASK_MIN ((size_t)256 * 1024) /* not worth a task of its own */
#define TASK_COST ((size_t)64 * 1024) /* of handing a task to a thread */
#define TILE_ROWS 14u                 /* fewer rows cost as much */

/* A group's rows are in the core's cache after a layer, and leave it when others come between; but
 * a thread that lost its core holds its group up. One thread takes a group through all layers. */
#define LAYERS_AT_ONCE 3

/* Norms and embeddings: elements that are some 3 us of work. */
#define STEP_ELEMENTS ((size_t)24 * 1024)
/* Queries that are worth packing the keys and values for. */
#define QUERIES_MIN 64

typedef enum way { BY_TEXTS, BY_ROWS, BY_PANELS } way;

/* The stages of a layer; by rows there are two, by texts one for all layers. */
typedef enum stage {
    START,
    EMBED,
    TEXTS,
    ROWS,
    QKV,
    ATTEND,
    ATTENDED_TO_INPUT, /* int8 only */
    ATTENTION_OUT,
    ATTENTION_NORM,
    FFN_UP,
    INNER_TO_INPUT, /* int8 only */
    FFN_DOWN,
    FFN_NORM,
    END
} stage;

/* The stages that treat rows one by one. */
static void (*const row_steps[])(const gte__encoder *, gte__place, gte__range) = {
    [ATTENDED_TO_INPUT] = gte__attended_to_input,
    [ATTENTION_NORM] = gte__attention_norm,
    [INNER_TO_INPUT] = gte__inner_to_input,
    [FFN_NORM] = gte__ffn_norm,
};

/* Into how many parts a product's rows and panels are cut. */
typedef struct cut {
    size_t row_blocks, parts;
} cut;

typedef struct pass {
    gte__encoder *e;
    const gte__batch *batch;
    gte__leg leg;
    way way;
    size_t threads, rows, groups;
    stage stage; /* of this job, and its layer */
    uint32_t layer;
    size_t row_blocks;   /* into which rows are cut */
    size_t parts, units; /* into which queries are cut; heads of texts, times that */
    size_t attention_tasks;
    cut cuts[END]; /* by panels: of each product */
} pass;

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* ---- by texts ------------------------------------------------------------------------------ */

#define HELD 0x80000000u /* of a group's progress: a thread is at it; the rest is its layer */

/* Whole texts together up to `most` rows, one longer text alone. Returns how many groups. */
static size_t plan_groups(gte__encoder *e, const gte__batch *batch, uint32_t layer, size_t most)
{
    size_t count = 0, first = 0;
    e->groups[0] = 0;
    for (size_t i = 1; i <= batch->texts; i++) {
        if (i < batch->texts && batch->starts[i + 1] - batch->starts[first] <= most) continue;
        atomic_init(&e->progress[count], layer);
        e->groups[++count] = first = i;
    }
    return count;
}

/* Takes the free group that is furthest behind; false when none is left to take. What others hold
 * they will finish. */
static bool take_group(const pass *p, uint32_t layers, size_t *group, uint32_t *layer)
{
    _Atomic uint32_t *progress = p->e->progress;
    for (;;) {
        *layer = layers;
        *group = 0;
        for (size_t i = 0; i < p->groups; i++) {
            const uint32_t at = atomic_load_explicit(&progress[i], memory_order_relaxed);
            if (at >= *layer) continue; /* and so is what is held */
            *layer = at;
            *group = i;
        }
        if (*layer == layers) return false;
        uint32_t expected = *layer;
        if (atomic_compare_exchange_strong_explicit(&progress[*group], &expected, *layer | HELD,
                                                    memory_order_acquire, memory_order_relaxed))
            return true;
    }
}

static void run_groups(const pass *p, int member)
{
    size_t group;
    uint32_t layer;
    const uint32_t layers = p->leg.to.layer + (p->leg.to.projected ? 1 : 0);
    while (take_group(p, layers, &group, &layer)) {
        const gte__range texts = {p->e->groups[group], p->e->groups[group + 1]};
        const uint32_t left = layers - layer;
        const uint32_t end =
            p->threads > 1 && left > LAYERS_AT_ONCE ? layer + LAYERS_AT_ONCE : layers;
        while (layer < end) {
            gte__step_layer(p->e, p->batch, p->leg, (gte__place){(int)layer++, member}, texts);
            gte__team_breathe(p->e->team, member);
        }
        atomic_store_explicit(&p->e->progress[group], layer, memory_order_release);
    }
}

/* ---- stages -------------------------------------------------------------------------------- */

static const gte__gemm *product_of(const pass *p, stage of)
{
    const gte__layer_products *products = &p->e->products[p->layer];
    return of == QKV             ? &products->qkv
           : of == ATTENTION_OUT ? &products->attn_out
           : of == FFN_UP        ? &products->ffn_up
                                 : &products->ffn_down;
}

/* The time of a product so cut, in multiplications of one thread. */
static size_t time_of(const pass *p, const gte__gemm_weights *w, cut c)
{
    const size_t rows = max_size(gte__divide_up(p->rows, c.row_blocks), TILE_ROWS);
    const size_t panels = gte__divide_up(gte__panel_count(w->n), c.parts);
    return gte__divide_up(c.row_blocks * c.parts, p->threads) *
           (rows * panels * GTE__PANEL_COLUMNS * w->k + TASK_COST);
}

/* The best of some cuts with a task or two a thread. Each block of rows reads all weights, so
 * columns are cut first. */
static cut plan_product(const pass *p, stage of)
{
    const gte__gemm_weights *w = product_of(p, of)->weights;
    const size_t panels = gte__panel_count(w->n);
    cut best = {1, 1};
    for (size_t blocks = 1; blocks == 1 || p->rows / blocks >= ROWS_MIN; blocks *= 2) {
        for (size_t tasks = 2 * p->threads; tasks >= p->threads; tasks -= p->threads) {
            const size_t wanted = min_size(gte__divide_up(tasks, blocks), panels);
            const cut c = {blocks, gte__divide_up(panels, gte__divide_up(panels, wanted))};
            if (time_of(p, w, c) < time_of(p, w, best)) best = c;
        }
    }
    return best;
}

/* Heads of texts, some of them together where they are small, in parts where they are few. */
static size_t plan_attention(pass *p)
{
    const gte__file_header *h = p->e->model->header;
    const size_t heads = p->batch->texts * h->heads, length = p->rows / p->batch->texts;
    const size_t work = 2 * p->rows * length * h->hidden_size / TASK_MIN;
    p->parts = max_size(min_size(gte__divide_up(2 * p->threads, heads), length / QUERIES_MIN),
                        gte__divide_up(p->threads, heads));
    p->units = heads * p->parts;
    p->attention_tasks = min_size(p->units, max_size(p->threads, min_size(8 * p->threads, work)));
    return p->attention_tasks;
}

static size_t plan_row_steps(pass *p)
{
    const size_t elements = p->rows * p->e->model->header->hidden_size;
    return p->row_blocks = max_size(min_size(elements / STEP_ELEMENTS, 4 * p->threads), 1);
}

/* A block a thread, or several where that leaves them many rows. */
static size_t plan_rows(pass *p)
{
    const size_t rounds = min_size(4, p->rows / (p->threads * ROWS_MANY));
    return p->row_blocks = p->threads * max_size(rounds, 1);
}

/* The first stage at p->layer. */
static stage enter_layer(const pass *p)
{
    if (p->way == BY_TEXTS) return TEXTS;
    if (gte__leg_projects(p->leg, p->layer)) return p->way == BY_ROWS ? ROWS : QKV;
    return p->layer < p->leg.to.layer ? ATTEND : END;
}

/* The stage after p->stage. */
static stage follow(pass *p)
{
    const bool quantises = p->e->input_type == GTE__ELEMENT_INT8;
    switch (p->stage) {
    case START:
        return p->batch->tokens ? EMBED : enter_layer(p);
    case EMBED:
        return enter_layer(p);
    case TEXTS:
        return END;
    case ROWS:
    case QKV:
        return p->layer < p->leg.to.layer ? ATTEND : END;
    case ATTEND:
        if (p->way == BY_PANELS) return quantises ? ATTENDED_TO_INPUT : ATTENTION_OUT;
        p->layer++;
        return ROWS;
    case FFN_UP:
        return quantises ? INNER_TO_INPUT : FFN_DOWN;
    case FFN_NORM:
        p->layer++;
        return enter_layer(p);
    default:
        return p->stage + 1;
    }
}

static size_t plan_stage(pass *p)
{
    switch (p->stage) {
    case TEXTS:
        return min_size(p->threads, p->groups);
    case ROWS:
        return plan_rows(p);
    case ATTEND:
        return plan_attention(p);
    case EMBED:
    case ATTENDED_TO_INPUT:
    case ATTENTION_NORM:
    case INNER_TO_INPUT:
    case FFN_NORM:
        return plan_row_steps(p);
    case END:
        return 0;
    default:
        return p->cuts[p->stage].row_blocks * p->cuts[p->stage].parts;
    }
}

static size_t next_stage(void *arg)
{
    pass *p = arg;
    p->stage = follow(p);
    return plan_stage(p);
}

/* ---- tasks --------------------------------------------------------------------------------- */

static void run_rows(const pass *p, gte__place at, gte__range rows)
{
    const gte__place before = {at.layer - 1, at.member};
    if (p->layer > p->leg.from.layer) gte__step_after_attention(p->e, before, rows);
    if (gte__leg_projects(p->leg, p->layer)) gte__step_before_attention(p->e, at, rows);
}

/* A unit is one head of one part of a text's queries. */
static void run_attention(const pass *p, gte__place at, size_t task)
{
    const size_t heads = p->e->model->header->heads;
    const gte__range units = gte__share(p->units, task, p->attention_tasks);
    for (size_t unit = units.begin; unit < units.end; unit++) {
        const size_t text = unit / heads / p->parts;
        const size_t length = p->batch->starts[text + 1] - p->batch->starts[text];
        const gte__range queries = gte__share(length, unit / heads % p->parts, p->parts);
        if (queries.begin < queries.end)
            gte__step_attend(p->e, p->batch, at, text, unit % heads, queries);
    }
}

/* Some panels of some rows. */
static void run_product(const pass *p, gte__place at, size_t task)
{
    static const gte_trace_operation operations[] = {[QKV] = GTE_TRACE_QKV,
                                                     [ATTENTION_OUT] = GTE_TRACE_ATTENTION_OUT,
                                                     [FFN_UP] = GTE_TRACE_FFN_UP,
                                                     [FFN_DOWN] = GTE_TRACE_FFN_DOWN};
    const gte__gemm *g = product_of(p, p->stage);
    const cut c = p->cuts[p->stage];
    const gte__range rows = gte__share(p->rows, task / c.parts, c.row_blocks);
    const gte__range panels = gte__share(gte__panel_count(g->weights->n), task % c.parts, c.parts);
    gte__step_product(p->e, at, operations[p->stage], g, rows, panels);
}

static void run_task(void *arg, size_t task, int member)
{
    const pass *p = arg;
    const gte__place at = {(int)p->layer, member};
    const gte__range rows = gte__share(p->rows, task, p->row_blocks);
    if (p->e->trace) gte__trace_resume(p->e->trace, member);
    switch (p->stage) {
    case EMBED:
        gte__embed_rows(p->e, (gte__place){-1, member}, p->batch, rows);
        break;
    case TEXTS:
        run_groups(p, member);
        break;
    case ROWS:
        run_rows(p, at, rows);
        break;
    case ATTEND:
        run_attention(p, at, task);
        break;
    case ATTENDED_TO_INPUT:
    case ATTENTION_NORM:
    case INNER_TO_INPUT:
    case FFN_NORM:
        row_steps[p->stage](p->e, at, rows);
        break;
    default:
        run_product(p, at, task);
    }
}

/* ---- the pass ------------------------------------------------------------------------------ */

static size_t longest_text(const gte__batch *batch)
{
    size_t longest = 0;
    for (size_t i = 0; i < batch->texts; i++)
        longest = max_size(longest, batch->starts[i + 1] - batch->starts[i]);
    return longest;
}

/* The rows of a group: two groups a thread even out its delays; one where they would be small. */
static size_t group_rows(const pass *p)
{
    const size_t two = p->rows / (2 * p->threads);
    if (p->threads == 1) return p->rows;
    return two >= ROWS_MANY ? two : p->rows / p->threads;
}

static way choose(const pass *p)
{
    const size_t group = group_rows(p);
    if (p->threads == 1 || (group >= ROWS_MIN && longest_text(p->batch) <= group)) return BY_TEXTS;
    return p->rows >= p->threads * ROWS_MIN ? BY_ROWS : BY_PANELS;
}

void gte__split_pass(gte__encoder *e, const gte__batch *batch, gte__leg leg)
{
    static const stage products[] = {QKV, ATTENTION_OUT, FFN_UP, FFN_DOWN};
    pass p = {.e = e,
              .batch = batch,
              .leg = leg,
              .layer = leg.from.layer,
              .threads = (size_t)gte__team_threads(e->team),
              .rows = batch->starts[batch->texts],
              .row_blocks = 1};
    p.way = choose(&p);
    if (p.way == BY_TEXTS)
        p.groups =
            plan_groups(e, batch, leg.from.layer, min_size(group_rows(&p), e->backend->layer_rows));
    for (size_t i = 0; p.way == BY_PANELS && i < sizeof products / sizeof *products; i++)
        p.cuts[products[i]] = plan_product(&p, products[i]);
    gte__team_run(e->team, next_stage, run_task, &p);
}
