/* The tasks room's inside: what a decoder is, and what it works with.
 *
 *     gte_predict.c   requests in, batches through the encoder, results out
 *       windows.c       a text of any length to the inputs of a head that reads tokens, and back
 *       head_logits.c   hidden states to logits
 *       classify.c tag.c span.c     decoders of one pass: plan, then decode what came of it
 *       extract.c                   the decoder that goes through the encoder again and again
 *       likeness.c      without a head: label texts, sentences
 *     result.c, result_json.c   what decoders leave behind */
#ifndef GTE_TASKS_TASKS_H
#define GTE_TASKS_TASKS_H

#include <stdbool.h>

#include "encoder/encoder.h"
#include "gte_task.h"
#include "model/head.h"
#include "tasks/extract.h"
#include "tasks/result.h"
#include "tokenizer/tokenizer.h"

/* ---- inputs ------------------------------------------------------------------------------- */

/* What goes through the encoder, of all requests of a call: as for gte_embed_tokens. */
typedef struct gte__inputs {
    gte__buffer tokens; /* gte_token */
    gte__buffer starts; /* size_t, [count + 1] once there is one */
    size_t count, token_count;
} gte__inputs;

/* Appends one input, and to an input begun. Errors: GTE_E_MEMORY. */
gte_status gte__inputs_begin(gte__inputs *inputs, gte_error *err);
gte_status gte__inputs_add(gte__inputs *inputs, const gte_token *tokens, size_t count,
                           gte_error *err);

/* ---- a request on its way ------------------------------------------------------------------ */

typedef struct gte__run {
    const gte__model *model;
    const gte__tokenizer *tokenizer;
    const gte_head *head;
    const gte_request *request;
    gte_result *result;
    gte__inputs *inputs;
} gte__run;

/* result->content from the request's text: no template, no cut, offsets in bytes. */
gte_status gte__run_tokenize(const gte__run *run, gte_error *err);

/* Appends inputs: `prefix`, content, [SEP], in windows of at most `window` tokens that overlap by
 * `stride` content tokens; content of type `type`, as the [SEP] behind it. One window when it fits,
 * also when there is no content. A window begins at a word's first token where it can.
 * Errors: GTE_E_MEMORY, GTE_E_TOO_LONG (several, and GTE_NO_TRUNCATE). */
gte_status gte__windows_plan(const gte__run *run, const gte_token *prefix, size_t prefix_count,
                             size_t window, size_t stride, int32_t type, gte_error *err);
/* window_tokens and stride_tokens of the request, or what is given here, within the model's. */
void gte__windows_sizes(const gte__run *run, size_t *window, size_t *stride);

/* result->merged [content_count, columns]: each token's logits from the window in which it stands
 * farthest from a cut, so that a decoder sees one sequence whatever the length of the text. */
gte_status gte__windows_merge(const gte__run *run, const float *logits, size_t columns,
                              gte_error *err);

/* Whether a content token begins a word: its piece has no "##". */
bool gte__begins_word(const gte__tokenizer *tokenizer, const gte_token *token);

/* ---- decoders ------------------------------------------------------------------------------- */

typedef struct gte__decoder {
    const char *engine;
    /* Appends the inputs of one request. */
    gte_status (*plan)(const gte__run *run, gte_error *err);
    /* From the logits of just those inputs to the result. */
    gte_status (*decode)(const gte__run *run, const float *logits, gte_error *err);
} gte__decoder;

extern const gte__decoder gte__classify_decoder; /* classify.c */
extern const gte__decoder gte__tag_decoder;      /* tag.c: names of kind TOKEN */
extern const gte__decoder gte__span_decoder;     /* span.c: qa */

/* extract.c: POINTER heads, which go through the encoder between their steps; from a result that
 * has begun to a complete one. Errors: GTE_E_UTF8, GTE_E_TOO_LONG, GTE_E_MEMORY, GTE_E_FORMAT,
 * GTE_E_CANCELLED. */
gte_status gte__extract(const gte__run *run, gte__extraction *x, gte__encoder *encoder,
                        gte_error *err);

/* likeness.c: gte_likeness_texts, of a request that has been read. */
gte_status gte__likeness_texts(const gte_request *request, gte_result *result,
                               const gte_text **texts, size_t *count, gte_error *err);

/* ---- logits -------------------------------------------------------------------------------- */

/* Rows of logits that an input of so many tokens has. */
static inline size_t gte__head_rows(const gte_head *head, size_t tokens)
{
    return head->header->kind == GTE__HEAD_SEQUENCE ? 1 : tokens;
}

/* Logits of a batch that went through the encoder just now, [rows, labels] into `out`; returns how
 * many rows. Uses the encoder's wide rows. */
size_t gte__head_logits(const gte_head *head, const gte__encoder *e, const gte__batch *batch,
                        float *out);

/* Rows of states [rows, H], `stride` bytes apart, to rows of logits [rows, K]. */
void gte__head_product(const gte_head *head, const void *states, size_t stride, size_t rows,
                       float *out);

#endif
