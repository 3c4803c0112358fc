/* Validation and lossy decoding of UTF-8, over one table-free reading of the Unicode standard's
 * table 3-7 (well-formed byte sequences). */
#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

static bool continues(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* The sequence at p < end: whether it is well-formed, and in *length its bytes, or when it is not,
 * the bytes of the longest beginning of a well-formed sequence (at least 1). */
static bool sequence(const uint8_t *p, const uint8_t *end, unsigned *length)
{
    uint8_t lead = p[0];
    *length = 1;
    if (lead < 0x80) return true;
    if (lead < 0xc2 || lead > 0xf4) return false;
    unsigned want = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    /* only the second byte's range depends on the lead: no overlong form, surrogate or > 10FFFF */
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (end - p < 2 || p[1] < low || p[1] > high) return false;
    for (*length = 2; *length < want; ++*length)
        if (end - p <= (ptrdiff_t)*length || !continues(p[*length])) return false;
    return true;
}

size_t gte__utf8_invalid(const char *text, size_t size)
{
    const uint8_t *start = (const uint8_t *)text;
    const uint8_t *end = start + size;
    const uint8_t *p = start;
    while (p < end) {
        uint64_t block[2];
        while (end - p >= (ptrdiff_t)sizeof block) {
            memcpy(block, p, sizeof block);
            if ((block[0] | block[1]) & UINT64_C(0x8080808080808080)) break;
            p += sizeof block;
        }
        while (p < end && *p < 0x80) p++;
        /* CJK, kana, most of Indic: three bytes of which the second is free */
        while (end - p >= 3 && p[0] >= 0xe1 && p[0] <= 0xec && continues(p[1]) && continues(p[2]))
            p += 3;
        unsigned length;
        if (p == end) break;
        if (!sequence(p, end, &length)) return (size_t)(p - start);
        p += length;
    }
    return size;
}

uint32_t gte__utf8_decode_lossy(const uint8_t *p, const uint8_t *end, unsigned *length)
{
    if (!sequence(p, end, length)) return GTE__REPLACEMENT;
    return gte__utf8_decode(p, length);
}

bool gte__utf8_is_chinese(const char *text, size_t size)
{
    size_t wide = 0, letters = 0;
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        wide += c >= 0xE3 && c <= 0xE9; /* lead bytes of U+3000 .. U+9FFF */
        letters += (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    }
    return 3 * wide > letters; /* a word of English has some four to five letters */
}
