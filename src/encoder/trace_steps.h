/* What the steps of a forward pass are worth, for the trace (base/trace.h): FLOPs and bytes.
 *
 * FLOPs are those of the mathematics, a multiplication and an addition being two; what a kernel
 * does beside (conversion, GELU, softmax's exponentials) is not counted. Bytes are each operand and
 * each result once, whatever cache they come from.
 *
 * Called only while a trace is on; the encoder asks once a step. */
#ifndef GTE_ENCODER_TRACE_STEPS_H
#define GTE_ENCODER_TRACE_STEPS_H

#include "encoder/encoder.h"

/* Whose step it is: of which layer (-1: none), by which member of the team. */
typedef struct gte__place {
    int layer, member;
} gte__place;

/* Rows of a product and so many panels of its columns. */
void gte__trace_product(const gte__encoder *e, gte__place at, gte_trace_operation operation,
                        const gte__gemm *g, size_t rows, size_t panels);

/* `queries` rows of `heads` heads of a text of `length` tokens: added to *span, so that texts that
 * pass together make one step. */
void gte__trace_add_attention(const gte__encoder *e, gte_trace_span *span, size_t length,
                              size_t heads, size_t queries);

/* Sums over rows of `width`: embed (with its norm), norm, quantise, pool. */
void gte__trace_rows(const gte__encoder *e, gte__place at, gte_trace_operation operation,
                     size_t rows, size_t width);

#endif
