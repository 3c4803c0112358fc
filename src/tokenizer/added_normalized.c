/* Added tokens that are matched in the normalised text: "Foo" finds "FOO" where case is folded.
 *
 * The characters of a piece pass through a window that is longer than any such token, and the
 * tokens are tried at its head. White space around a token needs no window: a token remembers where
 * the spaces before it began, and stays pending while spaces follow it. */
#include <string.h>

#include "tokenizer/pass.h"

/* A code point of 2 bytes has at most 2 in its normal form, one of 3 bytes 4: with room to spare
 * for the one character that single_word looks at. */
#define TOKEN_CHARS (GTE__MAX_ADDED_BYTES * 2u)
#define WINDOW 1024u /* a power of two > TOKEN_CHARS + 1 */

typedef struct window {
    gte__pass *pass; /* the one whose words are built */
    uint32_t head, count;
    uint32_t spaces;      /* so many from the head on are known to be white space */
    uint32_t before;      /* the character before the head, or a space */
    bool space_before;    /* it is white space that no token has swallowed, and... */
    uint32_t space_start; /* ...this is where that began */
    bool pending;         /* a token that may still swallow spaces */
    gte__span pending_span;
    uint32_t pending_id;
    uint32_t cp[WINDOW];
    gte__span span[WINDOW];
} window;

static uint32_t at(const window *w, uint32_t i)
{
    return (w->head + i) & (WINDOW - 1);
}

static bool is_space(const window *w, uint32_t i)
{
    return (gte__cp_class(w->cp[at(w, i)]) & GTE__CP_SPACE) != 0;
}

/* The longest token that begins at the head; its characters in *length. */
static const gte__added_token *match(const window *w, uint32_t *length)
{
    const gte__tokenizer *tok = w->pass->tok;
    const gte__added_token *best = NULL;
    uint32_t unit = tok->header->trie_root_normalized;
    for (uint32_t i = 0; i < w->count && i < TOKEN_CHARS; i++) {
        uint8_t bytes[4];
        unsigned size = gte__utf8_encode(w->cp[at(w, i)], bytes);
        for (unsigned j = 0; j < size && unit; j++) unit = gte__trie_step(tok, unit, bytes[j]);
        if (!unit) break;
        const gte__added_token *token = gte__trie_added(tok, unit);
        if (!token) continue;
        best = token;
        *length = i + 1;
    }
    return best;
}

/* How many characters from the head on are white space. */
static uint32_t leading_spaces(window *w)
{
    while (w->spaces < w->count && is_space(w, w->spaces)) w->spaces++;
    return w->spaces;
}

static void drop(window *w, uint32_t count)
{
    w->head = at(w, count);
    w->count -= count;
    w->spaces -= w->spaces < count ? w->spaces : count;
}

static void end_pending(window *w)
{
    if (w->pending) gte__word_emit(w->pass, w->pending_id, w->pending_span);
    w->pending = false;
}

/* The character at the head is plain text. */
static void pop_text(window *w)
{
    uint32_t cp = w->cp[w->head];
    gte__span span = w->span[w->head];
    bool space = is_space(w, 0);
    drop(w, 1);
    w->before = cp;
    if (space) {
        if (w->pending) {
            w->pending_span.end = span.end;
            return;
        }
        if (!w->space_before) w->space_start = span.start;
        w->space_before = true;
    } else {
        end_pending(w);
        w->space_before = false;
    }
    gte__word_push(w->pass, cp, span);
}

static bool word_follows(const window *w, uint32_t length)
{
    return length < w->count && gte__cp_is_word(w->cp[at(w, length)]);
}

/* `spaces` of its characters the token before it has swallowed. */
static void pop_token(window *w, const gte__added_token *token, uint32_t length, uint32_t spaces)
{
    gte__span span = {w->span[w->head].start, w->span[at(w, length - 1)].end};
    if (token->flags & GTE__ADDED_LSTRIP) {
        if (w->space_before) span.start = w->space_start;
        if (spaces) span.start = w->span[at(w, spaces)].start;
    }
    gte__word_flush(w->pass);
    if (spaces) w->pending_span.end = w->span[at(w, spaces - 1)].end;
    end_pending(w);
    w->before = w->cp[at(w, length - 1)];
    w->space_before = false;
    drop(w, length);
    if (gte__pass_done(w->pass)) return; /* the word before it has reached the limit */
    w->pending = true;
    w->pending_id = token->id;
    w->pending_span = span;
    if (!(token->flags & GTE__ADDED_RSTRIP)) end_pending(w);
}

/* Takes what is at the head: one character, or a token, or a token that has to stay text. */
static void pop(window *w)
{
    uint32_t length = 0;
    const gte__added_token *token = match(w, &length);
    if (!token) {
        pop_text(w);
        return;
    }
    uint32_t spaces = w->pending ? leading_spaces(w) : 0;
    if (gte__added_is_plain(w->pass, token) ||
        ((token->flags & GTE__ADDED_SINGLE_WORD) &&
         (gte__cp_is_word(w->before) || word_follows(w, length))) ||
        ((token->flags & GTE__ADDED_LSTRIP) && spaces >= length)) {
        while (length--) pop_text(w);
    } else {
        pop_token(w, token, length, spaces);
    }
}

static void push(gte__pass *pass, uint32_t cp, gte__span span)
{
    window *w = pass->push_state;
    if (w->count == WINDOW) pop(w);
    w->cp[at(w, w->count)] = cp;
    w->span[at(w, w->count)] = span;
    w->count++;
}

gte__cursor gte__added_normalized(gte__pass *pass, gte__cursor start, const uint8_t *end)
{
    window w;
    memset(&w, 0, offsetof(window, cp));
    gte__pass through = *pass;
    w.pass = pass;
    w.before = ' ';
    through.push = push;
    through.push_state = &w;
    gte__cursor stop = gte__normalize(&through, start, end);
    while (w.count && !gte__pass_done(pass)) pop(&w);
    if (gte__pass_done(pass)) return stop;
    gte__word_flush(pass);
    end_pending(&w);
    return stop;
}
