/* A head's bytes (model/head_format.h) from its numbers: what a checkpoint's head becomes in a
 * model file, and what gte train writes into a file of its own. */
#ifndef CONVERT_HEAD_PACK_H
#define CONVERT_HEAD_PACK_H

#include "base/status.h"
#include "model/head_format.h"

/* The caller's; all f32, row-major. */
typedef struct convert__head {
    uint32_t kind, reads, flags, tasks; /* as in gte__head_header; flags with POOLER and CRF */
    uint32_t hidden_size, labels, lower_layers;
    const char *const *names;                           /* [labels] */
    const char *const *meta;                            /* key, value, ..., NULL; or NULL */
    const float *weight;                                /* [labels, hidden_size] */
    const float *bias;                                  /* [labels]; NULL: zeros */
    const float *pooler, *pooler_bias;                  /* [H, H], [H]; with the flag */
    const float *crf_start, *crf_end, *crf_transitions; /* with the flag */
} convert__head;

/* A block aligned to 64 bytes, to be freed. `encoder`: the digest of the model that the head is for
 * makes a file of it, with a digest of its own; NULL: a section. Errors: GTE_E_MEMORY,
 * GTE_E_ARGUMENT (labels: empty, too many, too long; too much meta). */
gte_status convert__head_pack(const convert__head *head, const uint8_t *encoder, void **out,
                              size_t *size, gte_error *err);

#endif
