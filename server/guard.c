/* The rules of RFC 9112 section 6 on the length of a body, and bounds on the head. */
#include "server/guard.h"

#include <string.h>
#include <strings.h>

static bool is(const char *name, size_t size, const char *wanted)
{
    return size == strlen(wanted) && strncasecmp(name, wanted, size) == 0;
}

static bool all_digits(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] < '0' || text[i] > '9') return false;
    return size > 0 && size <= 18;
}

/* Characters of a header's name: RFC 9110's token. */
static bool is_token(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= ' ' || c >= 127 || strchr("\"(),/:;<=>?@[\\]{}", c)) return false;
    }
    return size > 0;
}

static bool has_control(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < ' ' && c != '\t') || c == 127) return true;
    }
    return false;
}

void server__guard_header(server__guard *guard, const char *name, size_t name_size,
                          const char *value, size_t value_size)
{
    guard->headers++;
    guard->bad_byte |= !is_token(name, name_size) || has_control(value, value_size);
    if (is(name, name_size, "Content-Length")) {
        guard->lengths++;
        guard->bad_length |= !all_digits(value, value_size);
    } else if (is(name, name_size, "Transfer-Encoding")) {
        guard->encodings++;
        guard->bad_encoding |= !is(value, value_size, "chunked");
    } else if (is(name, name_size, "Host")) {
        guard->hosts++;
    }
}

unsigned server__guard_arguments(const char *target)
{
    const char *at = strchr(target, '?');
    unsigned count = 0;
    for (; at; at = strchr(at + 1, '&')) count++;
    return count;
}

const char *server__guard_verdict(const server__guard *guard, const char *version,
                                  const char *target, int *status)
{
    bool one_one = strcmp(version, "HTTP/1.1") == 0;
    *status = 400;
    if (guard->lengths > 1) return "more than one Content-Length";
    if (guard->bad_length) return "Content-Length is not a number";
    if (guard->encodings > 1) return "more than one Transfer-Encoding";
    if (guard->encodings && guard->lengths) return "both Content-Length and Transfer-Encoding";
    if (guard->encodings && !one_one) return "Transfer-Encoding needs HTTP/1.1";
    if (guard->hosts > 1 || (one_one && guard->hosts != 1)) return "there must be one Host";
    if (guard->bad_byte) return "a header has a character that it must not have";
    if (has_control(target, strlen(target)) || strstr(target, "%00"))
        return "the target has a control character";
    *status = 501;
    if (guard->bad_encoding) return "Transfer-Encoding other than chunked";
    *status = 505;
    if (!one_one && strcmp(version, "HTTP/1.0") != 0) return "HTTP/1.1 and HTTP/1.0 only";
    *status = 414;
    if (server__guard_arguments(target) > SERVER__MOST_ARGUMENTS) return "too many arguments";
    *status = 431;
    if (guard->headers > SERVER__MOST_HEADERS) return "too many headers";
    return NULL;
}
