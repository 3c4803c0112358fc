/* The steps of a forward pass (encoder.c), as those call them who share them out (split.c). Each
 * works on the rows or columns it is told and tells the trace, if there is one, that it is done.
 * between.h has those that work on rows alone. */
#ifndef GTE_ENCODER_STEPS_H
#define GTE_ENCODER_STEPS_H

#include "encoder/between.h"

static inline size_t gte__divide_up(size_t n, size_t by)
{
    return (n + by - 1) / by;
}

/* The i-th of `parts` shares of n, as equal as can be. */
static inline gte__range gte__share(size_t n, size_t i, size_t parts)
{
    return (gte__range){n * i / parts, n * (i + 1) / parts};
}

/* y [rows, panels] = epilogue(x [rows, K] W^T) */
void gte__step_product(const gte__encoder *e, gte__place at, gte_trace_operation operation,
                       const gte__gemm *g, gte__range rows, gte__range panels);

/* Attention of one head of text `text`; queries count from the text's first row. */
void gte__step_attend(const gte__encoder *e, const gte__batch *batch, gte__place at, size_t text,
                      size_t head, gte__range queries);

/* All that happens to rows before and after attention. */
void gte__step_before_attention(const gte__encoder *e, gte__place at, gte__range rows);
void gte__step_after_attention(const gte__encoder *e, gte__place at, gte__range rows);

/* Whether the queries, keys and values of `layer` are to be made on the leg; it attends with them
 * where layer < to.layer. */
static inline bool gte__leg_projects(gte__leg leg, uint32_t layer)
{
    return (layer < leg.to.layer || leg.to.projected) &&
           !(leg.from.projected && layer == leg.from.layer);
}

/* What the leg has of a layer, for whole texts. */
void gte__step_layer(const gte__encoder *e, const gte__batch *batch, gte__leg leg, gte__place at,
                     gte__range texts);

/* split.c: the stages of the leg, over the team. */
void gte__split_pass(gte__encoder *e, const gte__batch *batch, gte__leg leg);

#endif
