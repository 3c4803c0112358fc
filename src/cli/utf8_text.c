/* UTF-8 decoding and terminal widths. The tokenizer has its own decoder behind the library; this
 * one serves what is shown and the JSON that is read and written. */
#include "utf8_text.h"

#include <locale.h>
#include <string.h>
#include <wchar.h>

size_t cli__utf8_next(const char *text, size_t size, uint32_t *code)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned char low = 0x80, high = 0xbf;
    size_t length;
    uint32_t value;
    *code = CLI_INVALID;
    if (s[0] < 0x80) {
        *code = s[0];
        return 1;
    }
    if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        length = 2;
        value = s[0] & 0x1fu;
    } else if ((s[0] & 0xf0) == 0xe0) {
        length = 3;
        value = s[0] & 0x0fu;
        if (s[0] == 0xe0) low = 0xa0;  /* overlong */
        if (s[0] == 0xed) high = 0x9f; /* surrogates */
    } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        length = 4;
        value = s[0] & 0x07u;
        if (s[0] == 0xf0) low = 0x90;
        if (s[0] == 0xf4) high = 0x8f; /* past U+10FFFF */
    } else {
        return 1;
    }
    for (size_t i = 1; i < length; i++) {
        if (i == size || s[i] < low || s[i] > high) return i;
        value = value << 6 | (s[i] & 0x3fu);
        low = 0x80;
        high = 0xbf;
    }
    *code = value;
    return length;
}

bool cli__is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

bool cli__utf8_valid(const char *text, size_t size)
{
    uint32_t code;
    for (size_t i = 0; i < size;) {
        i += cli__utf8_next(text + i, size - i, &code);
        if (code == CLI_INVALID) return false;
    }
    return true;
}

size_t cli__utf8_replace(const char *text, size_t size, char *out)
{
    size_t used = 0;
    for (size_t i = 0; i < size;) {
        uint32_t code;
        size_t length = cli__utf8_next(text + i, size - i, &code);
        bool invalid = code == CLI_INVALID;
        size_t written = invalid ? 3 : length;
        memcpy(out + used, invalid ? "\xef\xbf\xbd" : text + i, written);
        used += written;
        i += length;
    }
    return used;
}

/* wcwidth answers for the locale in force. The user's may be "C"; the text is UTF-8 either way. */
static size_t width_of(uint32_t code)
{
    static locale_t utf8;
    if (code < 0x7f || code == CLI_INVALID || cli__is_control(code)) return 1;
    if (!utf8) utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!utf8) return 1;
    locale_t before = uselocale(utf8);
    int width = wcwidth((wchar_t)code);
    uselocale(before);
    return width > 0 ? (size_t)width : 0;
}

size_t cli__columns(const char *text, size_t size)
{
    size_t columns = 0;
    uint32_t code;
    for (size_t i = 0; i < size;) {
        i += cli__utf8_next(text + i, size - i, &code);
        columns += width_of(code);
    }
    return columns;
}

size_t cli__fitting(const char *text, size_t size, size_t columns)
{
    size_t i = 0, used = 0;
    while (i < size) {
        uint32_t code;
        size_t length = cli__utf8_next(text + i, size - i, &code);
        used += width_of(code);
        if (used > columns) break;
        i += length;
    }
    return i;
}
