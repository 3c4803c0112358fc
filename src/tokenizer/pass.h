/* One text on its way through the tokenizer: the state that added.c, normalize.c, combining.c and
 * words.c share. Lives on the stack of gte__wordpiece; nothing here is allocated.
 *
 * A position is a cursor: a byte pointer and the offset of that byte in the unit the caller asked
 * for (code points, or bytes). A span is two such offsets into the text as given. Normalised
 * characters travel one at a time, each with the span of the characters it stands for, the way
 * HuggingFace's alignments do. */
#ifndef GTE_TOKENIZER_PASS_H
#define GTE_TOKENIZER_PASS_H

#include "base/utf8.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/unicode.h"

typedef struct gte__span {
    uint32_t start, end;
} gte__span;

typedef struct gte__cursor {
    const uint8_t *p;
    uint32_t unit;
} gte__cursor;

/* The word under construction: normalised bytes, and for each byte the span of its character.
 * Longer than the header's max_word_chars only its extent is kept. */
typedef struct gte__word {
    size_t chars; /* 0: there is no word */
    size_t size;  /* bytes */
    gte__span span;
    uint8_t bytes[GTE__MAX_WORD_CHARS * 4];
    gte__span at[GTE__MAX_WORD_CHARS * 4];
} gte__word;

typedef struct gte__pass gte__pass;

/* Takes one normalised character. */
typedef void gte__push_fn(gte__pass *pass, uint32_t cp, gte__span span);

struct gte__pass {
    const gte__tokenizer *tok;
    gte__token_sink *sink;
    const uint8_t *text, *end;
    uint32_t normalizer; /* the header's GTE__TOK_... */
    bool special_as_text;
    bool lossy; /* the text holds invalid sequences: decode them as U+FFFD */
    bool bytes; /* offsets in bytes */
    gte__push_fn *push;
    void *push_state; /* of added_normalized.c and normal_form.c */
    gte__word *word;
};

static inline bool gte__pass_done(const gte__pass *pass)
{
    return pass->sink->full;
}

/* The code point at `at` (before `end`), and *next, the cursor behind it. */
static inline uint32_t gte__pass_decode(const gte__pass *pass, gte__cursor at, const uint8_t *end,
                                        gte__cursor *next)
{
    unsigned length;
    uint32_t cp =
        pass->lossy ? gte__utf8_decode_lossy(at.p, end, &length) : gte__utf8_decode(at.p, &length);
    next->p = at.p + length;
    next->unit = at.unit + (pass->bytes ? length : 1);
    return cp;
}

/* One step down the trie; 0, which has no children, when there is no such child. */
static inline uint32_t gte__trie_step(const gte__tokenizer *tok, uint32_t unit, uint8_t byte)
{
    uint32_t child = tok->trie[unit].base + byte;
    return child < tok->header->trie_units && tok->trie[child].check == unit ? child : 0;
}

/* The added token that ends at a unit below one of the added tokens' roots, or NULL. */
static inline const gte__added_token *gte__trie_added(const gte__tokenizer *tok, uint32_t unit)
{
    uint32_t i = (uint32_t)tok->trie[unit].id;
    return i < tok->header->added_count ? &tok->added[i] : NULL;
}

/* added.c: cuts literal tokens out of the text and sends what lies between through the rest. */
void gte__added_split(gte__pass *pass);

/* added.c: whether GTE_SPECIAL_AS_TEXT makes an added token plain text. */
bool gte__added_is_plain(const gte__pass *pass, const gte__added_token *token);

/* added_normalized.c: the piece [at, end) when there are added tokens to find in its normalised
 * form; returns the cursor at `end`, or where it stopped because the sink is full. */
gte__cursor gte__added_normalized(gte__pass *pass, gte__cursor at, const uint8_t *end);

/* normalize.c: the characters of [at, end) to pass->push; returns the cursor at `end`, or where it
 * stopped because the sink is full. */
gte__cursor gte__normalize(gte__pass *pass, gte__cursor at, const uint8_t *end);

/* normalize.c: one character after clean_text and the CJK spaces: lowercase, then push. */
void gte__normalize_push(gte__pass *pass, uint32_t cp, gte__span span);

/* combining.c: the run that begins with the character at `at` (a nonstarter, or a starter with
 * nonstarters in its decomposition) and goes on with all nonstarters that follow, in canonical
 * order and without accents; returns the cursor behind the run. */
gte__cursor gte__combining_run(gte__pass *pass, gte__cursor at, const uint8_t *end);

/* words.c: a gte__push_fn: splits characters into words and words into tokens. */
void gte__word_push(gte__pass *pass, uint32_t cp, gte__span span);
/* words.c: ends the word under construction, if there is one. */
void gte__word_flush(gte__pass *pass);
/* words.c: a whole word that is its own normal form, one byte or one character per unit: `size`
 * ASCII letters and digits (not yet folded). No word is under construction. */
void gte__word_ascii(gte__pass *pass, const uint8_t *p, size_t size, uint32_t start);
/* words.c: a whole word of one character of `size` bytes that normalisation leaves alone. */
void gte__word_single(gte__pass *pass, const uint8_t *p, size_t size, gte__span span);
/* words.c: one token to the sink. Only whole words, not added tokens, make it full. */
void gte__word_emit(gte__pass *pass, uint32_t id, gte__span span);

#endif
