/* UTF-8: validation, decoding of valid and of damaged text, encoding. Not what characters mean,
 * but for whether a text is Chinese. */
#ifndef GTE_BASE_UTF8_H
#define GTE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GTE__REPLACEMENT 0xfffdu

/* The offset of the first byte that is not part of a well-formed sequence (for a sequence cut
 * short: of its first byte), or `size` when the text is valid. Surrogates and overlong forms are
 * invalid. */
size_t gte__utf8_invalid(const char *text, size_t size);

/* Whether a text is mostly Chinese, as far as its letters tell; of any bytes. */
bool gte__utf8_is_chinese(const char *text, size_t size);

/* Decodes the code point at p < end of any bytes; *length is what it takes. An invalid sequence is
 * U+FFFD and takes its maximal well-formed beginning, at least 1 byte: as Unicode recommends and
 * Rust's String::from_utf8_lossy does. */
uint32_t gte__utf8_decode_lossy(const uint8_t *p, const uint8_t *end, unsigned *length);

/* The same for text that is known to be valid. */
static inline uint32_t gte__utf8_decode(const uint8_t *p, unsigned *length)
{
    uint32_t c = p[0];
    if (c < 0x80) {
        *length = 1;
        return c;
    }
    if (c < 0xe0) {
        *length = 2;
        return (c & 0x1f) << 6 | (p[1] & 0x3fu);
    }
    if (c < 0xf0) {
        *length = 3;
        return (c & 0x0f) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    }
    *length = 4;
    return (c & 0x07) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
}

/* Writes the 1 to 4 bytes of a code point; returns how many. */
static inline unsigned gte__utf8_encode(uint32_t cp, uint8_t out[4])
{
    if (cp < 0x80) {
        out[0] = (uint8_t)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (uint8_t)(0xc0 | cp >> 6);
        out[1] = (uint8_t)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (uint8_t)(0xe0 | cp >> 12);
        out[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | cp >> 18);
    out[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (cp & 0x3f));
    return 4;
}

#endif
