/* The tokenizer room's door: validate the TOKENIZER section, then turn text into tokens.
 *
 * Everything here works on the mapped section; nothing is parsed, copied or allocated at open.
 *
 *   template.c ([CLS] [SEP], pairs, the cut) -> wordpiece.c (one text) -> added.c (literal tokens)
 *       -> normalize.c (clean, CJK, NFD, lowercase; combining.c) -> words.c (split, pieces) */
#ifndef GTE_TOKENIZER_TOKENIZER_H
#define GTE_TOKENIZER_TOKENIZER_H

#include <stdbool.h>

#include "base/status.h"
#include "model/format.h"

/* Views of a validated TOKENIZER section. Immutable; any number of threads. */
typedef struct gte__tokenizer {
    const gte__tokenizer_header *header;
    const gte__trie_unit *trie;
    const uint32_t *string_index; /* [vocab_size + 1] */
    const char *string_bytes;
    const gte__added_token *added; /* [added_count] */

    /* derived at open, so that most text never looks at an added token */
    uint64_t added_first[4]; /* bit b: a raw added token begins with byte b */
    int added_only_first;    /* that byte when all begin with the same one, -1 when none exists,
                                else 256 */
    bool added_normalized;   /* there are added tokens to match after normalisation */
    /* What an ASCII letter or digit becomes; 0 for all other bytes. */
    uint8_t ascii_fold[256];
} gte__tokenizer;

/* Checks every field of the section at `data` (aligned to 64) that is used later and fills *out.
 * Offsets in errors count from the start of the section.
 * Errors: GTE_E_FORMAT, GTE_E_UNSUPPORTED. */
gte_status gte__tokenizer_open(gte__tokenizer *out, const void *data, uint64_t size,
                               gte_error *err);

/* The normal form of an added token's text (valid UTF-8), in UTF-8, by the header's GTE__TOK_...
 * flags: what the trie of a section holds for the token. Writes at most `capacity` bytes and
 * returns how many it has. */
size_t gte__added_normal_form(uint32_t flags, const char *text, size_t size, char *out,
                              size_t capacity);

/* Where tokens go: the first `capacity` are kept (out may be NULL when capacity is 0), all are
 * counted. Tokenizing one text stops early, at the end of the word that reaches `limit`: `count`
 * ends at most at `limit`, and out[count..capacity) is unspecified. */
typedef struct gte__token_sink {
    gte_token *out;
    size_t capacity;
    size_t limit; /* SIZE_MAX: never stop early */
    size_t count;
    size_t seen; /* result: the count with the rest of the last word */
    bool full;   /* a word has reached the limit */
} gte__token_sink;

/* The tokens of one text, without the template: [UNK] and literal special tokens included, type 0,
 * offsets within this text. flags: GTE_SPECIAL_AS_TEXT, GTE_REPLACE_INVALID, GTE_OFFSETS_BYTES.
 * Scratch is on the stack. Errors: GTE_E_UTF8 (whole text is checked first), GTE_E_ARGUMENT. */
gte_status gte__wordpiece(const gte__tokenizer *tok, const char *text, size_t size, unsigned flags,
                          gte__token_sink *sink, gte_error *err);

/* gte_tokenize without the model: template, truncation ("longest first"), pair. Same contract, but
 * max_tokens is a number (SIZE_MAX: no limit). Fewer than the template needs is GTE_E_ARGUMENT.
 * Never allocates. */
gte_status gte__tokenize(const gte__tokenizer *tok, gte_text text, unsigned flags,
                         size_t max_tokens, gte_token *out, size_t capacity, size_t *count,
                         int *truncated, gte_error *err);

#endif
