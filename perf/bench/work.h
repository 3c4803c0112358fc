/* What one call of a cell needs: its texts, and where that goes which comes of them. */
#ifndef PERF_BENCH_WORK_H
#define PERF_BENCH_WORK_H

#include "bench.h"
#include "cell_texts.h"

typedef struct bench_work {
    bench_texts texts; /* [sets][texts_per_set] */
    size_t sets, texts_per_set;
    float *vectors;
    size_t capacity;
    gte_token *tokens; /* room for one text's */
    size_t token_capacity;
    bench_texts question; /* qa: one for all texts */
    gte_request *requests;
    gte_result **results; /* of a task: [texts_per_set] */
} bench_work;

/* Free with bench__work_free, also after a failure. Errors: those of bench__texts_make. */
gte_status bench__work_make(bench_work *w, const bench_model *m, bench_cell cell, gte_task task,
                            gte_error *err);
void bench__work_free(bench_work *w);

/* The call that is measured, on one set of the texts. */
gte_status bench__work_call(bench_work *w, const bench_engine *e, const gte_text *texts,
                            gte_error *err);
/* gte_tokenize on the same texts, one after the other. */
gte_status bench__work_tokenize(const bench_work *w, const bench_engine *e, const gte_text *texts,
                                gte_error *err);

#endif
