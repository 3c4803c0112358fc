/* Labels of words, and what stretches of them mean: between tag.c, crf.c and tag_spans.c. */
#ifndef GTE_TASKS_TAGS_H
#define GTE_TASKS_TAGS_H

#include "tasks/tasks.h"

/* ---- labels --------------------------------------------------------------------------------- */

typedef enum gte__mark {
    GTE__MARK_OUTSIDE,
    GTE__MARK_BEGIN,
    GTE__MARK_INSIDE, /* also labels without a mark, as HuggingFace reads them */
    GTE__MARK_END,
    GTE__MARK_SINGLE
} gte__mark;

typedef struct gte__tag {
    gte__mark mark;
    const char *group; /* words of one group may be one entity */
    const char *type;  /* what the entity is called */
} gte__tag;

/* Whether the head's labels mark where entities end, too: each but O is B-, and I- or M-, E- or L-,
 * S- or U- and a type (BIOES, BMES, BILOU). Else they are read as BIO, IO or bare types. */
bool gte__tags_mark_ends(const gte_head *head);
gte__tag gte__tag_of(const gte_head *head, bool marks_ends, size_t label);

/* ---- words and spans ------------------------------------------------------------------------ */

/* A word or a single token, its label chosen. */
typedef struct gte__unit {
    uint32_t first, last; /* content tokens, both included */
    uint32_t label;
    uint32_t shown; /* the token whose row chose the label, unless `score` says otherwise */
    float score;    /* of the label, when it is already known; else negative */
} gte__unit;

typedef struct gte__tag_span {
    uint32_t first, last; /* units, both included */
    double score;
} gte__tag_span;

/* Stretches of units [count] that are one entity each, into `out` [count]; how many. */
size_t gte__tag_spans(const gte_head *head, const gte__unit *units, size_t count,
                      gte__tag_span *out);

/* ---- linear-chain CRF ----------------------------------------------------------------------- */

/* Memory of a decoding; grows and is used again. */
typedef struct gte__crf_memory {
    gte__buffer *steps; /* double [count, K] */
    gte__buffer *rows;  /* double [K, K] and some rows of K */
} gte__crf_memory;

/* The best labels of all units together, into their `label`; row u of the emissions is
 * logits + K * units[u].first. Ties go to the lower label. Errors: GTE_E_MEMORY, GTE_E_FORMAT (a
 * weight of the CRF is not a number). */
gte_status gte__crf_decode(const gte_head *head, const float *logits, gte__unit *units,
                           size_t count, gte__crf_memory memory, gte_error *err);

/* The probability that all units of a span have the labels they have, into each span's score; spans
 * in order, without overlap. Errors: GTE_E_MEMORY. */
gte_status gte__crf_scores(const gte_head *head, const float *logits, const gte__unit *units,
                           size_t count, gte__tag_span *spans, size_t span_count,
                           gte__crf_memory memory, gte_error *err);

#endif
