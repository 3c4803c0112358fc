/* A cell's texts and rooms; see work.h. */
#include "work.h"

#include <stdlib.h>

#include "refuse.h"

enum {
    SETS = 8,             /* texts of a cell differ from call to call, so many times */
    QUESTION_TOKENS = 12, /* with the two of the template */
};

static gte_status out_of_memory(gte_error *err)
{
    return bench__refuse(err, GTE_E_MEMORY, "out of memory");
}

/* A request for each text of a set, whose text is put in call by call. */
static gte_status make_requests(bench_work *w, const bench_model *m, gte_task task, gte_error *err)
{
    const bench_cell question = {1, QUESTION_TOKENS};
    gte_status status = GTE_OK;
    if (task == GTE_TASK_QA) status = bench__texts_make(&w->question, m->model, question, 2, err);
    if (status != GTE_OK) return status;
    w->requests = calloc(w->texts_per_set, sizeof *w->requests);
    w->results = calloc(w->texts_per_set, sizeof *w->results);
    if (!w->requests || !w->results) return out_of_memory(err);
    for (size_t i = 0; i < w->texts_per_set && status == GTE_OK; i++) {
        const gte_request request = GTE_REQUEST_INIT;
        w->requests[i] = request;
        w->requests[i].task = task;
        status = gte_result_create(&w->results[i], err);
    }
    return status;
}

gte_status bench__work_make(bench_work *w, const bench_model *m, bench_cell cell, gte_task task,
                            gte_error *err)
{
    const int most = BENCH_MAX_CELL_TOKENS / (cell.texts * cell.tokens);
    const int sets = most < SETS ? most : SETS;
    const bench_cell all = {cell.texts * sets, cell.tokens};
    const gte_status status = bench__texts_make(&w->texts, m->model, all, 1, err);
    if (status != GTE_OK) return status;
    w->sets = (size_t)sets;
    w->texts_per_set = (size_t)cell.texts;
    w->token_capacity = (size_t)cell.tokens;
    w->tokens = calloc((size_t)cell.tokens, sizeof *w->tokens);
    if (!w->tokens) return out_of_memory(err);
    if (task) return make_requests(w, m, task, err);
    w->capacity = w->texts_per_set * (size_t)m->info.hidden_size;
    w->vectors = calloc(w->capacity, sizeof *w->vectors);
    return w->vectors ? GTE_OK : out_of_memory(err);
}

void bench__work_free(bench_work *w)
{
    bench__texts_free(&w->texts);
    bench__texts_free(&w->question);
    for (size_t i = 0; w->results && i < w->texts_per_set; i++) gte_result_free(&w->results[i]);
    free(w->results);
    free(w->requests);
    free(w->vectors);
    free(w->tokens);
}

gte_status bench__work_call(bench_work *w, const bench_engine *e, const gte_text *texts,
                            gte_error *err)
{
    if (!w->requests)
        return gte_embed(e->context, texts, w->texts_per_set, NULL, w->vectors, w->capacity, err);
    for (size_t i = 0; i < w->texts_per_set; i++) {
        gte_text *text = &w->requests[i].text;
        *text = texts[i];
        if (w->question.count) {
            text->pair = w->question.texts[0].data;
            text->pair_size = w->question.texts[0].size;
        }
    }
    return gte_predict(e->context, e->model->head, w->requests, w->texts_per_set, w->results, err);
}

gte_status bench__work_tokenize(const bench_work *w, const bench_engine *e, const gte_text *texts,
                                gte_error *err)
{
    for (size_t i = 0; i < w->texts_per_set; i++) {
        size_t count;
        const gte_status status = gte_tokenize(e->model->model, texts[i], 0, 0, w->tokens,
                                               w->token_capacity, &count, NULL, err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}
