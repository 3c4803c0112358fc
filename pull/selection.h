/* Which files of a model's repository are fetched: what the converter reads and nothing else, no
 * copies for ONNX, TensorFlow or OpenVINO. */
#ifndef GTE_PULL_SELECTION_H
#define GTE_PULL_SELECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "pull/hub.h"

/* Whether the name, as a hub says it, is that of a file the converter may read. Nothing else is
 * ever made on disk, so that no name leads out of its folder. */
bool pull__may_want(const char *name);

typedef struct pull__selection {
    const pull__file *files[PULL__FILES_MAX]; /* first the small ones that tell what it is */
    size_t count;
    size_t first_large; /* vocabularies and weights from here on */
} pull__selection;

/* One form of the vocabulary and one of the weights, the ones the converter prefers.
 * Errors: GTE_E_UNSUPPORTED, with the form that is there instead. */
gte_status pull__select(const pull__listing *listing, const char *repo, pull__selection *out,
                        gte_error *err);

/* The names that may be there from an earlier revision and are not selected now: the i-th of all
 * names known, NULL past the end. */
const char *pull__known_name(size_t i);

#endif
