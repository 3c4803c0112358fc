/* One run of gte train: what was asked, what was made, and how good it is. */
#ifndef GTE_CLI_TRAIN_RUN_H
#define GTE_CLI_TRAIN_RUN_H

#include "gte_task.h"
#include "train/choose_c.h"
#include "train/tally.h"
#include "train_read.h"
#include "train_vectors.h"

typedef enum cli_train_method {
    CLI_TRAIN_LOGISTIC = 1, /* of words: without transitions */
    CLI_TRAIN_PROTOTYPE = 2,
    CLI_TRAIN_CRF = 3
} cli_train_method;

typedef struct cli_train_run {
    /* asked */
    gte_task task;
    cli_train_method method;
    unsigned folds;
    double grid[TRAIN__MOST_TRIALS]; /* values of C to try */
    size_t grid_size;
    uint64_t seed;
    double tolerance; /* 0: the trainer's own */
    cli_train_format format;
    const char *path, *test_path; /* test_path NULL: none */

    cli_session session;
    train__examples examples, test;

    /* made: w [labels, hidden], bias [labels]; of a CRF start [k], end [k], transitions [k, k] */
    float *weights, *crf;

    /* of the training */
    train__trials trials; /* count 0: nothing was held back */
    train__outcome outcome;
    double c, temperature;      /* temperature 0: no prototypes */
    size_t rows, cut, repaired; /* of words: tokens trained on, sentences cut, tags made right */
    double embed_seconds, train_seconds;

    /* of the test, or of prototypes each left out in turn */
    train__tally tally;            /* total 0: none */
    const train__label_set *names; /* of the tally's parts: labels, or types of spans */
    train__label_set types;
    size_t strange; /* labels of the test that the training data lacks */
} cli_train_run;

/* Trains run->weights on run->examples and judges them. CLI_OK or reported. */
int cli__train_texts(cli_train_run *run);
int cli__train_words(cli_train_run *run);

/* Chooses C where folds are held back (run->folds of them, rows bounds[f] .. bounds[f + 1] - 1),
 * then trains on all rows. CLI_OK or reported. */
int cli__train_fit(cli_train_run *run, const train__rows *rows, const train__loss *loss,
                   const size_t *bounds, const train__judge *judge, double *weights);

/* A failure of the trainer, reported; the exit code. */
int cli__train_failed(const gte_error *err);

double cli__train_clock(void); /* seconds */

/* Standard output: a table, or one JSON object. CLI_OK or reported. */
int cli__train_report(const cli_train_run *run, const char *output, int json);

#endif
