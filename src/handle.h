/* What stands behind the public handles, and the reading of options structs. */
#ifndef GTE_HANDLE_H
#define GTE_HANDLE_H

#include <stddef.h>

#include "encoder/encoder.h"
#include "model/model.h"
#include "tasks/tasks.h"
#include "tokenizer/tokenizer.h"

struct gte_model {
    gte__model file;
    gte__tokenizer tokenizer;
};

struct gte_context {
    const gte_model *model;
    gte__encoder encoder;
    gte__trace *trace; /* what was recorded; the encoder has it too while recording */
    void *block;       /* tokens and starts */
    gte_token *tokens; /* [max_batch_tokens] */
    size_t *starts;    /* [max_batch_tokens + 1] */

    /* of gte_predict, which grow: what goes through the encoder, and what comes of it */
    gte__inputs inputs;
    gte__buffer logits;   /* float: logits, or vectors */
    gte__buffer rows;     /* const float *: of vectors */
    gte__buffer requests; /* gte_request */
    gte__extraction extraction;
};

/* gte_embed.c: what gte_embed_tokens and gte_logits_tokens have in common. A head: logits into out
 * instead of vectors. */
gte_status gte__context_run(gte_context *ctx, const gte_head *head, const gte_token *tokens,
                            const size_t *starts, size_t n, const gte_embed_options *options,
                            float *out, size_t capacity, gte_error *err);

/* Copies the caller's options over the defaults already in *known (known_size bytes, beginning with
 * struct_size), as far as both reach: older callers leave the rest at the default; newer ones may
 * set what this library does not know, the fields after it and those it has in reserve (from
 * reserved_at on), only to zero. options may be NULL. */
gte_status gte__read_options(void *known, size_t known_size, size_t reserved_at,
                             const void *options, gte_error *err);
#define GTE__READ_OPTIONS(type, known, options, err)                                               \
    gte__read_options(&(known), sizeof(type), offsetof(type, reserved), options, err)

/* Copies the first `size` bytes of a description, or all of it. */
void gte__describe(void *out, size_t size, const void *info, size_t info_size);

#endif
