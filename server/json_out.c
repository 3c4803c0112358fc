/* Writing JSON into a growing text. */
#include "server/json_out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number_text.h"
#include "base/utf8.h"

void server__text_reserve(server__text *text, size_t more)
{
    if (text->failed || more <= text->capacity - text->size) return;
    size_t capacity = text->capacity ? text->capacity : 256;
    while (capacity - text->size < more && capacity < SIZE_MAX / 2) capacity *= 2;
    char *data = realloc(text->data, capacity);
    text->failed = !data || capacity - text->size < more;
    if (!data) return;
    text->data = data;
    text->capacity = capacity;
}

void server__text_add(server__text *text, const char *data, size_t size)
{
    server__text_reserve(text, size);
    if (text->failed || !size) return;
    memcpy(text->data + text->size, data, size);
    text->size += size;
}

void server__text_string(server__text *text, const char *string)
{
    server__text_add(text, string, strlen(string));
}

void server__text_printf(server__text *text, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (size >= 0 && (size_t)size < sizeof line)
        server__text_add(text, line, (size_t)size);
    else
        text->failed = true;
}

void server__text_free(server__text *text)
{
    free(text->data);
    memset(text, 0, sizeof *text);
}

/* What stands for a byte in a string, when it may not stand for itself. */
static size_t escape(unsigned char byte, char out[8])
{
    static const char plain[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
    const char *found = byte ? strchr(plain, byte) : NULL;
    if (found) {
        out[0] = '\\';
        out[1] = letters[found - plain];
        return 2;
    }
    return byte < ' ' || byte == 127 ? (size_t)snprintf(out, 8, "\\u%04x", byte) : 0;
}

/* Valid UTF-8 in which only ASCII may need escapes. */
static void add_escaped(server__text *text, const char *data, size_t size)
{
    size_t done = 0;
    char room[8];
    for (size_t i = 0; i < size; i++) {
        size_t special = (signed char)data[i] < 0 ? 0 : escape((unsigned char)data[i], room);
        if (!special) continue;
        server__text_add(text, data + done, i - done);
        server__text_add(text, room, special);
        done = i + 1;
    }
    server__text_add(text, data + done, size - done);
}

void server__json_string(server__text *text, const char *data, size_t size)
{
    const char *end = data + size;
    server__text_reserve(text, size + 2);
    server__text_add(text, "\"", 1);
    while (data < end) {
        size_t good = gte__utf8_invalid(data, (size_t)(end - data));
        add_escaped(text, data, good);
        data += good;
        if (data == end) break;
        unsigned length;
        gte__utf8_decode_lossy((const uint8_t *)data, (const uint8_t *)end, &length);
        server__text_add(text, "\xef\xbf\xbd", 3);
        data += length;
    }
    server__text_add(text, "\"", 1);
}

void server__json_c_string(server__text *text, const char *string)
{
    if (string)
        server__json_string(text, string, strlen(string));
    else
        server__text_string(text, "null");
}

void server__json_float(server__text *text, float value)
{
    char digits[GTE__NUMBER_SIZE];
    server__text_add(text, digits, gte__float_text(value, digits));
}

void server__json_floats(server__text *text, const float *values, size_t n)
{
    server__text_reserve(text, n * (GTE__NUMBER_SIZE + 1) + 2);
    if (text->failed) return;
    char *out = text->data + text->size;
    *out++ = '[';
    for (size_t i = 0; i < n; i++) {
        if (i) *out++ = ',';
        out += gte__float_text(values[i], out);
    }
    *out++ = ']';
    text->size = (size_t)(out - text->data);
}

void server__json_thousandths(server__text *text, uint64_t value)
{
    char digits[GTE__NUMBER_SIZE];
    server__text_add(text, digits, gte__integer_text((int64_t)(value / 1000), digits));
    const char rest[4] = {'.', (char)('0' + value / 100 % 10), (char)('0' + value / 10 % 10),
                          (char)('0' + value % 10)};
    server__text_add(text, rest, sizeof rest);
}

/* Bytes of the floats, lowest first, whatever the machine's order. */
static uint32_t byte_at(const float *values, size_t n, size_t i)
{
    uint32_t bits;
    if (i >= n * 4) return 0;
    memcpy(&bits, values + i / 4, sizeof bits);
    return bits >> (i % 4 * 8) & 255u;
}

void server__json_base64(server__text *text, const float *values, size_t n)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t bytes = n * 4;
    server__text_reserve(text, (bytes + 2) / 3 * 4 + 2);
    if (text->failed) return;
    char *out = text->data + text->size;
    *out++ = '"';
    for (size_t i = 0; i < bytes; i += 3) {
        uint32_t three = byte_at(values, n, i) << 16 | byte_at(values, n, i + 1) << 8 |
                         byte_at(values, n, i + 2);
        for (int shift = 18; shift >= 0; shift -= 6) *out++ = letters[three >> shift & 63u];
    }
    if (bytes % 3) out[-1] = '=';
    if (bytes % 3 == 1) out[-2] = '=';
    *out++ = '"';
    text->size = (size_t)(out - text->data);
}

void server__answer_json(server__request *request, int status, server__text *text)
{
    server__answer_text(request, status, SERVER__JSON_TYPE, text);
}

void server__answer_text(server__request *request, int status, const char *type, server__text *text)
{
    static const char failed[] =
        "{\"error\":{\"code\":\"internal\",\"message\":\"out of memory\"}}";
    if (text->failed) {
        server__text_free(text);
        server__answer_constant(request, 500, SERVER__JSON_TYPE, failed, sizeof failed - 1);
        return;
    }
    server__answer(request, status, type, text->data, text->size);
    memset(text, 0, sizeof *text);
}
