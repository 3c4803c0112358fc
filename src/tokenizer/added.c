/* Added tokens that are matched in the text as given ("[SEP]" in a user's text becomes the special
 * token, as HuggingFace has it): leftmost, longest, then the rules for white space and words. */
#include <string.h>

#include "tokenizer/pass.h"

const uint8_t *gte__added_text(const gte__tokenizer *tok, const gte__added_token *token)
{
    return (const uint8_t *)tok->added_text + token->text_offset;
}

bool gte__added_is_plain(const gte__pass *pass, const gte__added_token *token)
{
    return pass->special_as_text && (token->flags & GTE__ADDED_SPECIAL);
}

/* The first byte at or after p that a token may begin with, or `end`. */
static const uint8_t *candidate(const gte__tokenizer *tok, const uint8_t *p, const uint8_t *end)
{
    if (tok->added_only_first < 0 || p == end) return end;
    if (tok->added_only_first < 256) {
        const uint8_t *found = memchr(p, tok->added_only_first, (size_t)(end - p));
        return found ? found : end;
    }
    while (p < end && !(tok->added_first[*p >> 6] >> (*p & 63) & 1)) p++;
    return p;
}

/* The next match at or after `from`: its token (NULL: none) and its place. */
static const gte__added_token *find(const gte__pass *pass, const uint8_t *from,
                                    const uint8_t **place)
{
    const gte__tokenizer *tok = pass->tok;
    for (const uint8_t *p = from; (p = candidate(tok, p, pass->end)) < pass->end; p++) {
        const gte__added_token *best = NULL;
        for (uint32_t i = 0; i < tok->header->added_count; i++) {
            const gte__added_token *token = &tok->added[i];
            if ((token->flags & GTE__ADDED_NORMALIZED) ||
                token->text_size > (size_t)(pass->end - p) ||
                (best && token->text_size <= best->text_size) ||
                memcmp(p, gte__added_text(tok, token), token->text_size))
                continue;
            best = token;
        }
        if (best) {
            *place = p;
            return best;
        }
    }
    return NULL;
}

/* The code point that ends at p > start, and in *begin where it begins. */
static uint32_t previous(const gte__pass *pass, const uint8_t *p, const uint8_t **begin)
{
    for (unsigned back = 1; back <= 4 && p - pass->text >= (ptrdiff_t)back; back++) {
        unsigned length;
        uint32_t cp = gte__utf8_decode_lossy(p - back, p, &length);
        if (length == back && cp != GTE__REPLACEMENT) {
            *begin = p - back;
            return cp;
        }
    }
    *begin = p - 1;
    return GTE__REPLACEMENT;
}

static bool stands_alone(const gte__pass *pass, const uint8_t *start, const uint8_t *stop)
{
    const uint8_t *begin;
    gte__cursor next;
    if (start > pass->text && gte__cp_is_word(previous(pass, start, &begin))) return false;
    return stop == pass->end ||
           !gte__cp_is_word(gte__pass_decode(pass, (gte__cursor){stop, 0}, pass->end, &next));
}

/* White space before `start`, but not before `floor`, and after `stop` becomes part of it. */
static void swallow_spaces(const gte__pass *pass, uint32_t flags, const uint8_t *floor,
                           const uint8_t **start, const uint8_t **stop)
{
    const uint8_t *begin;
    if (flags & GTE__ADDED_LSTRIP)
        while (*start > floor && (gte__cp_class(previous(pass, *start, &begin)) & GTE__CP_SPACE))
            *start = begin;
    if (!(flags & GTE__ADDED_RSTRIP)) return;
    while (*stop < pass->end) {
        gte__cursor next;
        uint32_t cp = gte__pass_decode(pass, (gte__cursor){*stop, 0}, pass->end, &next);
        if (!(gte__cp_class(cp) & GTE__CP_SPACE)) break;
        *stop = next.p;
    }
}

/* Moves a cursor on to p, counting. */
static gte__cursor advance(const gte__pass *pass, gte__cursor at, const uint8_t *p)
{
    while (at.p < p) {
        gte__cursor next;
        gte__pass_decode(pass, at, pass->end, &next);
        at = next;
    }
    return at;
}

/* The text between two tokens. It has its own beginning and end for everything that follows. */
static gte__cursor piece(gte__pass *pass, gte__cursor at, const uint8_t *end)
{
    if (pass->tok->added_normalized_first) return gte__added_normalized(pass, at, end);
    at = gte__normalize(pass, at, end);
    if (!gte__pass_done(pass)) gte__word_flush(pass);
    return at;
}

void gte__added_split(gte__pass *pass)
{
    gte__cursor at = {pass->text, 0};
    const uint8_t *from = pass->text, *place = NULL;
    while (!gte__pass_done(pass)) {
        const gte__added_token *token = find(pass, from, &place);
        if (!token) break;
        const uint8_t *start = place, *stop = place + token->text_size;
        from = stop;
        if (gte__added_is_plain(pass, token)) continue;
        if ((token->flags & GTE__ADDED_SINGLE_WORD) && !stands_alone(pass, start, stop)) continue;
        swallow_spaces(pass, token->flags, at.p, &start, &stop);
        if (start > at.p)
            at = piece(pass, at, start);
        else if (start < at.p) /* it begins with spaces that the one before it has swallowed */
            at = advance(pass, (gte__cursor){pass->text, 0}, start);
        if (gte__pass_done(pass)) return;
        gte__cursor after = advance(pass, at, stop);
        gte__word_emit(pass, token->id, (gte__span){at.unit, after.unit});
        at = after;
    }
    if (at.p < pass->end && !gte__pass_done(pass)) piece(pass, at, pass->end);
}
