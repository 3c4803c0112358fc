/* JSON strings and arrays, written without a tree. */
#include "json_text.h"

#include <string.h>

#include "utf8_text.h"

static void escape(cli_sink *sink, unsigned char c)
{
    static const char letters[] = "\b\f\n\r\t";
    static const char names[] = "bfnrt";
    const char *at = c ? strchr(letters, c) : NULL;
    char text[8] = {'\\', (char)c};
    if (c == '"' || c == '\\') {
        cli__sink_write(sink, text, 2);
    } else if (at) {
        text[1] = names[at - letters];
        cli__sink_write(sink, text, 2);
    } else {
        cli__sink_printf(sink, "\\u%04x", c);
    }
}

void cli__json_string(cli_sink *sink, const char *text, size_t size)
{
    size_t start = 0, i = 0; /* text[start..i) needs no change */
    cli__sink_write(sink, "\"", 1);
    while (i < size) {
        uint32_t code;
        size_t length = cli__utf8_next(text + i, size - i, &code);
        if (code != CLI_INVALID && code >= 0x20 && code != '"' && code != '\\') {
            i += length;
            continue;
        }
        cli__sink_write(sink, text + start, i - start);
        if (code == CLI_INVALID)
            cli__sink_string(sink, "\xef\xbf\xbd");
        else
            escape(sink, (unsigned char)code);
        start = i += length;
    }
    cli__sink_write(sink, text + start, i - start);
    cli__sink_write(sink, "\"", 1);
}

void cli__json_c_string(cli_sink *sink, const char *text)
{
    if (text)
        cli__json_string(sink, text, strlen(text));
    else
        cli__sink_string(sink, "null");
}

void cli__json_floats(cli_sink *sink, const float *values, size_t n)
{
    cli__sink_write(sink, "[", 1);
    for (size_t i = 0; i < n; i++) {
        if (i) cli__sink_write(sink, ",", 1);
        cli__sink_float(sink, values[i], true);
    }
    cli__sink_write(sink, "]", 1);
}
