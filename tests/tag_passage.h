/* A request through the decoder of heads that label tokens alone, on logits that a test gives. */
#ifndef TESTS_TAG_PASSAGE_H
#define TESTS_TAG_PASSAGE_H

#include "handle.h"
#include "tasks/tags.h"

#define TAG_HEADS "tests/golden/heads"

/* A head of nothing but labels and a CRF. */
#define TAG_LABELS 32
typedef struct tag_head {
    gte__head_header header;
    gte_head head;
    const char *labels[TAG_LABELS];
    float start[TAG_LABELS], end[TAG_LABELS], transitions[TAG_LABELS * TAG_LABELS];
} tag_head;

/* Flags as in a head's file. */
void tag_make_head(tag_head *h, uint32_t k, unsigned flags);
void tag_name_labels(tag_head *h, const char *const *names, uint32_t k, unsigned flags);

/* Converts a folder of tests/golden/heads and opens it; fatal assertions. For its tokenizer. */
gte_model *tag_open_model(const char *name);

/* Flags, aggregation and windows of the request are the caller's to set before. */
typedef struct tag_passage {
    gte_request request;
    gte_result *result;
    gte__inputs inputs;
    gte__run run;
} tag_passage;

/* Until the logits are needed: result->tokens rows of them. */
gte_status tag_begin(tag_passage *p, const gte_model *model, const tag_head *h, gte_text text,
                     gte_error *err);
gte_result_info tag_finish(tag_passage *p, const float *logits);
void tag_end(tag_passage *p);

#endif
