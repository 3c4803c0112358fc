/* A model file in memory: checked once, then nothing but views of its bytes. */
#ifndef GTE_MODEL_MODEL_H
#define GTE_MODEL_MODEL_H

#include <stdbool.h>

#include "base/status.h"
#include "model/format.h"
#include "model/head.h"

/* The weights of a linear layer as they lie in the file: [rows, cols] in panels of the header's
 * linear_dtype. */
typedef struct gte__matrix {
    const void *panels;
    uint32_t rows;
    uint32_t cols;
    const float *scale, *sums; /* [rows], int8 only */
} gte__matrix;

/* One transformer layer; H hidden, F ffn. Linear weights are [out, in]. */
typedef struct gte__layer {
    gte__matrix qkv;                                               /* [3H, H] */
    const float *qkv_bias;                                         /* [3H] */
    gte__matrix attn_out;                                          /* [H, H] */
    const float *attn_out_bias, *attn_norm_gain, *attn_norm_shift; /* [H] */
    gte__matrix ffn_up;                                            /* [F, H] */
    const float *ffn_up_bias;                                      /* [F] */
    gte__matrix ffn_down;                                          /* [H, F] */
    const float *ffn_down_bias, *ffn_norm_gain, *ffn_norm_shift;   /* [H] */
    const float *qkv_input_gain, *ffn_up_input_gain;               /* [H], int8 only */
} gte__layer;

typedef struct gte__model {
    const uint8_t *data; /* the whole file */
    uint64_t size;
    bool mapped; /* data is our mapping and is unmapped at close */
    const gte__file_header *header;
    const char **meta; /* [2 * meta_count]: key, value, key, ...; ours */
    size_t meta_count;
    const uint8_t *tokenizer; /* the TOKENIZER section, validated by its own room */
    uint64_t tokenizer_size;
    const gte__tensor_record *tensors;
    size_t tensor_count;
    const void *word_embeddings;                             /* [vocab, H] of table_dtype */
    const float *word_scales;                                /* [vocab, 2], int8 only */
    const float *position_embeddings;                        /* [max_positions, H] */
    const float *type_embeddings;                            /* [types, H] */
    const float *embedding_norm_gain, *embedding_norm_shift; /* [H] */
    gte__layer *layers;                                      /* [L]; ours */
    gte_head head; /* zero where the file has none: head.header is NULL */
} gte__model;

/* Map a file, or view memory (aligned to 64 bytes), and validate it. On failure nothing is held.
 * Close accepts a zeroed struct. */
gte_status gte__model_map(gte__model *m, const char *path, gte_error *err);
gte_status gte__model_view(gte__model *m, const void *data, uint64_t size, gte_error *err);
void gte__model_unmap(gte__model *m);

/* The digest over the whole file, and every weight finite. */
gte_status gte__model_verify(const gte__model *m, gte_error *err);

/* ---- parts of opening, one file each ------------------------------------------------------- */

/* open_header.c: magic, version, sizes, sections in bounds and apart, architecture in range. */
gte_status gte__open_header(gte__model *m, gte_error *err);
/* open_tensors.c: every role once, of the right shape, inside DATA. Allocates m->layers. */
gte_status gte__open_tensors(gte__model *m, gte_error *err);

/* roles.c: "qkv_weight" and its shape for a model of this header. */
const char *gte__role_name(uint32_t role);
void gte__role_shape(const gte__file_header *h, uint32_t role, uint32_t *rows, uint32_t *cols);

#endif
