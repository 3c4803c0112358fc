/* The last checks of opening: the tensor table against the architecture, and the views of weights
 * that the encoder uses. */
#include "model/model.h"

#include <stdlib.h>

#include "base/memory.h"

/* Where the view of a tensor goes: one of the three. */
typedef struct slot {
    const float **vector;
    gte__matrix *matrix;
    const void **table;
} slot;

static slot model_slot(gte__model *m, uint32_t role)
{
    switch (role) {
    case GTE__WORD_EMBEDDINGS:
        return (slot){.table = &m->word_embeddings};
    case GTE__WORD_SCALES:
        return (slot){.vector = &m->word_scales};
    case GTE__POSITION_EMBEDDINGS:
        return (slot){.vector = &m->position_embeddings};
    case GTE__TYPE_EMBEDDINGS:
        return (slot){.vector = &m->type_embeddings};
    case GTE__EMBEDDING_NORM_GAIN:
        return (slot){.vector = &m->embedding_norm_gain};
    default: /* GTE__EMBEDDING_NORM_SHIFT */
        return (slot){.vector = &m->embedding_norm_shift};
    }
}

static slot int8_slot(gte__layer *l, uint32_t role)
{
    switch (role) {
    case GTE__QKV_SCALE:
        return (slot){.vector = &l->qkv.scale};
    case GTE__QKV_SUMS:
        return (slot){.vector = &l->qkv.sums};
    case GTE__QKV_INPUT_GAIN:
        return (slot){.vector = &l->qkv_input_gain};
    case GTE__ATTN_OUT_SCALE:
        return (slot){.vector = &l->attn_out.scale};
    case GTE__ATTN_OUT_SUMS:
        return (slot){.vector = &l->attn_out.sums};
    case GTE__FFN_UP_SCALE:
        return (slot){.vector = &l->ffn_up.scale};
    case GTE__FFN_UP_SUMS:
        return (slot){.vector = &l->ffn_up.sums};
    case GTE__FFN_UP_INPUT_GAIN:
        return (slot){.vector = &l->ffn_up_input_gain};
    case GTE__FFN_DOWN_SCALE:
        return (slot){.vector = &l->ffn_down.scale};
    default: /* GTE__FFN_DOWN_SUMS */
        return (slot){.vector = &l->ffn_down.sums};
    }
}

static slot layer_slot(gte__layer *l, uint32_t role)
{
    switch (role) {
    case GTE__QKV_WEIGHT:
        return (slot){.matrix = &l->qkv};
    case GTE__QKV_BIAS:
        return (slot){.vector = &l->qkv_bias};
    case GTE__ATTN_OUT_WEIGHT:
        return (slot){.matrix = &l->attn_out};
    case GTE__ATTN_OUT_BIAS:
        return (slot){.vector = &l->attn_out_bias};
    case GTE__ATTN_NORM_GAIN:
        return (slot){.vector = &l->attn_norm_gain};
    case GTE__ATTN_NORM_SHIFT:
        return (slot){.vector = &l->attn_norm_shift};
    case GTE__FFN_UP_WEIGHT:
        return (slot){.matrix = &l->ffn_up};
    case GTE__FFN_UP_BIAS:
        return (slot){.vector = &l->ffn_up_bias};
    case GTE__FFN_DOWN_WEIGHT:
        return (slot){.matrix = &l->ffn_down};
    case GTE__FFN_DOWN_BIAS:
        return (slot){.vector = &l->ffn_down_bias};
    case GTE__FFN_NORM_GAIN:
        return (slot){.vector = &l->ffn_norm_gain};
    case GTE__FFN_NORM_SHIFT:
        return (slot){.vector = &l->ffn_norm_shift};
    default: /* int8 only */
        return int8_slot(l, role);
    }
}

static gte_status check_record(const gte__model *m, const gte__tensor_record *t, uint64_t at,
                               gte_error *err)
{
    const gte__section *data = &m->header->sections[GTE__SECTION_DATA];
    uint32_t rows, cols;
    const uint32_t linear = m->header->linear_dtype, table = m->header->table_dtype;
    if (t->role >= GTE__ROLE_COUNT || !gte__role_stands(t->role, linear, table))
        return gte__fail(err, GTE_E_FORMAT, at, "a tensor has the unknown role %u", t->role);
    const char *name = gte__role_name(t->role);
    if (t->layer >= (gte__role_is_of_layer(t->role) ? m->header->layers : 1))
        return gte__fail(err, GTE_E_FORMAT, at, "tensor %s is of layer %u of %u", name, t->layer,
                         m->header->layers);
    const uint32_t dtype = gte__role_dtype(t->role, linear, table);
    const uint32_t layout = gte__role_layout(t->role);
    if (t->dtype != dtype || t->layout != layout || t->reserved)
        return gte__fail(err, GTE_E_FORMAT, at,
                         "tensor %s of layer %u: type %u or layout %u is not %u and %u", name,
                         t->layer, t->dtype, t->layout, dtype, layout);
    gte__role_shape(m->header, t->role, &rows, &cols);
    if (t->rows != rows || t->cols != cols)
        return gte__fail(err, GTE_E_FORMAT, at,
                         "tensor %s of layer %u is [%u, %u], expected [%u, %u]", name, t->layer,
                         t->rows, t->cols, rows, cols);
    if (t->size != gte__tensor_bytes(layout, dtype, rows, cols) || t->offset % GTE__TENSOR_ALIGN ||
        t->offset > data->size || t->size > data->size - t->offset)
        return gte__fail(err, GTE_E_FORMAT, at,
                         "tensor %s of layer %u: %llu bytes at %llu do not fit", name, t->layer,
                         (unsigned long long)t->size, (unsigned long long)t->offset);
    return GTE_OK;
}

static gte_status place_record(gte__model *m, const gte__tensor_record *t, uint64_t at,
                               gte_error *err)
{
    gte_status status = check_record(m, t, at, err);
    if (status != GTE_OK) return status;
    const slot s = gte__role_is_of_layer(t->role) ? layer_slot(&m->layers[t->layer], t->role)
                                                  : model_slot(m, t->role);
    if (s.matrix ? s.matrix->panels != NULL : s.table ? *s.table != NULL : *s.vector != NULL)
        return gte__fail(err, GTE_E_FORMAT, at, "tensor %s of layer %u stands twice",
                         gte__role_name(t->role), t->layer);
    const void *data = m->data + m->header->sections[GTE__SECTION_DATA].offset + t->offset;
    if (s.vector) *s.vector = data;
    if (s.table) *s.table = data;
    if (!s.matrix) return GTE_OK;
    s.matrix->panels = data;
    s.matrix->rows = t->rows;
    s.matrix->cols = t->cols;
    return GTE_OK;
}

/* How many records there are, each role being there as often as it should. */
static uint64_t expected_records(const gte__file_header *h)
{
    uint64_t count = 0;
    for (uint32_t role = 0; role < GTE__ROLE_COUNT; role++)
        if (gte__role_stands(role, h->linear_dtype, h->table_dtype))
            count += gte__role_is_of_layer(role) ? h->layers : 1;
    return count;
}

gte_status gte__open_tensors(gte__model *m, gte_error *err)
{
    const gte__section *table = &m->header->sections[GTE__SECTION_TENSORS];
    uint32_t layers = m->header->layers;
    const uint64_t expected = expected_records(m->header);
    if (table->size != expected * sizeof(gte__tensor_record))
        return gte__fail(err, GTE_E_FORMAT, table->offset,
                         "the tensor table has %llu bytes, expected %llu records of %zu",
                         (unsigned long long)table->size, (unsigned long long)expected,
                         sizeof(gte__tensor_record));
    m->tensors = (const gte__tensor_record *)(const void *)(m->data + table->offset);
    m->tensor_count = (size_t)expected;
    m->layers = calloc(layers, sizeof *m->layers);
    if (!m->layers) return gte__fail(err, GTE_E_MEMORY, 0, "no memory for %u layers", layers);
    /* as many records as roles and none twice: every role is there */
    for (size_t i = 0; i < m->tensor_count; i++) {
        uint64_t at = table->offset + i * sizeof(gte__tensor_record);
        gte_status status = place_record(m, &m->tensors[i], at, err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}
