/* What happens to rows between two products: the sum of embeddings, layer norms, and the conversion
 * of a row to what the next product reads. Each row for itself. */
#include "encoder/between.h"

#include <string.h>

/* A layer norm and, in int8, the gain of the next product's input; there is none after the last. */
typedef struct norm_step {
    const float *gain, *shift, *input_gain;
    bool is_last;
} norm_step;

/* A row of the word table in f32: where it lies, or in `space` [H]. */
static const float *word_row(const gte__model *m, size_t id, float *space)
{
    const size_t hidden = m->header->hidden_size, first = id * hidden;
    if (m->header->table_dtype == GTE__DTYPE_BF16) {
        const uint16_t *row = (const uint16_t *)m->word_embeddings + first;
        for (size_t i = 0; i < hidden; i++) {
            const uint32_t bits = (uint32_t)row[i] << 16;
            memcpy(&space[i], &bits, sizeof bits);
        }
        return space;
    }
    if (m->header->table_dtype == GTE__DTYPE_INT8) {
        const uint8_t *row = (const uint8_t *)m->word_embeddings + first;
        const float scale = m->word_scales[2 * id];
        const float offset = m->word_scales[2 * id + 1];
        for (size_t i = 0; i < hidden; i++) space[i] = scale * (float)row[i] + offset;
        return space;
    }
    return (const float *)m->word_embeddings + first;
}

/* x = LN(x) and its copy; where no kernel narrows rows the copy is f32 and stands apart only if it
 * has a gain of its own. */
static void norm_row(const gte__encoder *e, size_t row, const norm_step *n)
{
    const gte__file_header *h = e->model->header;
    const size_t hidden = h->hidden_size;
    float *x = gte__hidden_row(e, row);
    const gte__row_copy copy = {
        .type = n->is_last ? GTE__ELEMENT_F32 : e->input_type,
        .data = e->input + row * e->input_stride,
        .scale = &e->scales[row],
        .gain = n->input_gain,
    };
    if (e->kernels.narrow) {
        e->kernels.narrow->layernorm(x, n->gain, n->shift, hidden, h->layer_norm_eps, &copy);
        return;
    }
    if (n->input_gain)
        e->kernels.rows->f32_layernorm(copy.data, x, n->input_gain, e->zeros, hidden,
                                       h->layer_norm_eps);
    e->kernels.rows->f32_layernorm(x, x, n->gain, n->shift, hidden, h->layer_norm_eps);
}

static void norm_rows(const gte__encoder *e, gte__place at, gte__range rows, const norm_step *n)
{
    for (size_t t = rows.begin; t < rows.end; t++) norm_row(e, t, n);
    if (e->trace)
        gte__trace_rows(e, at, at.layer < 0 ? GTE_TRACE_EMBED : GTE_TRACE_NORM,
                        rows.end - rows.begin, e->model->header->hidden_size);
}

/* The text that row `row` belongs to. */
static size_t text_of(const gte__batch *batch, size_t row)
{
    size_t first = 0, last = batch->texts - 1;
    while (first < last) {
        const size_t middle = last - (last - first) / 2;
        if (batch->starts[middle] <= row)
            first = middle;
        else
            last = middle - 1;
    }
    return first;
}

void gte__embed_rows(const gte__encoder *e, gte__place at, const gte__batch *batch, gte__range rows)
{
    const gte__model *m = e->model;
    const size_t hidden = m->header->hidden_size;
    size_t text = text_of(batch, rows.begin), position;
    const norm_step norm = {m->embedding_norm_gain, m->embedding_norm_shift,
                            m->layers[0].qkv_input_gain, false};
    for (size_t t = rows.begin; t < rows.end; t++) {
        const gte_token *token = &batch->tokens[t];
        float *x = gte__hidden_row(e, t);
        while (t >= batch->starts[text + 1]) text++;
        position = t - batch->starts[text] + (batch->positions ? batch->positions[text] : 0);
        e->kernels.rows->f32_add3(x, word_row(m, (size_t)token->id, x),
                                  m->position_embeddings + position * hidden,
                                  m->type_embeddings + (size_t)token->type * hidden, hidden);
    }
    norm_rows(e, at, rows, &norm);
}

void gte__attention_norm(const gte__encoder *e, gte__place at, gte__range rows)
{
    const gte__layer *l = &e->model->layers[at.layer];
    const norm_step norm = {l->attn_norm_gain, l->attn_norm_shift, l->ffn_up_input_gain, false};
    norm_rows(e, at, rows, &norm);
}

void gte__ffn_norm(const gte__encoder *e, gte__place at, gte__range rows)
{
    const gte__layer *l = &e->model->layers[at.layer];
    const bool is_last = at.layer + 1 == (int)e->model->header->layers;
    const norm_step norm = {l->ffn_norm_gain, l->ffn_norm_shift,
                            is_last ? NULL : l[1].qkv_input_gain, is_last};
    norm_rows(e, at, rows, &norm);
}

/* u8 of `width` elements of wide rows, from byte `from` of each on, in their own place. */
static void quantise_rows(const gte__encoder *e, gte__place at, gte__range rows, size_t from,
                          gte__element type, size_t width)
{
    if (e->input_type != GTE__ELEMENT_INT8) return;
    const gte__row_kernels *narrow = e->kernels.narrow;
    for (size_t t = rows.begin; t < rows.end; t++) {
        void *row = e->wide + t * e->wide_stride + from;
        const gte__row_copy copy = {.type = GTE__ELEMENT_INT8, .data = row, .scale = &e->scales[t]};
        if (type == GTE__ELEMENT_BF16)
            narrow->quantise_gelu(row, copy.scale, row, width);
        else
            narrow->copy(row, width, &copy);
    }
    if (e->trace) gte__trace_rows(e, at, GTE_TRACE_QUANTIZE, rows.end - rows.begin, width);
}

void gte__attended_to_input(const gte__encoder *e, gte__place at, gte__range rows)
{
    quantise_rows(e, at, rows, e->attended, e->attended_type, e->model->header->hidden_size);
}

void gte__inner_to_input(const gte__encoder *e, gte__place at, gte__range rows)
{
    quantise_rows(e, at, rows, 0, e->wide_type, e->model->header->ffn_size);
}
