/* A trained head as the bytes of its file (model/head_format.h). Writing them is src/cli's. */
#ifndef GTE_TRAIN_HEAD_BUILD_H
#define GTE_TRAIN_HEAD_BUILD_H

#include "gte_task.h"
#include "train/label_set.h"

typedef struct train__head {
    gte_head_kind kind; /* SEQUENCE, of the text's vector, or TOKEN */
    int multi_label;
    unsigned tasks;
    size_t hidden;
    const train__label_set *labels;
    const float *w, *bias;   /* [labels, hidden], [labels] */
    const float *crf;        /* start [k], end [k], transitions [k, k]; NULL: no CRF */
    const char *encoder;     /* the model's sha256 as gte_model_info has it */
    const char *const *meta; /* key, value, ..., NULL */
} train__head;

/* The whole file in *out, aligned for gte_head_open_memory, to be freed. Errors: GTE_E_ARGUMENT,
 * GTE_E_MEMORY. */
gte_status train__head_build(const train__head *head, void **out, size_t *size, gte_error *err);

#endif
