/* A result and the memory of the run that makes it; all of it grows and is used again. */
#ifndef GTE_TASKS_RESULT_H
#define GTE_TASKS_RESULT_H

#include "base/status.h"
#include "gte_task.h"
#include "tasks/buffer.h"
#include "tasks/sentences.h"

/* ---- windows ------------------------------------------------------------------------------ */

/* A part of the text, as an input: prefix tokens ([CLS], or [CLS] question [SEP]), content
 * [first, first + count) of result->content, [SEP]. */
typedef struct gte__window {
    size_t first, count;
    size_t prefix;
    size_t input; /* its number among the inputs */
    size_t row;   /* of its first token, among the rows of the request's logits */
} gte__window;

/* ---- results ------------------------------------------------------------------------------ */

struct gte_result {
    gte_task task;
    const char *engine;
    gte_text text;             /* copies, in `copy` */
    gte__buffer copy;          /* of the request's text and pair */
    gte__buffer names;         /* strings of labels and schema that the request owned */
    gte__buffer labels, spans; /* gte_label_score, gte_span */
    size_t label_count, span_count;
    float null_score;
    gte__piece sentence; /* retrieval: the one that holds the answer, in bytes */
    size_t tokens, window_count;
    bool truncated;
    gte__buffer logits, logit_tokens; /* kept for the caller */
    size_t logit_rows, logit_columns;
    bool logits_of_tokens;

    /* of the run */
    gte__buffer content; /* gte_token: the text without template, offsets in BYTES */
    size_t content_count;
    gte__buffer windows;    /* gte__window [window_count] */
    gte__buffer merged;     /* float [content_count, labels]: gte__windows_merge */
    gte__buffer scratch[4]; /* a decoder's own */
    gte__buffer schema;     /* gte_schema_node, names in `names` */
    size_t schema_count;
    gte__buffer own_labels; /* gte_label, in `names`: the request's, each with a text */
    gte__buffer texts;      /* gte_text: likeness.c's */
    size_t own_label_count;
    bool awaits_vectors; /* between likeness.c's halves */
};

/* Of a task that needs both: the question and the context it was asked of, without white space at
 * their ends. Errors: GTE_E_ARGUMENT. */
gte_status gte__result_sides(const gte_result *result, gte__piece *question, gte__piece *context,
                             gte_error *err);

/* Empty, with its own copies of the request's text, labels and schema; checks them. */
gte_status gte__result_begin(gte_result *result, const gte_request *request, const char *engine,
                             gte_error *err);
/* Errors: GTE_E_MEMORY. `type` and `name` must outlive the result or lie in it or the head. Offsets
 * are bytes; gte__result_end makes code points of them. */
gte_status gte__result_add_span(gte_result *result, const char *type, size_t byte_start,
                                size_t byte_end, float score, int parent, gte_error *err);
gte_status gte__result_add_label(gte_result *result, const char *name, float score, gte_error *err);
/* Best first; equal ones as they came. */
void gte__result_sort_labels(gte_result *result);
/* Copies of logits [rows, columns], and of the tokens whose they are unless NULL. */
gte_status gte__result_keep_logits(gte_result *result, const float *logits, size_t rows,
                                   size_t columns, const gte_token *tokens, gte_error *err);
/* Tokens' offsets in code points of the text instead of bytes. */
void gte__result_points(const gte_result *result, gte_token *tokens, size_t n);
/* Code points of all spans: the last thing a decoder does. */
void gte__result_end(gte_result *result);

/* x = softmax(x), in double; and the logistic function. */
void gte__scores_softmax(float *x, size_t n);
float gte__scores_sigmoid(float x);

#endif
