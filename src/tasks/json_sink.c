/* JSON (RFC 8259) into a buffer. */
#include "tasks/json_sink.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/number_text.h"
#include "base/utf8.h"

static void put(gte__json_sink *sink, const char *text, size_t size)
{
    if (sink->size < sink->capacity) {
        const size_t room = sink->capacity - sink->size;
        memcpy(sink->out + sink->size, text, size < room ? size : room);
    }
    sink->size += size;
}

void gte__json_put(gte__json_sink *sink, const char *text)
{
    put(sink, text, strlen(text));
}

static void put_escape(gte__json_sink *sink, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";
    static const char short_form[] = "\"\"\\\\\nn\rr\tt";
    for (const char *p = short_form; *p; p += 2)
        if ((uint8_t)*p == c) {
            put(sink, (const char[]){'\\', p[1]}, 2);
            return;
        }
    put(sink, (const char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
}

void gte__json_string(gte__json_sink *sink, const char *text, size_t size)
{
    const uint8_t *p = (const uint8_t *)text, *end = p + size;
    put(sink, "\"", 1);
    while (p < end) {
        const uint8_t *plain = p;
        while (p < end && *p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\') p++;
        if (p > plain) {
            put(sink, (const char *)plain, (size_t)(p - plain));
        } else if (*p < 0x80) {
            put_escape(sink, *p++);
        } else {
            uint8_t code[4];
            unsigned length;
            const uint32_t point = gte__utf8_decode_lossy(p, end, &length);
            put(sink, (const char *)code, gte__utf8_encode(point, code));
            p += length;
        }
    }
    put(sink, "\"", 1);
}

void gte__json_float(gte__json_sink *sink, float value)
{
    char text[GTE__NUMBER_SIZE];
    if (isfinite(value))
        put(sink, text, gte__float_text(value, text));
    else
        put(sink, "null", 4);
}

void gte__json_integer(gte__json_sink *sink, size_t value)
{
    char text[GTE__NUMBER_SIZE];
    put(sink, text, gte__integer_text((int64_t)value, text));
}
