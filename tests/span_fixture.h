/* A model of random weights with a SPAN head of random weights, and questions to it. */
#ifndef TESTS_SPAN_FIXTURE_H
#define TESTS_SPAN_FIXTURE_H

#include "gte_task.h"

#define SPAN_FOLDER "tests/golden/heads/qa"

typedef struct span_fixture {
    gte_model *model;
    gte_context *ctx;
    gte_head *head;
    void *bytes; /* of the head */
    gte_result *result;
} span_fixture;

span_fixture *span_open(void);
void span_close(span_fixture *f);

gte_request span_ask(const char *question, const char *context);
/* Fatal unless it works; lives until the next one. */
gte_result_info span_answer(span_fixture *f, const gte_head *head, const gte_request *request);

/* n times a text, to be freed. */
char *span_repeated(const char *text, size_t n);

/* A text of the model's vocabulary, in two scripts. */
extern const char span_place[];

#endif
