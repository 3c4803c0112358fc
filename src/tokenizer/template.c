/* [CLS] A [SEP], [CLS] A [SEP] B [SEP], and the cut to max_tokens.
 *
 * Tokens are written where they belong at once; only a pair whose first text turns out too long
 * has its second text written again, further to the left. */
#include "tokenizer/tokenizer.h"

/* Writing one input: what stays the same from step to step. */
typedef struct writer {
    const gte__tokenizer *tok;
    gte_token *out;
    size_t capacity;
    unsigned flags;
    gte_error *err;
} writer;

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Tokens of one text from out[place] on, at most `limit`; their number in *count. */
static gte_status put_text(const writer *w, const char *text, size_t size, size_t place,
                           size_t limit, int32_t type, size_t *count)
{
    size_t room = place < w->capacity ? w->capacity - place : 0;
    gte__token_sink sink = {.out = room ? w->out + place : NULL, .capacity = room, .limit = limit};
    gte_status status = gte__wordpiece(w->tok, text, size, w->flags, &sink, w->err);
    *count = sink.count;
    if (type)
        for (size_t i = 0; i < least(sink.count, room); i++) sink.out[i].type = type;
    return status;
}

static void put_special(const writer *w, size_t place, uint32_t id, int32_t type)
{
    if (place < w->capacity) w->out[place] = (gte_token){(int32_t)id, type, 0, 0};
}

/* HuggingFace's "longest first": how much of texts with a and b tokens fits a budget. */
static void longest_first(size_t *a, size_t *b, size_t budget)
{
    bool swapped = *a > *b;
    size_t shorter = swapped ? *b : *a, longer = swapped ? *a : *b;
    if (longer <= budget && shorter <= budget - longer) return;
    if (shorter <= budget / 2) {
        longer = budget - shorter;
    } else {
        shorter = budget / 2;
        longer = shorter + budget % 2;
    }
    *a = swapped ? longer : shorter;
    *b = swapped ? shorter : longer;
}

/* A budget plus the one token that shows that it is exceeded. */
static size_t one_more(size_t budget)
{
    return budget == SIZE_MAX ? budget : budget + 1;
}

static gte_status put_single(const writer *w, gte_text text, size_t budget, size_t special,
                             size_t *count, bool *cut)
{
    size_t n;
    size_t limit = w->flags & GTE_NO_TRUNCATE ? SIZE_MAX : one_more(budget);
    gte_status status = put_text(w, text.data, text.size, special ? 1 : 0, limit, 0, &n);
    if (status != GTE_OK) return status;
    *cut = n > budget;
    if (*cut && !(w->flags & GTE_NO_TRUNCATE)) n = budget;
    if (special) {
        put_special(w, 0, w->tok->header->cls_id, 0);
        put_special(w, n + 1, w->tok->header->sep_id, 0);
    }
    *count = n + special;
    return GTE_OK;
}

/* Both texts are to be cut. Which one keeps the odd token depends on which is shorter; HuggingFace
 * (since 0.23) counts each to the end of the word that reaches max_tokens, and compares that. */
static gte_status count_like_reference(const writer *w, gte_text text, size_t max_tokens, size_t *a,
                                       size_t *b)
{
    gte__token_sink first = {.limit = max_tokens}, second = {.limit = max_tokens};
    gte_status status = gte__wordpiece(w->tok, text.data, text.size, w->flags, &first, w->err);
    if (status == GTE_OK)
        status = gte__wordpiece(w->tok, text.pair, text.pair_size, w->flags, &second, w->err);
    *a = first.seen;
    *b = second.seen;
    return status;
}

static gte_status put_pair(const writer *w, gte_text text, size_t budget, size_t special,
                           size_t *count, bool *cut)
{
    size_t a, b, limit = w->flags & GTE_NO_TRUNCATE ? SIZE_MAX : one_more(budget);
    size_t before = special ? 1 : 0, between = special ? 1 : 0;
    gte_status status = put_text(w, text.data, text.size, before, limit, 0, &a);
    if (status != GTE_OK) return status;
    status = put_text(w, text.pair, text.pair_size, before + a + between, limit, 1, &b);
    if (status != GTE_OK && w->err) w->err->part = 1;
    if (status != GTE_OK) return status;
    *cut = a > budget || b > budget - a;
    if (*cut && !(w->flags & GTE_NO_TRUNCATE)) {
        size_t written = a;
        if (least(a, b) > budget / 2 && budget % 2)
            status = count_like_reference(w, text, budget + special, &a, &b);
        if (status != GTE_OK) return status;
        longest_first(&a, &b, budget);
        if (a < written)
            status = put_text(w, text.pair, text.pair_size, before + a + between, b, 1, &b);
        if (status != GTE_OK) return status;
    }
    if (special) {
        put_special(w, 0, w->tok->header->cls_id, 0);
        put_special(w, a + 1, w->tok->header->sep_id, 0);
        put_special(w, a + b + 2, w->tok->header->sep_id, 1);
    }
    *count = a + b + special;
    return GTE_OK;
}

gte_status gte__tokenize(const gte__tokenizer *tok, gte_text text, unsigned flags,
                         size_t max_tokens, gte_token *out, size_t capacity, size_t *count,
                         int *truncated, gte_error *err)
{
    const writer w = {tok, out, out ? capacity : 0, flags, err};
    size_t special = flags & GTE_NO_SPECIAL ? 0 : text.pair ? 3 : 2;
    bool cut = false;
    *count = 0;
    if (truncated) *truncated = 0;
    if (max_tokens < special)
        return gte__fail(err, GTE_E_ARGUMENT, 0,
                         "max_tokens is %zu, the special tokens alone are %zu", max_tokens,
                         special);
    size_t budget = max_tokens - special;
    gte_status status = text.pair ? put_pair(&w, text, budget, special, count, &cut)
                                  : put_single(&w, text, budget, special, count, &cut);
    if (status != GTE_OK) {
        *count = 0;
        return status;
    }
    if (cut && (flags & GTE_NO_TRUNCATE))
        return gte__fail(err, GTE_E_TOO_LONG, 0, "the text has %zu tokens, the limit is %zu",
                         *count, max_tokens);
    if (truncated) *truncated = cut;
    if (*count > w.capacity)
        return gte__fail(err, GTE_E_CAPACITY, 0, "%zu tokens, but room for %zu only", *count,
                         w.capacity);
    return gte__ok(err);
}
