/* The texts of a cell: words of the model's own vocabulary that its tokenizer turns into exactly so
 * many tokens. Random weights give no meaning, but the tokenizer and the encoder do the work that
 * real texts of that length ask for. */
#ifndef PERF_BENCH_CELL_TEXTS_H
#define PERF_BENCH_CELL_TEXTS_H

#include <stdint.h>

#include "cell.h"

typedef struct bench_texts {
    gte_text *texts; /* [count] */
    size_t count;
    size_t bytes; /* of all texts */
    char *room;   /* what the texts point into */
} bench_texts;

/* Makes the texts of a cell; the same model, cell and seed give the same texts, another seed gives
 * others, and no two texts of a cell are equal while the vocabulary has words enough. English
 * vocabularies give words with spaces between, some of them of several pieces; Chinese ones
 * characters. Free with bench__texts_free, also after a failure.
 * Errors: GTE_E_MEMORY; GTE_E_TOO_LONG when the model reads fewer tokens; GTE_E_UNSUPPORTED when
 * the cell has no room for a word or the vocabulary no words to make texts of. */
gte_status bench__texts_make(bench_texts *out, const gte_model *model, bench_cell cell,
                             uint64_t seed, gte_error *err);
void bench__texts_free(bench_texts *texts);

#endif
