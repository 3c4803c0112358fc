/* Words and their pieces: normalised characters come in, tokens go to the sink.
 *
 * A word ends at white space and at punctuation, which is a word itself (BertPreTokenizer). It
 * becomes the longest pieces from the left; when at some place none fits, or the word has too many
 * characters, the WHOLE word is one unknown token (or, with the file's byte fallback, the bytes of
 * one that does not fit). */
#include <string.h>

#include "tokenizer/pass.h"

void gte__word_emit(gte__pass *pass, uint32_t id, gte__span span)
{
    gte__token_sink *sink = pass->sink;
    if (sink->count < sink->capacity)
        sink->out[sink->count] = (gte_token){(int32_t)id, 0, span.start, span.end};
    sink->count++;
}

/* After a word. The limit is looked at here alone, as HuggingFace does: see template.c. */
static inline void end_word(gte__pass *pass)
{
    if (pass->sink->count >= pass->sink->limit) pass->sink->full = true;
}

/* The longest piece that begins bytes[0..size); its id, or -1, and its bytes in *length. */
static int32_t longest(const gte__tokenizer *tok, uint32_t unit, const uint8_t *bytes, size_t size,
                       size_t *length)
{
    int32_t id = -1;
    for (size_t i = 0; i < size; i++) {
        unit = gte__trie_step(tok, unit, bytes[i]);
        if (!unit) break;
        if (tok->trie[unit].id >= 0) {
            id = tok->trie[unit].id;
            *length = i + 1;
        }
    }
    return id;
}

static void unknown(gte__pass *pass, gte__span span)
{
    gte__word_emit(pass, pass->tok->header->unk_id, span);
}

/* The id of the vocabulary's "<0xE9>", or [UNK]. */
static uint32_t byte_id(const gte__tokenizer *tok, uint8_t byte)
{
    static const char hex[] = "0123456789ABCDEF";
    const uint8_t name[] = {'<', '0', 'x', (uint8_t)hex[byte >> 4], (uint8_t)hex[byte & 15], '>'};
    size_t length = 0;
    int32_t id = longest(tok, tok->header->trie_root_word, name, sizeof name, &length);
    return length == sizeof name ? (uint32_t)id : tok->header->unk_id;
}

/* A word that no pieces spell. `at` as in pieces(): each byte has the span of its character. */
static void fallback(gte__pass *pass, const uint8_t *bytes, size_t size, const gte__span *at,
                     gte__span span)
{
    if (!(pass->tok->header->flags & GTE__TOK_BYTE_FALLBACK)) {
        unknown(pass, span);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        const uint32_t start = span.start + (uint32_t)i;
        gte__word_emit(pass, byte_id(pass->tok, bytes[i]),
                       at ? at[i] : (gte__span){start, start + 1});
    }
}

/* The tokens of one word. `at` holds the span of each byte; NULL when byte i stands for the one
 * unit at span.start + i. */
static void pieces(gte__pass *pass, const uint8_t *bytes, size_t size, const gte__span *at,
                   gte__span span)
{
    const gte__tokenizer *tok = pass->tok;
    size_t before = pass->sink->count;
    uint32_t root = tok->header->trie_root_word;
    for (size_t i = 0, length = 0; i < size; i += length) {
        int32_t id = longest(tok, root, bytes + i, size - i, &length);
        if (id < 0) { /* what this word has already emitted does not count */
            pass->sink->count = before;
            fallback(pass, bytes, size, at, span);
            break;
        }
        gte__span piece;
        if (at)
            piece = (gte__span){at[i].start, at[i + length - 1].end};
        else
            piece = (gte__span){span.start + (uint32_t)i, span.start + (uint32_t)(i + length)};
        gte__word_emit(pass, (uint32_t)id, piece);
        root = tok->header->trie_root_suffix;
    }
    end_word(pass);
}

static void too_long(gte__pass *pass, gte__span span)
{
    unknown(pass, span);
    end_word(pass);
}

void gte__word_flush(gte__pass *pass)
{
    gte__word *word = pass->word;
    if (!word->chars) return;
    if (gte__pass_done(pass)) { /* a step of the text can end two words: "a," */
        word->chars = word->size = 0;
        return;
    }
    if (word->chars > pass->tok->header->max_word_chars)
        too_long(pass, word->span);
    else
        pieces(pass, word->bytes, word->size, word->at, word->span);
    word->chars = word->size = 0;
}

static void append(gte__pass *pass, uint32_t cp, gte__span span)
{
    gte__word *word = pass->word;
    if (!word->chars++) word->span.start = span.start;
    word->span.end = span.end;
    if (word->chars > pass->tok->header->max_word_chars) return;
    unsigned n = gte__utf8_encode(cp, word->bytes + word->size);
    for (unsigned i = 0; i < n; i++) word->at[word->size + i] = span;
    word->size += n;
}

void gte__word_push(gte__pass *pass, uint32_t cp, gte__span span)
{
    unsigned class = gte__cp_class(cp);
    if (class & (GTE__CP_SPACE | GTE__CP_PUNCT)) {
        gte__word_flush(pass);
        if (class & GTE__CP_SPACE) return;
        append(pass, cp, span);
        gte__word_flush(pass);
    } else {
        append(pass, cp, span);
    }
}

void gte__word_ascii(gte__pass *pass, const uint8_t *p, size_t size, uint32_t start)
{
    const gte__tokenizer *tok = pass->tok;
    gte__span span = {start, start + (uint32_t)size};
    if (size > tok->header->max_word_chars) {
        too_long(pass, span);
        return;
    }
    /* most words are one piece: try that without a copy */
    uint32_t unit = tok->header->trie_root_word;
    for (size_t i = 0; i < size && unit; i++)
        unit = gte__trie_step(tok, unit, tok->ascii_fold[p[i]]);
    if (unit && tok->trie[unit].id >= 0) {
        gte__word_emit(pass, (uint32_t)tok->trie[unit].id, span);
        end_word(pass);
        return;
    }
    uint8_t *bytes = pass->word->bytes;
    for (size_t i = 0; i < size; i++) bytes[i] = tok->ascii_fold[p[i]];
    pieces(pass, bytes, size, NULL, span);
}

void gte__word_single(gte__pass *pass, const uint8_t *p, size_t size, gte__span span)
{
    const gte__tokenizer *tok = pass->tok;
    uint32_t unit = tok->header->trie_root_word;
    for (size_t i = 0; i < size && unit; i++) unit = gte__trie_step(tok, unit, p[i]);
    int32_t id = unit ? tok->trie[unit].id : -1;
    if (gte__pass_done(pass)) return;
    if (id >= 0) {
        gte__word_emit(pass, (uint32_t)id, span);
    } else {
        gte__span at[4]; /* of one character: UTF-8 has at most four bytes */
        for (size_t i = 0; i < size; i++) at[i] = span;
        fallback(pass, p, size, at, span);
    }
    end_word(pass);
}
