/* A model with a POINTER head of seeded random weights that stands in memory alone: what SiameseUIE
 * needs, of any model at hand. Of the library's inside. */
#ifndef TESTS_POINTER_FIXTURE_H
#define TESTS_POINTER_FIXTURE_H

#include "gte_task.h"
#include "handle.h"

typedef struct pointer_fixture {
    gte_model *model;
    gte_context *ctx;
    gte__head_header header;
    gte_head head;
    float bias[2];
} pointer_fixture;

/* Takes the model. `bias` says how often the head points; the rest is as for a context. Fatal
 * assertions. */
pointer_fixture *pointer_open(gte_model *model, int threads, int batch_tokens, float bias);
void pointer_close(pointer_fixture *f);

/* n words of the vocabulary of make_golden.py, "w5 w77"; the caller frees them. */
char *pointer_words(size_t n, uint64_t seed);

#endif
