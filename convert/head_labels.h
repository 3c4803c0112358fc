/* What config.json says of a head: its labels by number, and what is made of its logits. */
#ifndef CONVERT_HEAD_LABELS_H
#define CONVERT_HEAD_LABELS_H

#include "convert/source.h"

typedef struct convert__labels {
    const char **names; /* [count] */
    char **own;         /* the same, to be freed */
    uint32_t count;
    bool multi_label, regression; /* problem_type */
} convert__labels;

/* id2label, else label2id; without both "LABEL_0", as HuggingFace names them. *out must be freed
 * whatever the result. Errors: GTE_E_FORMAT when they are not `count` names, GTE_E_MEMORY. */
gte_status convert__labels_read(convert__labels *out, const convert__source *source, uint32_t count,
                                gte_error *err);
void convert__labels_free(convert__labels *labels);

/* Whether every label names a feeling ("positive", "负面", "4 stars"): what a sentiment model is
 * known by. */
bool convert__labels_are_feelings(const convert__labels *labels);

#endif
