/* What the tokenizer needs to know of a code point, as HuggingFace's tokenizers knows it.
 *
 * The classes come from generated tables, because the crates behind HuggingFace's code carry
 * Unicode data of several ages and no current library gives the same answers. utf8proc does what
 * is stable across Unicode versions, decompositions and combining classes, and is asked only where
 * a class says so, so that its age does not matter either. */
#ifndef GTE_TOKENIZER_UNICODE_H
#define GTE_TOKENIZER_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GTE__CP_DROP 1u        /* clean_text deletes it (it comes before the other classes) */
#define GTE__CP_SPACE 2u       /* White_Space */
#define GTE__CP_PUNCT 4u       /* a word of its own */
#define GTE__CP_CJK 8u         /* gets spaces around it */
#define GTE__CP_MARK 16u       /* strip_accents deletes it; only for what does not decompose */
#define GTE__CP_NONSTARTER 32u /* its decomposition begins with a nonzero combining class */
#define GTE__CP_DECOMPOSES 64u /* NFD changes it */
#define GTE__CP_LOWERS 128u    /* lowercase changes it */

#define GTE__MAX_DECOMPOSITION 4 /* of one code point in NFD, in code points */
#define GTE__MAX_LOWER 2

typedef struct gte__lower_run {
    uint32_t first, last, step; /* first, first + step, ... last */
    int32_t difference;
} gte__lower_run;

typedef struct gte__word_range {
    uint32_t first, last;
} gte__word_range;

/* unicode_tables.c */
extern const uint8_t gte__class_page[0x110000 / 128];
extern const uint8_t gte__class_bits[];
extern const gte__lower_run gte__lower_runs[];
extern const size_t gte__lower_run_count;
extern const gte__word_range gte__word_ranges[];
extern const size_t gte__word_range_count;

/* GTE__CP_... of a code point up to 10FFFF. */
static inline unsigned gte__cp_class(uint32_t cp)
{
    return gte__class_bits[(uint32_t)gte__class_page[cp >> 7] << 7 | (cp & 127)];
}

/* The full canonical decomposition (the code point itself when it has none); returns its length. */
unsigned gte__cp_decompose(uint32_t cp, uint32_t out[GTE__MAX_DECOMPOSITION]);

/* The canonical combining class of a code point that does not decompose. */
unsigned gte__cp_combining(uint32_t cp);

/* The lowercase mapping, without context; returns its length. Two only for U+0130. */
unsigned gte__cp_lower(uint32_t cp, uint32_t out[GTE__MAX_LOWER]);

/* Whether it is part of a word next to a single-word added token: \w of a regular expression. */
bool gte__cp_is_word(uint32_t cp);

#endif
