/* The folders of tests/golden/heads: a checkpoint with a head and what it must answer. Fields of
 * reference.json: tests/golden/README.md. */
#ifndef TESTS_HEAD_CASES_H
#define TESTS_HEAD_CASES_H

#include <jansson.h>

#include "gte_task.h"

#define HEADS "tests/golden/heads"

/* What ends the program when it is missing or wrong: these files are our own. */
json_t *head_reference(const char *folder);

/* Converts FOLDER as `dtype` (NULL: f32) into the scratch folder, opens it; fatal assertions. */
gte_model *head_open(const char *folder, const char *dtype);
gte_context *head_context(const gte_model *model, int threads);

/* Inputs as tokens and the logits they must give. */
typedef struct head_inputs {
    gte_token *tokens;
    size_t *starts; /* [n + 1] */
    size_t n, columns;
    size_t rows;  /* of logits, of all inputs */
    double *want; /* [rows, columns] */
} head_inputs;

/* Of a reference whose cases have ids and logits, or windows of them; `head` gives the columns. */
head_inputs head_inputs_of(const json_t *reference, const gte_head *head);
void head_inputs_free(head_inputs *inputs);

/* Logits of inputs [first, first + count) into out; fatal unless it works. Returns the rows. */
size_t head_logits(gte_context *ctx, const gte_head *head, const head_inputs *inputs, size_t first,
                   size_t count, float *out);

/* Largest difference of n numbers; infinite when one is none. */
double head_difference(const double *want, const float *got, size_t n);

/* The sentences of a CoNLL file as ../shared/text/zh has them: a character, its place in its word
 * and a label a line, an empty line after each sentence. Fatal assertions. */
typedef struct head_texts {
    gte_text *texts;
    size_t count;
    char *bytes; /* what they point into */
} head_texts;
head_texts head_texts_of_conll(const char *path);
void head_texts_free(head_texts *texts);

/* The text of a request. */
gte_text head_text(const json_t *text, const json_t *pair);

#endif
