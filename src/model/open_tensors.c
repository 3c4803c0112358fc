/* The last checks of opening: the tensor table against the architecture, and the views of weights
 * that the encoder uses. */
#include "model/model.h"

#include <stdlib.h>

#include "base/memory.h"

const char *gte__role_name(uint32_t role)
{
    static const char *const names[GTE__ROLE_COUNT] = {
        [GTE__WORD_EMBEDDINGS] = "word_embeddings",
        [GTE__POSITION_EMBEDDINGS] = "position_embeddings",
        [GTE__TYPE_EMBEDDINGS] = "type_embeddings",
        [GTE__EMBEDDING_NORM_GAIN] = "embedding_norm_gain",
        [GTE__EMBEDDING_NORM_SHIFT] = "embedding_norm_shift",
        [GTE__QKV_WEIGHT] = "qkv_weight",
        [GTE__QKV_BIAS] = "qkv_bias",
        [GTE__ATTN_OUT_WEIGHT] = "attn_out_weight",
        [GTE__ATTN_OUT_BIAS] = "attn_out_bias",
        [GTE__ATTN_NORM_GAIN] = "attn_norm_gain",
        [GTE__ATTN_NORM_SHIFT] = "attn_norm_shift",
        [GTE__FFN_UP_WEIGHT] = "ffn_up_weight",
        [GTE__FFN_UP_BIAS] = "ffn_up_bias",
        [GTE__FFN_DOWN_WEIGHT] = "ffn_down_weight",
        [GTE__FFN_DOWN_BIAS] = "ffn_down_bias",
        [GTE__FFN_NORM_GAIN] = "ffn_norm_gain",
        [GTE__FFN_NORM_SHIFT] = "ffn_norm_shift",
    };
    return role < GTE__ROLE_COUNT ? names[role] : "unknown";
}

void gte__role_shape(const gte__file_header *h, uint32_t role, uint32_t *rows, uint32_t *cols)
{
    *rows = 1;
    *cols = h->hidden_size;
    switch (role) {
    case GTE__WORD_EMBEDDINGS:
        *rows = h->vocab_size;
        break;
    case GTE__POSITION_EMBEDDINGS:
        *rows = h->max_positions;
        break;
    case GTE__TYPE_EMBEDDINGS:
        *rows = h->type_vocab_size;
        break;
    case GTE__QKV_WEIGHT:
        *rows = 3 * h->hidden_size;
        break;
    case GTE__QKV_BIAS:
        *cols = 3 * h->hidden_size;
        break;
    case GTE__ATTN_OUT_WEIGHT:
        *rows = h->hidden_size;
        break;
    case GTE__FFN_UP_WEIGHT:
        *rows = h->ffn_size;
        break;
    case GTE__FFN_UP_BIAS:
        *cols = h->ffn_size;
        break;
    case GTE__FFN_DOWN_WEIGHT:
        *rows = h->hidden_size;
        *cols = h->ffn_size;
        break;
    default: /* vectors of H */
        break;
    }
}

/* Where the view of a tensor goes: one of the two. */
typedef struct slot {
    const float **vector;
    gte__matrix *matrix;
} slot;

static slot model_slot(gte__model *m, uint32_t role)
{
    switch (role) {
    case GTE__WORD_EMBEDDINGS:
        return (slot){&m->word_embeddings, NULL};
    case GTE__POSITION_EMBEDDINGS:
        return (slot){&m->position_embeddings, NULL};
    case GTE__TYPE_EMBEDDINGS:
        return (slot){&m->type_embeddings, NULL};
    case GTE__EMBEDDING_NORM_GAIN:
        return (slot){&m->embedding_norm_gain, NULL};
    default: /* GTE__EMBEDDING_NORM_SHIFT */
        return (slot){&m->embedding_norm_shift, NULL};
    }
}

static slot layer_slot(gte__layer *l, uint32_t role)
{
    switch (role) {
    case GTE__QKV_WEIGHT:
        return (slot){NULL, &l->qkv};
    case GTE__QKV_BIAS:
        return (slot){&l->qkv_bias, NULL};
    case GTE__ATTN_OUT_WEIGHT:
        return (slot){NULL, &l->attn_out};
    case GTE__ATTN_OUT_BIAS:
        return (slot){&l->attn_out_bias, NULL};
    case GTE__ATTN_NORM_GAIN:
        return (slot){&l->attn_norm_gain, NULL};
    case GTE__ATTN_NORM_SHIFT:
        return (slot){&l->attn_norm_shift, NULL};
    case GTE__FFN_UP_WEIGHT:
        return (slot){NULL, &l->ffn_up};
    case GTE__FFN_UP_BIAS:
        return (slot){&l->ffn_up_bias, NULL};
    case GTE__FFN_DOWN_WEIGHT:
        return (slot){NULL, &l->ffn_down};
    case GTE__FFN_DOWN_BIAS:
        return (slot){&l->ffn_down_bias, NULL};
    case GTE__FFN_NORM_GAIN:
        return (slot){&l->ffn_norm_gain, NULL};
    default: /* GTE__FFN_NORM_SHIFT */
        return (slot){&l->ffn_norm_shift, NULL};
    }
}

static gte_status check_record(const gte__model *m, const gte__tensor_record *t, uint64_t at,
                               gte_error *err)
{
    const gte__section *data = &m->header->sections[GTE__SECTION_DATA];
    uint32_t rows, cols;
    if (t->role >= GTE__ROLE_COUNT)
        return gte__fail(err, GTE_E_FORMAT, at, "a tensor has the unknown role %u", t->role);
    const char *name = gte__role_name(t->role);
    if (t->layer >= (t->role >= GTE__FIRST_LAYER_ROLE ? m->header->layers : 1))
        return gte__fail(err, GTE_E_FORMAT, at, "tensor %s is of layer %u of %u", name, t->layer,
                         m->header->layers);
    const bool linear = gte__role_is_linear(t->role);
    const uint32_t dtype = linear ? m->header->linear_dtype : GTE__DTYPE_F32;
    const uint32_t layout = linear ? GTE__LAYOUT_PANELS : GTE__LAYOUT_ROW_MAJOR;
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
    slot s = t->role < GTE__FIRST_LAYER_ROLE ? model_slot(m, t->role)
                                             : layer_slot(&m->layers[t->layer], t->role);
    if (s.matrix ? s.matrix->panels != NULL : *s.vector != NULL)
        return gte__fail(err, GTE_E_FORMAT, at, "tensor %s of layer %u stands twice",
                         gte__role_name(t->role), t->layer);
    const uint8_t *base = m->data + m->header->sections[GTE__SECTION_DATA].offset;
    if (s.matrix)
        *s.matrix = (gte__matrix){base + t->offset, t->rows, t->cols};
    else
        *s.vector = (const float *)(const void *)(base + t->offset);
    return GTE_OK;
}

gte_status gte__open_tensors(gte__model *m, gte_error *err)
{
    const gte__section *table = &m->header->sections[GTE__SECTION_TENSORS];
    uint32_t layers = m->header->layers;
    uint64_t expected =
        GTE__FIRST_LAYER_ROLE + (uint64_t)layers * (GTE__ROLE_COUNT - GTE__FIRST_LAYER_ROLE);
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
