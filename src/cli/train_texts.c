/* Training and judging a classifier of texts. */
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "train/judge_texts.h"
#include "train/prototype.h"
#include "train_run.h"

/* Texts as rows: vectors, and the labels by the training data's numbers. */
typedef struct text_rows {
    train__rows rows;
    train__truth truth;
    float *x;
    uint32_t *starts, *labels;
} text_rows;

static void free_rows(text_rows *t)
{
    free(t->x);
    free(t->starts);
    free(t->labels);
}

/* Embeds the examples. Labels that are not in `known` have no number: TRAIN__NO_LABEL. */
static int make_rows(cli_train_run *run, const train__examples *examples, const char *path,
                     const train__label_set *known, text_rows *out)
{
    int code = CLI_OK;
    memset(out, 0, sizeof *out);
    if (examples->mark_count >= UINT32_MAX) return cli__fail("%s: more than 2^32 labels", path);
    out->starts = calloc(examples->count + 1, sizeof *out->starts);
    out->labels = calloc(examples->mark_count + 1, sizeof *out->labels);
    if (!out->starts || !out->labels) return cli__out_of_memory();
    uint32_t used = 0;
    for (size_t i = 0; i < examples->count; i++) {
        const train__example *example = &examples->items[i];
        out->starts[i] = used;
        for (uint32_t j = 0; j < example->count; j++) {
            const char *name = examples->labels.names[examples->marks[example->first + j].label];
            out->labels[used] = train__label_find(known, name, strlen(name));
            run->strange += out->labels[used++] == TRAIN__NO_LABEL;
        }
    }
    out->starts[examples->count] = used;
    const double begin = cli__train_clock();
    out->x = cli__train_embed(&run->session, examples, path, NULL, &code);
    run->embed_seconds += cli__train_clock() - begin;
    out->rows = (train__rows){out->x, examples->count, run->session.dims, known->count, 0, 0};
    out->truth = (train__truth){out->starts, out->labels, known->count};
    return code;
}

static int train_logistic(cli_train_run *run, const text_rows *t, const train__folds *folds)
{
    const size_t n = t->rows.k * (t->rows.d + 1);
    const bool several = run->examples.several;
    const train__loss loss =
        several ? train__sigmoid_loss(&t->truth) : train__softmax_loss(&t->truth);
    const train__text_judge texts = {&t->rows, &t->truth, several};
    const train__judge judge = train__judge_of_texts(&texts);
    double *weights = calloc(n, sizeof *weights);
    int code = weights ? CLI_OK : cli__out_of_memory();
    if (code == CLI_OK) code = cli__train_fit(run, &t->rows, &loss, folds->bounds, &judge, weights);
    if (code == CLI_OK) train__narrow(weights, run->weights, n);
    free(weights);
    return code;
}

static int train_prototypes(cli_train_run *run, const text_rows *t)
{
    gte_error err;
    train__prototypes made;
    if (train__prototypes_make(&t->rows, &t->truth, run->weights, &made, &run->tally, &err) !=
        GTE_OK)
        return cli__train_failed(&err);
    run->temperature = made.temperature;
    return CLI_OK;
}

static int judge_test(cli_train_run *run)
{
    gte_error err;
    text_rows t;
    const train__text_judge judge = {&t.rows, &t.truth, run->examples.several};
    int code = make_rows(run, &run->test, run->test_path, &run->examples.labels, &t);
    memset(run->tally.of, 0, run->tally.k * sizeof *run->tally.of);
    run->tally.exact = run->tally.total = 0;
    if (code == CLI_OK &&
        train__tally_texts(&judge, run->weights, run->weights + t.rows.k * t.rows.d, 0, t.rows.rows,
                           &run->tally, &err) != GTE_OK)
        code = cli__train_failed(&err);
    free_rows(&t);
    return code;
}

int cli__train_texts(cli_train_run *run)
{
    gte_error err;
    text_rows t = {0};
    train__folds folds;
    const size_t k = run->examples.labels.count;
    if (train__folds_arrange(&run->examples, run->folds, true, run->seed, &folds, &err) != GTE_OK)
        return cli__train_failed(&err);
    run->weights = calloc(k, (run->session.dims + 1) * sizeof *run->weights);
    run->tally.of = calloc(k, sizeof *run->tally.of);
    run->tally.k = k;
    run->names = &run->examples.labels;
    int code = run->weights && run->tally.of ? CLI_OK : cli__out_of_memory();
    if (code == CLI_OK) code = make_rows(run, &run->examples, run->path, run->names, &t);
    const double begin = cli__train_clock();
    if (code == CLI_OK)
        code = run->method == CLI_TRAIN_PROTOTYPE ? train_prototypes(run, &t)
                                                  : train_logistic(run, &t, &folds);
    run->train_seconds = cli__train_clock() - begin;
    free_rows(&t);
    if (code == CLI_OK && run->test_path) code = judge_test(run);
    return code;
}
