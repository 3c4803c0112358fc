/* Logits to spans: each first token that is pointed at takes the nearest last token. */
#include "tasks/extract.h"
#include "tasks/tasks.h"

static void reverse(gte__found *items, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        const gte__found swap = items[i];
        items[i] = items[count - 1 - i];
        items[count - 1 - i] = swap;
    }
}

/* From the end, so that the nearest last token is always at hand; then put in order. */
gte_status gte__extraction_take(gte__extraction *x, size_t hint, gte_error *err)
{
    const gte_token *text = x->text.data;
    const float *logits = (const float *)x->logits.data + 2 * hint * x->tokens;
    size_t last = SIZE_MAX, count = 0;
    if (!gte__buffer_reserve(&x->found, x->found_count + x->tokens, sizeof(gte__found)))
        return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for spans");
    gte__found *out = (gte__found *)x->found.data + x->found_count;
    for (size_t t = x->tokens; t-- > 0;) {
        if (logits[2 * t + 1] > GTE__EXTRACT_THRESHOLD) last = t;
        if (logits[2 * t] <= GTE__EXTRACT_THRESHOLD || last == SIZE_MAX) continue;
        const gte__found span = {.byte = text[t].start,
                                 .byte_end = text[last].end,
                                 .score = (logits[2 * t] + logits[2 * last + 1]) / 2,
                                 .type = x->hint_type[hint],
                                 .parent = x->hint_parent[hint]};
        /* [CLS] and [SEP] stand for no text; two tokens of one character for the same */
        if (span.byte >= span.byte_end) continue;
        if (count && out[count - 1].byte == span.byte && out[count - 1].byte_end == span.byte_end)
            continue;
        out[count++] = span;
    }
    reverse(out, count);
    if (x->found_count + count > GTE__EXTRACT_SPANS) {
        count = GTE__EXTRACT_SPANS - x->found_count;
        x->cut_short = true;
    }
    x->found_count += count;
    return GTE_OK;
}
