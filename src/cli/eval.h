/* gte eval: what its evaluations share. Each measures one thing and prints it. */
#ifndef GTE_CLI_EVAL_H
#define GTE_CLI_EVAL_H

#include "task_batch.h"
#include "train/tally.h"
#include "train_read.h"

typedef struct cli_eval_values {
    cli_model_values model;
    cli_head_values head;
    cli_engine_values engine;
    cli_text_values text;
    cli_vector_values vectors;
    cli_train_format format;
    cli_list map;
    int kind, aggregation, max_answer, json;
} cli_eval_values;

/* eval_sts.c: how well cosines agree with people's scores of sentence pairs. The others: what
 * gte_predict answers, against labels, spans and answers that people gave. `session` is open.
 * CLI_OK or reported. */
int cli__eval_sts(cli_session *session, const cli_eval_values *values, const char *path);
int cli__eval_cls(cli_session *session, const cli_eval_values *values, const char *path);
int cli__eval_ner(cli_session *session, const cli_eval_values *values, const char *path);
int cli__eval_qa(cli_session *session, const cli_eval_values *values, const char *path);

/* ---- questions to gte_predict (eval_run.c) -------------------------------------------------- */

#define CLI_EVAL_PLACE CLI_TRAIN_PLACE

typedef struct cli_eval {
    cli_session *session;
    const cli_eval_values *values;
    const char *path;
    cli_tasks tasks;
    const char *engine;      /* what answered */
    train__label_set labels; /* of the figures, after --map */
    train__counts *counts;   /* [capacity], by label */
    size_t capacity;
} cli_eval;

/* What is asked, and what becomes of the answers, in order. */
typedef struct cli_eval_set {
    size_t count;
    void *of;
    gte_text (*text)(const void *of, size_t i);
    void (*place)(const void *of, size_t i, char out[CLI_EVAL_PLACE]);
    int (*take)(void *of, size_t i, const gte_result *result); /* CLI_OK or reported */
} cli_eval_set;

/* Head and context for a task. CLI_OK or reported; closed in any case. */
int cli__eval_open(cli_eval *eval, cli_session *session, const cli_eval_values *values,
                   const char *path, gte_task task);
void cli__eval_close(cli_eval *eval);

/* Asks all. CLI_OK or reported. */
int cli__eval_run(cli_eval *eval, const cli_eval_set *set);

/* The number of a label as --map renames it, in *out: TRAIN__NO_LABEL for one that it drops. CLI_OK
 * or reported. */
int cli__eval_label(cli_eval *eval, const char *name, uint32_t *out);

/* ---- figures (eval_report.c) ---------------------------------------------------------------- */

typedef struct cli_eval_figure {
    const char *name;
    double value;
} cli_eval_figure;

typedef struct cli_eval_report {
    const char *unit; /* "sentences" */
    size_t count;
    const cli_eval_figure *figures;
    size_t figure_count;
} cli_eval_report;

/* The figures, and precision, recall and F1 of every label where there are any, to standard
 * output. CLI_OK or reported. */
int cli__eval_print(const cli_eval *eval, const cli_eval_report *report);

#endif
