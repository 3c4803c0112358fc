/* From a vocabulary in memory to the TOKENIZER section of a .gte file.
 *
 * The converter's readers (tokenizer.json, vocab.txt) fill a convert__tokenizer; this file lays out
 * the section, whose tables the library uses in place (src/model/format.h). It reads no files. */
#ifndef CONVERT_TOKENIZER_PACK_H
#define CONVERT_TOKENIZER_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Bytes that somebody else owns; need not be NUL-terminated, may contain NUL. */
typedef struct convert__piece {
    const char *text; /* NULL or size 0: this id is a hole in the vocabulary */
    size_t size;
} convert__piece;

/* One entry of tokenizer.json's added_tokens. */
typedef struct convert__added {
    const char *text; /* UTF-8, 1 .. GTE__MAX_ADDED_BYTES bytes */
    size_t size;
    uint32_t id;    /* below vocab_size */
    uint32_t flags; /* GTE__ADDED_... */
    uint32_t order; /* for the readers: of equal texts the last one read counts */
} convert__added;

typedef struct convert__tokenizer {
    const convert__piece *pieces; /* [vocab_size], by id, as in vocab.txt ("##ing") */
    uint32_t vocab_size;          /* one past the highest id, added tokens included */
    uint32_t flags;               /* GTE__TOK_...; strip_accents null means: as lowercase */
    uint32_t max_word_chars;      /* max_input_chars_per_word: 100 */
    uint32_t unk_id, cls_id, sep_id, pad_id;
    const convert__added *added; /* [added_count], in any order */
    uint32_t added_count;
} convert__tokenizer;

/* The whole section as one block aligned to 64 in *out (the caller frees it with free()), its bytes
 * in *size. Id i of a piece that also stands in `added` may have the same text or be a hole (the
 * text of the added token is stored for it). A piece that occurs at two ids resolves to the higher
 * one, as a map filled in the order of ids would. On failure *out is NULL.
 * Errors: GTE_E_FORMAT (an id or size out of range, text that is not UTF-8), GTE_E_MEMORY. */
gte_status convert__tokenizer_pack(const convert__tokenizer *desc, void **out, uint64_t *size,
                                   gte_error *err);

#endif
