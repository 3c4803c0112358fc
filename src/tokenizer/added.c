/* Added tokens that are matched in the text as given ("[SEP]" in a user's text becomes the special
 * token, as HuggingFace has it): leftmost, longest, then the rules for white space and words. */
#include <string.h>

#include "tokenizer/pass.h"

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

/* The longest token that begins at p, its bytes in *length; NULL when there is none. */
static const gte__added_token *longest(const gte__pass *pass, const uint8_t *p, size_t *length)
{
    const gte__tokenizer *tok = pass->tok;
    const gte__added_token *best = NULL;
    uint32_t unit = tok->header->trie_root_added;
    size_t room = (size_t)(pass->end - p);
    if (room > GTE__MAX_ADDED_BYTES) room = GTE__MAX_ADDED_BYTES;
    for (size_t i = 0; i < room && (unit = gte__trie_step(tok, unit, p[i])); i++) {
        const gte__added_token *token = gte__trie_added(tok, unit);
        if (!token) continue;
        best = token;
        *length = i + 1;
    }
    /* a damaged trie may know a token that ends inside a character */
    return best && gte__utf8_invalid((const char *)p, *length) == *length ? best : NULL;
}

/* The next match at or after `from`: its token (NULL: none) and its place. */
static const gte__added_token *find(const gte__pass *pass, const uint8_t *from,
                                    const uint8_t **place, size_t *length)
{
    for (const uint8_t *p = from; (p = candidate(pass->tok, p, pass->end)) < pass->end; p++) {
        const gte__added_token *token = longest(pass, p, length);
        if (!token) continue;
        *place = p;
        return token;
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

/* White space that a token has swallowed; the ends of tokens in it are not scanned again. */
typedef struct swallowed {
    const uint8_t *start;
    gte__cursor end;
} swallowed;

/* Where the white space before `place`, but not before `floor`, begins. */
static const uint8_t *strip_left(const gte__pass *pass, const uint8_t *place, const uint8_t *floor)
{
    const uint8_t *begin;
    if (place < floor) return floor;
    while (place > floor && (gte__cp_class(previous(pass, place, &begin)) & GTE__CP_SPACE))
        place = begin;
    return place;
}

/* Where the white space at `at` ends. */
static gte__cursor strip_right(const gte__pass *pass, gte__cursor at, swallowed *spaces)
{
    if (at.p >= spaces->start && at.p <= spaces->end.p) return spaces->end;
    spaces->start = at.p;
    while (at.p < pass->end) {
        gte__cursor next;
        uint32_t cp = gte__pass_decode(pass, at, pass->end, &next);
        if (!(gte__cp_class(cp) & GTE__CP_SPACE)) break;
        at = next;
    }
    spaces->end = at;
    return at;
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
    if (pass->tok->added_normalized) return gte__added_normalized(pass, at, end);
    at = gte__normalize(pass, at, end);
    if (!gte__pass_done(pass)) gte__word_flush(pass);
    return at;
}

/* A token's own end and the end of the spaces it swallows are kept apart: the next token may begin
 * with these spaces, and then starts there, so that tokens overlap (as HuggingFace's do). No byte
 * is passed more than a fixed number of times for that. */
void gte__added_split(gte__pass *pass)
{
    gte__cursor at = {pass->text, 0}, behind = at; /* `behind` is the last token's own end */
    swallowed spaces = {pass->text, at};
    const gte__added_token *token;
    const uint8_t *place = NULL;
    size_t length = 0;
    for (const uint8_t *from = pass->text;
         !gte__pass_done(pass) && (token = find(pass, from, &place, &length));
         from = place + length) {
        const uint8_t *start = place, *stop = place + length;
        if (gte__added_is_plain(pass, token)) continue;
        if ((token->flags & GTE__ADDED_SINGLE_WORD) && !stands_alone(pass, start, stop)) continue;
        if (token->flags & GTE__ADDED_LSTRIP) {
            if (stop <= at.p) continue; /* the token before it has swallowed it */
            start = strip_left(pass, place, at.p);
        }
        if (start > at.p)
            at = piece(pass, at, start);
        else if (start < at.p)
            at = advance(pass, behind, start);
        if (gte__pass_done(pass)) return;
        uint32_t unit = at.unit;
        at = behind = advance(pass, at, stop);
        if (token->flags & GTE__ADDED_RSTRIP) at = strip_right(pass, at, &spaces);
        gte__word_emit(pass, token->id, (gte__span){unit, at.unit});
    }
    if (at.p < pass->end && !gte__pass_done(pass)) piece(pass, at, pass->end);
}
