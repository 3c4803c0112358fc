/* The last bar of a text. */
#include "base/question.h"

#include <string.h>

/* Its size in *size; NULL without one. */
static const char *last_bar(gte_text text, size_t *size)
{
    static const char wide[] = "\xef\xbd\x9c";
    for (const char *p = text.data + text.size; p > text.data; p--) {
        if (p[-1] == '|') {
            *size = 1;
            return p - 1;
        }
        if (p - text.data >= 3 && memcmp(p - 3, wide, 3) == 0) {
            *size = 3;
            return p - 3;
        }
    }
    return NULL;
}

static bool is_blank(const char *text, size_t size)
{
    static const char wide[] = "\xe3\x80\x80"; /* U+3000 */
    for (size_t i = 0; i < size; i++) {
        if (size - i >= 3 && memcmp(text + i, wide, 3) == 0)
            i += 2;
        else if (!strchr(" \t\n\v\f\r", text[i]) || !text[i])
            return false;
    }
    return true;
}

bool gte__question_split(gte_text text, gte_text *out)
{
    size_t bar_size = 0;
    const char *bar = last_bar(text, &bar_size);
    if (!bar) return false;
    const char *question = bar + bar_size;
    *out = (gte_text){text.data, (size_t)(bar - text.data), question,
                      (size_t)(text.data + text.size - question)};
    return !is_blank(out->data, out->size) && !is_blank(out->pair, out->pair_size);
}
