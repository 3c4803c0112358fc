/* What encoder.c and split.c do to rows between two products, and of what layer (trace_steps.h). */
#ifndef GTE_ENCODER_BETWEEN_H
#define GTE_ENCODER_BETWEEN_H

#include "encoder/encoder.h"
#include "encoder/trace_steps.h"

/* Rows [begin, end), or any other things that are counted. */
typedef struct gte__range {
    size_t begin, end;
} gte__range;

/* hidden = LN(word[id] + position[p] + type[t]) */
void gte__embed_rows(const gte__encoder *e, gte__place at, const gte__batch *batch,
                     gte__range rows);

/* hidden = LN(hidden), and input = what the next product reads of it: the same in f32 or bf16, in
 * int8 with the gain that the product's weights were made for */
void gte__attention_norm(const gte__encoder *e, gte__place at, gte__range rows);
void gte__ffn_norm(const gte__encoder *e, gte__place at, gte__range rows);

/* The wide rows as the next product reads them, in their own place: nothing to do but in int8. */
void gte__attended_to_input(const gte__encoder *e, gte__place at, gte__range rows);
void gte__inner_to_input(const gte__encoder *e, gte__place at, gte__range rows);

#endif
