/* A tokenizer for tests, from a tokenizer.json, the way the converter makes it. */
#ifndef TESTS_TOKENIZER_FIXTURE_H
#define TESTS_TOKENIZER_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "tokenizer/tokenizer.h"

typedef struct tokenizer_fixture {
    gte__tokenizer tok;
    void *section; /* the packed TOKENIZER section */
    uint64_t size;
} tokenizer_fixture;

/* Reads, packs and opens; false, with a message on stderr, when something fails. */
bool tokenizer_fixture_open(tokenizer_fixture *out, const char *tokenizer_json);
void tokenizer_fixture_close(tokenizer_fixture *fixture);

#endif
