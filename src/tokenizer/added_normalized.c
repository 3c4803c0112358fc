/* Added tokens that are matched in the normalised text: "Foo" finds "FOO" where case is folded.
 *
 * The characters of a piece pass through a window that is longer than any such token, and the
 * tokens are tried at its head. White space around a token needs no window: a token remembers where
 * the spaces before it began, and stays pending while spaces follow it. */
#include <string.h>

#include "tokenizer/pass.h"

/* A code point of 2 bytes has at most 2 in its normal form, one of 3 bytes 4: with room to spare
 * for the one character that single_word looks at. */
#define TOKEN_CHARS (GTE__MAX_NORMALIZED_BYTES * 2u)
#define WINDOW 1024u /* a power of two > TOKEN_CHARS + 1 */

typedef struct window {
    gte__pass *pass; /* the one whose words are built */
    uint32_t head, count;
    uint32_t before;      /* the character before the head, or a space */
    bool space_before;    /* it is white space that no token has swallowed, and... */
    uint32_t space_start; /* ...this is where that began */
    bool pending;         /* a token that may still swallow spaces */
    gte__span pending_span;
    uint32_t pending_id;
    uint32_t cp[WINDOW];
    gte__span span[WINDOW];
} window;

/* The normal form of one token. */
typedef struct form {
    uint32_t count;
    uint32_t cp[TOKEN_CHARS];
} form;

static void keep(gte__pass *pass, uint32_t cp, gte__span span)
{
    form *f = pass->push_state;
    (void)span;
    if (f->count < TOKEN_CHARS) f->cp[f->count] = cp;
    f->count++;
}

static void normal_form(const gte__pass *like, const gte__added_token *token, form *out)
{
    gte__token_sink sink = {.limit = SIZE_MAX};
    gte__pass pass = *like;
    pass.sink = &sink;
    pass.text = gte__added_text(like->tok, token);
    pass.end = pass.text + token->text_size;
    pass.lossy = false;
    pass.push = keep;
    pass.push_state = out;
    out->count = 0;
    gte__normalize(&pass, (gte__cursor){pass.text, 0}, pass.end);
}

static uint32_t at(const window *w, uint32_t i)
{
    return (w->head + i) & (WINDOW - 1);
}

static bool is_space(const window *w, uint32_t i)
{
    return (gte__cp_class(w->cp[at(w, i)]) & GTE__CP_SPACE) != 0;
}

static bool matches(const window *w, const form *f)
{
    if (!f->count || f->count > TOKEN_CHARS || f->count > w->count) return false;
    for (uint32_t i = 0; i < f->count; i++)
        if (w->cp[at(w, i)] != f->cp[i]) return false;
    return true;
}

uint64_t gte__added_normalized_first(const gte__tokenizer *tok)
{
    uint64_t first = 0;
    const gte__pass pass = {.tok = tok, .normalizer = tok->header->flags};
    form f;
    for (uint32_t i = 0; i < tok->header->added_count; i++) {
        if (!(tok->added[i].flags & GTE__ADDED_NORMALIZED)) continue;
        normal_form(&pass, &tok->added[i], &f);
        if (f.count) first |= UINT64_C(1) << (f.cp[0] & 63);
    }
    return first;
}

/* The longest token that begins at the head, the first of equal ones; its characters in *length. */
static const gte__added_token *match(const window *w, uint32_t *length)
{
    const gte__tokenizer *tok = w->pass->tok;
    const gte__added_token *best = NULL;
    form f;
    *length = 0;
    if (!(tok->added_normalized_first >> (w->cp[w->head] & 63) & 1)) return NULL;
    for (uint32_t i = 0; i < tok->header->added_count; i++) {
        if (!(tok->added[i].flags & GTE__ADDED_NORMALIZED)) continue;
        normal_form(w->pass, &tok->added[i], &f);
        if (f.count <= *length || !matches(w, &f)) continue;
        best = &tok->added[i];
        *length = f.count;
    }
    return best;
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
    w->head = at(w, 1);
    w->count--;
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

static void pop_token(window *w, const gte__added_token *token, uint32_t length)
{
    gte__span span = {w->span[w->head].start, w->span[at(w, length - 1)].end};
    if ((token->flags & GTE__ADDED_LSTRIP) && w->space_before) span.start = w->space_start;
    gte__word_flush(w->pass);
    /* spaces that this token begins with can still belong to the one before it, too */
    for (uint32_t i = 0; w->pending && i < w->count && is_space(w, i); i++)
        w->pending_span.end = w->span[at(w, i)].end;
    end_pending(w);
    w->before = w->cp[at(w, length - 1)];
    w->space_before = false;
    w->head = at(w, length);
    w->count -= length;
    w->pending = true;
    w->pending_id = token->id;
    w->pending_span = span;
    if (!(token->flags & GTE__ADDED_RSTRIP)) end_pending(w);
}

/* Takes what is at the head: one character, or a token, or a token that has to stay text. */
static void pop(window *w)
{
    uint32_t length;
    const gte__added_token *token = match(w, &length);
    if (!token) {
        pop_text(w);
    } else if (gte__added_is_plain(w->pass, token) ||
               ((token->flags & GTE__ADDED_SINGLE_WORD) &&
                (gte__cp_is_word(w->before) || word_follows(w, length)))) {
        while (length--) pop_text(w);
    } else {
        pop_token(w, token, length);
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
