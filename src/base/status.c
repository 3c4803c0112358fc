/* Status names and messages, and the one function that fills a gte_error. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

const char *gte_status_name(gte_status status)
{
    switch (status) {
#define CASE(name, number, text)                                                                   \
    case GTE_##name:                                                                               \
        return "GTE_" #name;
        GTE_STATUS_MAP(CASE)
#undef CASE
    }
    return "GTE_E_UNKNOWN";
}

const char *gte_status_message(gte_status status)
{
    switch (status) {
#define CASE(name, number, text)                                                                   \
    case GTE_##name:                                                                               \
        return text;
        GTE_STATUS_MAP(CASE)
#undef CASE
    }
    return "unknown status";
}

/* A message cut at its end may stop inside a UTF-8 sequence: drops what is left of it. */
static void trim_cut_character(char *text, size_t size)
{
    size_t lead = size;
    while (lead > 0 && size - lead < 3 && ((unsigned char)text[lead - 1] & 0xc0) == 0x80) lead--;
    if (lead == 0) return;
    unsigned char c = (unsigned char)text[lead - 1];
    size_t whole = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    if (size - (lead - 1) < whole) text[lead - 1] = '\0';
}

gte_status gte__fail(gte_error *err, gte_status status, uint64_t offset, const char *format, ...)
{
    if (!err) return status;
    err->status = status;
    err->offset = offset;
    err->index = 0;
    err->part = 0;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    if (n < 0) err->message[0] = '\0';
    if (n >= (int)sizeof err->message) trim_cut_character(err->message, sizeof err->message - 1);
    for (char *p = err->message; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = '?';
    return status;
}

gte_status gte__ok(gte_error *err)
{
    if (err) {
        err->status = GTE_OK;
        err->offset = 0;
        err->index = 0;
        err->part = 0;
        err->message[0] = '\0';
    }
    return GTE_OK;
}
