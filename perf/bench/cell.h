/* A cell of a benchmark, "32x128": so many texts of so many tokens. Its parsing, and how many
 * floating-point operations a model does for it. */
#ifndef PERF_BENCH_CELL_H
#define PERF_BENCH_CELL_H

#include "gte.h"

#define BENCH_MAX_TEXTS 65536
#define BENCH_MAX_TOKENS 65536
#define BENCH_MAX_CELL_TOKENS (1 << 22) /* texts * tokens */

typedef struct bench_cell {
    int texts;
    int tokens; /* of each text, special tokens included */
} bench_cell;

/* Reads one cell at *text and moves *text behind it and behind the comma that follows. Returns 1;
 * 0 at the end of the text; -1 where no cell within the limits stands. */
int bench__cell_parse(const char **text, bench_cell *out);

/* Whether a model reads texts of that length; GTE_E_TOO_LONG says which it does. */
gte_status bench__cell_check(bench_cell cell, const gte_model_info *model, gte_error *err);

/* Operations of the matrix products, a multiplication and an addition being two:
 *   2 * tokens * (4 H^2 + 2 H F) per layer in linear layers, 4 * tokens * length * H per layer in
 * attention; with F = 4 H that is 24 L H^2 tokens + 4 L H tokens length. What is small beside them
 * (norms, GELU, softmax, embeddings, pooling) is not counted. */
double bench__cell_flops(const gte_model_info *model, bench_cell cell);

#endif
