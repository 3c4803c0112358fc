/* The trainer: examples, folds, the choice of C, a fit, a head; and tagged words with a CRF. */
#include <stdlib.h>
#include <string.h>

#include "oom.h"
#include "support.h"
#include "train/chain_crf.h"
#include "train/folds.h"
#include "train/head_build.h"
#include "train/judge_texts.h"
#include "train/judge_words.h"
#include "train/product.h"
#include "train/prototype.h"

#define ROWS 12
#define DIMS 3
#define CLASSES 2

static float x[ROWS * DIMS];
static const double grid[] = {1, 10};
static const char encoder[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static gte_status add_texts(train__examples *examples, gte_error *err)
{
    gte_status status = GTE_OK;
    for (uint64_t i = 0; i < ROWS && status == GTE_OK; i++) {
        status = train__example_begin(examples, "text", 4, i + 1, err);
        if (status == GTE_OK) status = train__example_label(examples, i % 2 ? "a" : "b", 1, err);
    }
    return status;
}

static gte_status build(const train__examples *examples, const float *w, gte_error *err)
{
    void *bytes = NULL;
    size_t size;
    const train__head head = {.kind = GTE_HEAD_SEQUENCE,
                              .hidden = DIMS,
                              .labels = &examples->labels,
                              .w = w,
                              .bias = w,
                              .encoder = encoder};
    gte_status status = train__head_build(&head, &bytes, &size, err);
    free(bytes);
    return status;
}

static gte_status texts(gte_error *err)
{
    train__examples examples = {0};
    train__folds folds;
    train__trials trials;
    train__outcome outcome;
    train__prototypes made;
    uint32_t starts[ROWS + 1], labels[ROWS];
    double weights[CLASSES * (DIMS + 1)] = {0};
    float w[CLASSES * (DIMS + 1)] = {0};
    train__counts counts[CLASSES] = {{0, 0, 0}};
    train__tally tally = {.of = counts, .k = CLASSES};
    const train__rows rows = {x, ROWS, DIMS, CLASSES, 0, 0};
    const train__truth truth = {starts, labels, CLASSES};
    const train__loss loss = train__softmax_loss(&truth);
    const train__text_judge judge_texts = {&rows, &truth, false};
    const train__judge judge = train__judge_of_texts(&judge_texts);
    const train__options options = {.c = 1};
    for (uint32_t i = 0; i <= ROWS; i++) starts[i] = i;
    for (uint32_t i = 0; i < ROWS; i++) labels[i] = i % 2;
    gte_status status = add_texts(&examples, err);
    if (status == GTE_OK) status = train__folds_arrange(&examples, 3, true, 0, &folds, err);
    if (status == GTE_OK)
        status =
            train__choose_c(&rows, &loss, &options, folds.bounds, 3, &judge, grid, 2, &trials, err);
    if (status == GTE_OK)
        status = train__linear_fit(&rows, &loss, &options, weights, &outcome, err);
    if (status == GTE_OK) status = train__prototypes_make(&rows, &truth, w, &made, &tally, err);
    if (status == GTE_OK) status = build(&examples, w, err);
    train__examples_free(&examples);
    return status;
}

static gte_status fit_words(train__examples *examples, train__tags *tags, gte_error *err)
{
    uint32_t units[] = {0, 4, 8, 12}, labels[ROWS], words[ROWS], types[] = {0, 1};
    const train__chains chains = {units, 3, labels, tags};
    train__words taken = {.x = x, .units = units, .labels = labels, .first = words, .last = words};
    train__crf crf;
    train__outcome outcome;
    double weights[64] = {0};
    train__counts counts[2] = {{0, 0, 0}};
    train__tally tally = {.of = counts, .k = 2};
    for (uint32_t i = 0; i < ROWS; i++) {
        labels[i] = examples->marks[i].label;
        words[i] = i % 4;
    }
    taken.rows = ROWS;
    gte_status status = train__crf_create(&crf, &chains, err);
    if (status != GTE_OK) return status;
    const train__rows rows = {x, ROWS, DIMS, crf.k, 0, 0};
    const train__loss loss = train__crf_loss(&crf);
    const train__options options = {.c = 1};
    const train__word_judge judge = {examples, &taken, tags, types, &crf, DIMS, true};
    status = train__linear_fit(&rows, &loss, &options, weights, &outcome, err);
    if (status == GTE_OK) status = train__tally_words(&judge, weights, 0, ROWS, &tally, err);
    train__crf_free(&crf);
    return status;
}

static gte_status words(gte_error *err)
{
    static const char *const tag_names[] = {"O", "I-X", "I-X", "O"}; /* the first is repaired */
    train__examples examples = {0};
    train__tags tags = {0};
    size_t repaired;
    gte_status status = GTE_OK;
    for (uint64_t i = 0; i < ROWS && status == GTE_OK; i++) {
        const char *tag = tag_names[i % 4];
        if (i % 4 == 0) status = train__example_begin(&examples, "", 0, i + 1, err);
        if (status == GTE_OK)
            status = train__example_word(&examples, "word", 4, tag, strlen(tag), err);
    }
    if (status == GTE_OK) status = train__tags_read(&examples, &tags, &repaired, err);
    if (status == GTE_OK) status = fit_words(&examples, &tags, err);
    train__tags_free(&tags);
    train__examples_free(&examples);
    return status;
}

void oom_test_train(void)
{
    uint64_t state = 5;
    for (size_t i = 0; i < ROWS * DIMS; i++)
        x[i] = (float)(support_random(&state) % 1000) / 1000 - 0.5f;
    train__product_setup();
    CU_ASSERT_EQUAL_FATAL(texts(NULL), GTE_OK); /* OpenBLAS takes its buffers now */
    CU_ASSERT_TRUE(oom_exhaust("training, texts", texts) > 20);
    CU_ASSERT_TRUE(oom_exhaust("training, words", words) > 10);
}
