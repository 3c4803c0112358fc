/* Training and judging a tagger of words. */
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "train/judge_words.h"
#include "train/logistic.h"
#include "train/standardise.h"
#include "train_run.h"

/* A tagger being made: what the judge needs lives together. */
typedef struct tagger {
    train__tags tags;
    train__words words;
    train__chains chains;
    train__crf crf;
    uint32_t *types;  /* 0, 1, 2, ... */
    uint32_t *starts; /* 0, 1, 2, ...: every row has one label */
    double *weights;
} tagger;

int cli__train_tags(train__examples *examples, const char *path, train__tags *tags,
                    size_t *repaired)
{
    gte_error err;
    char place[CLI_TRAIN_PLACE];
    gte_status status = train__tags_read(examples, tags, repaired, &err);
    if (status == GTE_OK) return CLI_OK;
    if (status == GTE_E_MEMORY) return cli__train_failed(&err);
    cli__train_place(path, examples->items[err.index].line, place);
    return cli__fail("%s: %s", place, err.message);
}

static int embed(cli_train_run *run, const train__examples *examples, const train__tags *tags,
                 const char *path, train__words *out)
{
    const double begin = cli__train_clock();
    const int code = cli__train_embed_words(&run->session, examples, tags, path, out);
    run->embed_seconds += cli__train_clock() - begin;
    run->cut += out->cut;
    return code;
}

static bool count_up(uint32_t **out, size_t n)
{
    *out = calloc(n, sizeof **out);
    for (size_t i = 0; *out && i < n; i++) (*out)[i] = (uint32_t)i;
    return *out != NULL;
}

/* The layer, the loss and the judge of `t` together. CLI_OK or reported. */
static int fit(cli_train_run *run, tagger *t, const train__folds *folds)
{
    const size_t hidden = (size_t)run->session.info.hidden_size;
    const bool crf = run->method == CLI_TRAIN_CRF;
    const train__rows rows = {t->words.x, t->words.rows, hidden, t->crf.k, 0, 0};
    const train__truth truth = {t->starts, t->words.labels, t->crf.k};
    const train__loss loss = crf ? train__crf_loss(&t->crf) : train__softmax_loss(&truth);
    const train__word_judge words = {&run->examples, &t->words, &t->tags, t->types,
                                     &t->crf,        hidden,    crf};
    const train__judge judge = train__judge_of_words(&words);
    size_t bounds[TRAIN__MOST_FOLDS + 1];
    for (size_t f = 0; f <= folds->count; f++) bounds[f] = t->words.units[folds->bounds[f]];
    t->weights = calloc(train__weight_count(&rows, &loss), sizeof *t->weights);
    double *mean = calloc(hidden, 2 * sizeof *mean);
    int code = t->weights && mean ? CLI_OK : cli__out_of_memory();
    if (code == CLI_OK) {
        train__standardise(t->words.x, t->words.rows, hidden, mean, mean + hidden);
        code = cli__train_fit(run, &rows, &loss, bounds, &judge, t->weights);
    }
    if (code == CLI_OK)
        train__restore(t->weights, t->weights + rows.k * hidden, rows.k, hidden, mean,
                       mean + hidden);
    free(mean);
    return code;
}

/* What a decoder reads as "never": far below any score, and still finite. */
#define FORBIDDEN (-10000.0f)

/* The weights as floats; transitions in the file's order, tags' own rules as FORBIDDEN. */
static int keep_weights(cli_train_run *run, const tagger *t)
{
    const size_t k = t->crf.k, side = k + 1, n = k * ((size_t)run->session.info.hidden_size + 1);
    const double *extra = run->method == CLI_TRAIN_CRF ? t->weights + n : NULL;
    run->weights = calloc(n, sizeof *run->weights);
    run->crf = calloc(k + 2, k * sizeof *run->crf);
    if (!run->weights || !run->crf) return cli__out_of_memory();
    for (size_t i = 0; i < n; i++) run->weights[i] = (float)t->weights[i];
    for (size_t i = 0; i < k; i++) {
        const bool starts = t->crf.allowed[k * side + i], ends = t->crf.allowed[i * side + k];
        run->crf[i] = !starts ? FORBIDDEN : extra ? (float)extra[k * k + i] : 0;
        run->crf[k + i] = !ends ? FORBIDDEN : extra ? (float)extra[k * k + k + i] : 0;
        for (size_t j = 0; j < k; j++)
            run->crf[2 * k + i * k + j] = !t->crf.allowed[i * side + j] ? FORBIDDEN
                                          : extra                       ? (float)extra[i * k + j]
                                                                        : 0;
    }
    return CLI_OK;
}

/* The test's labels and types by the model's numbers; types that it lacks are new ones. */
static int translate(cli_train_run *run, const tagger *t, const train__tags *tags,
                     train__words *words, uint32_t *types)
{
    gte_error err;
    for (uint32_t i = 0; i < tags->types.count; i++) {
        const char *name = tags->types.names[i];
        run->strange += train__label_find(&t->tags.types, name, strlen(name)) == TRAIN__NO_LABEL;
        if (train__label_add(&run->types, name, strlen(name), &types[i], &err) != GTE_OK)
            return cli__train_failed(&err);
    }
    for (size_t i = 0; i < words->rows; i++) {
        const char *name = run->test.labels.names[words->labels[i]];
        words->labels[i] = train__label_find(&run->examples.labels, name, strlen(name));
    }
    return CLI_OK;
}

static int judge_test(cli_train_run *run, tagger *t)
{
    gte_error err;
    train__tags tags = {0};
    train__words words = {0};
    train__crf crf = {0};
    uint32_t *types = NULL;
    size_t repaired = 0;
    int code = cli__train_tags(&run->test, run->test_path, &tags, &repaired);
    if (code == CLI_OK) code = embed(run, &run->test, &tags, run->test_path, &words);
    const train__chains chains = {words.units, run->test.count, words.labels, &t->tags};
    if (code == CLI_OK && !(types = calloc(tags.types.count + 1, sizeof *types)))
        code = cli__out_of_memory();
    if (code == CLI_OK) code = translate(run, t, &tags, &words, types);
    run->tally.k = run->types.count;
    if (code == CLI_OK && !(run->tally.of = calloc(run->tally.k + 1, sizeof *run->tally.of)))
        code = cli__out_of_memory();
    const train__word_judge judge = {&run->test,
                                     &words,
                                     &tags,
                                     types,
                                     &crf,
                                     (size_t)run->session.info.hidden_size,
                                     run->method == CLI_TRAIN_CRF};
    if (code == CLI_OK &&
        (train__crf_create(&crf, &chains, &err) != GTE_OK ||
         train__tally_words(&judge, t->weights, 0, words.rows, &run->tally, &err) != GTE_OK))
        code = cli__train_failed(&err);
    train__crf_free(&crf);
    train__words_free(&words);
    train__tags_free(&tags);
    free(types);
    return code;
}

/* The types of spans, to which the test may add its own. */
static int name_types(cli_train_run *run, const train__tags *tags)
{
    gte_error err;
    uint32_t number;
    run->names = &run->types;
    for (uint32_t i = 0; i < tags->types.count; i++)
        if (train__label_add(&run->types, tags->types.names[i], strlen(tags->types.names[i]),
                             &number, &err) != GTE_OK)
            return cli__train_failed(&err);
    return tags->types.count ? CLI_OK : cli__fail("%s: every word is tagged O", run->path);
}

static int prepare(cli_train_run *run, tagger *t, train__folds *folds)
{
    gte_error err;
    int code = cli__train_tags(&run->examples, run->path, &t->tags, &run->repaired);
    if (code == CLI_OK) code = name_types(run, &t->tags);
    if (code != CLI_OK) return code;
    if (train__folds_arrange(&run->examples, run->folds, false, run->seed, folds, &err) != GTE_OK)
        return cli__train_failed(&err);
    code = embed(run, &run->examples, &t->tags, run->path, &t->words);
    if (code != CLI_OK) return code;
    run->rows = t->words.rows;
    run->tolerance = 1e-4; /* smaller ones take several times as long and change no span */
    t->chains = (train__chains){t->words.units, run->examples.count, t->words.labels, &t->tags};
    if (!count_up(&t->types, t->tags.types.count) || !count_up(&t->starts, t->words.rows + 1))
        return cli__out_of_memory();
    if (train__crf_create(&t->crf, &t->chains, &err) != GTE_OK) return cli__train_failed(&err);
    return CLI_OK;
}

int cli__train_words(cli_train_run *run)
{
    tagger t = {0};
    train__folds folds;
    int code = prepare(run, &t, &folds);
    const double begin = cli__train_clock();
    if (code == CLI_OK) code = fit(run, &t, &folds);
    run->train_seconds = cli__train_clock() - begin;
    if (code == CLI_OK) code = keep_weights(run, &t);
    if (code == CLI_OK && run->test_path) code = judge_test(run, &t);
    train__crf_free(&t.crf);
    train__words_free(&t.words);
    train__tags_free(&t.tags);
    free(t.types);
    free(t.starts);
    free(t.weights);
    return code;
}
