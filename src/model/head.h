/* A head in memory: checked once, then nothing but views of its bytes. */
#ifndef GTE_MODEL_HEAD_H
#define GTE_MODEL_HEAD_H

#include <stdbool.h>

#include "base/status.h"
#include "gte_task.h"
#include "model/head_format.h"

struct gte__model;

struct gte_head {
    const gte__head_header *header;
    const struct gte__model *model; /* the one it was checked against, and runs with */
    uint64_t size;
    bool mapped;                      /* a file of its own, to be unmapped */
    uint8_t sha256[GTE__SHA256_SIZE]; /* the head's own, or of the model it lies in */
    const char **labels;              /* [K]; ours */
    const char *name;                 /* of the metadata, or "" */
    const void *weight, *pooler;      /* panels; pooler may be NULL */
    const float *bias, *pooler_bias;
    const float *crf_start, *crf_end, *crf_transitions; /* [K], [K], [K, K]; NULL without a CRF */
};

/* Views and checks the head that lies in `size` bytes at `data`, for that model. A head in a file
 * must name the model's digest and match its own. On failure nothing is held. Close accepts a
 * zeroed struct. */
gte_status gte__head_view(gte_head *head, const struct gte__model *model, const void *data,
                          uint64_t size, bool is_file, gte_error *err);
void gte__head_close(gte_head *head);

/* Every weight finite. */
gte_status gte__head_verify(const gte_head *head, gte_error *err);

#endif
