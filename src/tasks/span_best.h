/* The best answers so far, each part of the text once: what span.c keeps while it searches. */
#ifndef GTE_TASKS_SPAN_BEST_H
#define GTE_TASKS_SPAN_BEST_H

#include <stdbool.h>

#include "tasks/sentences.h"

#define GTE__SPAN_BEST 20 /* HuggingFace's n_best_size */

typedef struct gte__span_candidate {
    gte__piece text;
    float score;
} gte__span_candidate;

/* Zero: empty. The best first; of equal ones the first that came. */
typedef struct gte__span_best {
    gte__span_candidate span[GTE__SPAN_BEST];
    size_t count;
} gte__span_best;

/* Whether a span of that score would be kept, if the list does not have its text yet. */
static inline bool gte__span_could_enter(const gte__span_best *best, float score)
{
    return best->count < GTE__SPAN_BEST || score > best->span[GTE__SPAN_BEST - 1].score;
}

/* Keeps a span that could enter; of two with the same text the better one. */
void gte__span_enter(gte__span_best *best, gte__piece text, float score);

/* Scores become chances: softmax over the spans and `none`, whose chance is returned. */
float gte__span_chances(gte__span_best *best, float none);

#endif
