/* Models worth knowing, whether this version runs them or not. `gte list --known` and the table in
 * README.md come from here (tests/pull/test_pull.py compares). */
#ifndef GTE_PULL_KNOWN_H
#define GTE_PULL_KNOWN_H

#include <stddef.h>

typedef struct pull__known {
    const char *repo;       /* on HuggingFace */
    const char *modelscope; /* the same on ModelScope; NULL: not known */
    const char *languages;  /* "en", "zh", "many" */
    int parameters;         /* millions */
    int dimensions;
    int max_tokens;
    const char *pooling;          /* "mean", "cls", "last" */
    const char *query, *document; /* what goes before a text; "": nothing */
    const char *licence;          /* SPDX */
    const char *missing;          /* what this version lacks for it; NULL: it runs */
} pull__known;

/* The i-th row, NULL past the end. */
const pull__known *pull__known_at(size_t i);
const pull__known *pull__known_named(const char *repo);

#endif
