/* What each tensor of a model file is called and how large it is. */
#include "model/model.h"

enum dim { ONE, TWO, HIDDEN, HIDDEN_3, FFN, VOCAB, POSITIONS, TYPES };

typedef struct role_entry {
    const char *name;
    enum dim rows, cols;
} role_entry;

static const role_entry roles[GTE__ROLE_COUNT] = {
    [GTE__WORD_EMBEDDINGS] = {"word_embeddings", VOCAB, HIDDEN},
    [GTE__POSITION_EMBEDDINGS] = {"position_embeddings", POSITIONS, HIDDEN},
    [GTE__TYPE_EMBEDDINGS] = {"type_embeddings", TYPES, HIDDEN},
    [GTE__EMBEDDING_NORM_GAIN] = {"embedding_norm_gain", ONE, HIDDEN},
    [GTE__EMBEDDING_NORM_SHIFT] = {"embedding_norm_shift", ONE, HIDDEN},
    [GTE__QKV_WEIGHT] = {"qkv_weight", HIDDEN_3, HIDDEN},
    [GTE__QKV_BIAS] = {"qkv_bias", ONE, HIDDEN_3},
    [GTE__ATTN_OUT_WEIGHT] = {"attn_out_weight", HIDDEN, HIDDEN},
    [GTE__ATTN_OUT_BIAS] = {"attn_out_bias", ONE, HIDDEN},
    [GTE__ATTN_NORM_GAIN] = {"attn_norm_gain", ONE, HIDDEN},
    [GTE__ATTN_NORM_SHIFT] = {"attn_norm_shift", ONE, HIDDEN},
    [GTE__FFN_UP_WEIGHT] = {"ffn_up_weight", FFN, HIDDEN},
    [GTE__FFN_UP_BIAS] = {"ffn_up_bias", ONE, FFN},
    [GTE__FFN_DOWN_WEIGHT] = {"ffn_down_weight", HIDDEN, FFN},
    [GTE__FFN_DOWN_BIAS] = {"ffn_down_bias", ONE, HIDDEN},
    [GTE__FFN_NORM_GAIN] = {"ffn_norm_gain", ONE, HIDDEN},
    [GTE__FFN_NORM_SHIFT] = {"ffn_norm_shift", ONE, HIDDEN},
    [GTE__QKV_SCALE] = {"qkv_scale", ONE, HIDDEN_3},
    [GTE__QKV_SUMS] = {"qkv_sums", ONE, HIDDEN_3},
    [GTE__QKV_INPUT_GAIN] = {"qkv_input_gain", ONE, HIDDEN},
    [GTE__ATTN_OUT_SCALE] = {"attn_out_scale", ONE, HIDDEN},
    [GTE__ATTN_OUT_SUMS] = {"attn_out_sums", ONE, HIDDEN},
    [GTE__FFN_UP_SCALE] = {"ffn_up_scale", ONE, FFN},
    [GTE__FFN_UP_SUMS] = {"ffn_up_sums", ONE, FFN},
    [GTE__FFN_UP_INPUT_GAIN] = {"ffn_up_input_gain", ONE, HIDDEN},
    [GTE__FFN_DOWN_SCALE] = {"ffn_down_scale", ONE, HIDDEN},
    [GTE__FFN_DOWN_SUMS] = {"ffn_down_sums", ONE, HIDDEN},
    [GTE__WORD_SCALES] = {"word_scales", VOCAB, TWO},
};

const char *gte__role_name(uint32_t role)
{
    return role < GTE__ROLE_COUNT ? roles[role].name : "unknown";
}

static uint32_t size_of(const gte__file_header *h, enum dim dim)
{
    switch (dim) {
    case ONE:
        return 1;
    case TWO:
        return 2;
    case HIDDEN:
        return h->hidden_size;
    case HIDDEN_3:
        return 3 * h->hidden_size;
    case FFN:
        return h->ffn_size;
    case VOCAB:
        return h->vocab_size;
    case POSITIONS:
        return h->max_positions;
    case TYPES:
        break;
    }
    return h->type_vocab_size;
}

void gte__role_shape(const gte__file_header *h, uint32_t role, uint32_t *rows, uint32_t *cols)
{
    *rows = size_of(h, roles[role].rows);
    *cols = size_of(h, roles[role].cols);
}
