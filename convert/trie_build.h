/* Builds the double-array trie of the TOKENIZER section (described in src/model/format.h). */
#ifndef CONVERT_TRIE_BUILD_H
#define CONVERT_TRIE_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "model/format.h"

enum convert__trie_root {
    CONVERT__TRIE_WORD = 0,
    CONVERT__TRIE_SUFFIX = 1,
    CONVERT__TRIE_ADDED = 2,
    CONVERT__TRIE_NORMALIZED = 3,
    CONVERT__TRIE_ROOTS = 4
};

typedef struct convert__trie_key {
    const char *text; /* not empty; without "##" for the suffix root */
    size_t size;
    int32_t id; /* >= 0 */
    int root;   /* enum convert__trie_root */
} convert__trie_key;

typedef struct convert__trie {
    gte__trie_unit *units; /* malloc'd; the caller frees it */
    uint32_t count;
    uint32_t roots[CONVERT__TRIE_ROOTS]; /* by enum convert__trie_root; always present */
} convert__trie;

/* Sorts `keys` in place and builds *out. Of equal keys the one with the highest id counts. On
 * failure out->units is NULL. Errors: GTE_E_MEMORY, GTE_E_UNSUPPORTED (more than 2^31 units). */
gte_status convert__trie_build(convert__trie *out, convert__trie_key *keys, size_t n,
                               gte_error *err);

#endif
