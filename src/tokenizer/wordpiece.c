/* One text, without the template: checks it, sets up the pass, and cuts at the limit. */
#include "tokenizer/pass.h"

gte_status gte__wordpiece(const gte__tokenizer *tok, const char *text, size_t size, unsigned flags,
                          gte__token_sink *sink, gte_error *err)
{
    if (size > UINT32_MAX)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "a text of 4 GiB or more; cut it first");
    if (!text && size) return gte__fail(err, GTE_E_ARGUMENT, 0, "a text that is NULL");
    sink->count = sink->seen = 0;
    sink->full = sink->limit == 0;
    if (!size) return gte__ok(err);
    size_t invalid = gte__utf8_invalid(text, size);
    if (invalid < size && !(flags & GTE_REPLACE_INVALID))
        return gte__fail(err, GTE_E_UTF8, invalid, "invalid UTF-8 at byte %zu of the text",
                         invalid);
    gte__word word;
    word.chars = 0;
    word.size = 0;
    gte__pass pass = {.tok = tok,
                      .sink = sink,
                      .text = (const uint8_t *)text,
                      .end = (const uint8_t *)text + size,
                      .normalizer = tok->header->flags,
                      .special_as_text = (flags & GTE_SPECIAL_AS_TEXT) != 0,
                      .lossy = invalid < size,
                      .bytes = (flags & GTE_OFFSETS_BYTES) != 0,
                      .push = gte__word_push,
                      .word = &word};
    gte__added_split(&pass);
    sink->seen = sink->count;
    if (sink->count > sink->limit) sink->count = sink->limit;
    return gte__ok(err);
}
