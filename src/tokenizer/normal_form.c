/* The normal form of an added token, for whoever writes a TOKENIZER section: text is matched
 * against it character by character (added_normalized.c), so it has to come from the same
 * normaliser. */
#include <string.h>

#include "tokenizer/pass.h"

typedef struct form {
    char *out;
    size_t capacity, size;
} form;

static void keep(gte__pass *pass, uint32_t cp, gte__span span)
{
    form *f = pass->push_state;
    uint8_t bytes[4];
    unsigned n = gte__utf8_encode(cp, bytes);
    (void)span;
    if (f->size + n <= f->capacity) memcpy(f->out + f->size, bytes, n);
    f->size += n;
}

size_t gte__added_normal_form(uint32_t flags, const char *text, size_t size, char *out,
                              size_t capacity)
{
    static const gte__tokenizer none; /* only words, which do not come up here, look into one */
    form f = {out, capacity, 0};
    gte__token_sink sink = {.limit = SIZE_MAX};
    gte__pass pass = {.tok = &none,
                      .sink = &sink,
                      .text = (const uint8_t *)text,
                      .end = (const uint8_t *)text + size,
                      .normalizer = flags,
                      .push = keep,
                      .push_state = &f};
    gte__normalize(&pass, (gte__cursor){pass.text, 0}, pass.end);
    return f.size;
}
