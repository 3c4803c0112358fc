/* A pickle reader that knows what a PyTorch state_dict is made of, and nothing else.
 *
 * Pickle is a program for a stack machine. This one has the opcodes that torch.save emits for
 * weights; names it may refer to are a fixed list (a dictionary, a rebuild function, the storage
 * types), and none of them is a function here: "calling" one checks the arguments and records a
 * description. Nothing is executed, imported or opened. Memory is bounded by the input's size. */
#ifndef CONVERT_PICKLE_H
#define CONVERT_PICKLE_H

#include "convert/checkpoint.h"

#define CONVERT__PICKLE_MAX (16u << 20) /* bytes; BERT-large has 40 KB */

/* A tensor as the pickle describes it; its bytes are elsewhere, under `key`. */
typedef struct convert__pickled {
    const char *name, *key; /* not NUL-terminated */
    size_t name_size, key_size;
    const char *storage; /* "FloatStorage" */
    convert__dtype dtype;
    unsigned element_size;
    uint64_t storage_count; /* elements in the storage */
    uint64_t offset;        /* of the first element, in elements */
    unsigned rank;
    uint64_t shape[CONVERT__MAX_RANK], strides[CONVERT__MAX_RANK];
} convert__pickled;

/* Runs the pickle; calls `emit` for each tensor of the outermost dictionary. Numbers are not
 * negative, else unchecked. A status other than GTE_OK from emit ends the reading. */
typedef gte_status (*convert__pickle_emit)(void *arg, const convert__pickled *tensor,
                                           gte_error *err);
gte_status convert__pickle_read(const char *file, const uint8_t *data, size_t size,
                                convert__pickle_emit emit, void *arg, gte_error *err);

#endif
