/* The server's guard over the head of a request: any bytes as request line and headers.
 *
 * The first line is the target and the version, each further line a header, which is what
 * libmicrohttpd hands to the guard. What the guard lets pass must be what it promises: one length
 * at most, of digits, and no coding but "chunked". */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next line of [*at, end), without its end; a NUL-terminated copy. */
static char *next_line(const uint8_t **at, const uint8_t *end, size_t *size)
{
    const uint8_t *stop = memchr(*at, '\n', (size_t)(end - *at));
    *size = (size_t)((stop ? stop : end) - *at);
    char *line = malloc(*size + 1);
    assert(line);
    memcpy(line, *at, *size);
    line[*size] = '\0';
    *at = stop ? stop + 1 : end;
    return line;
}

static void check_passed(const char *name, size_t name_size, const char *value, size_t value_size,
                         unsigned *lengths)
{
    assert(name_size > 0);
    for (size_t i = 0; i < name_size; i++) assert(name[i] > ' ' && name[i] != ':');
    for (size_t i = 0; i < value_size; i++) assert(value[i] != '\r' && value[i] != '\0');
    if (name_size == 14 && strncasecmp(name, "Content-Length", 14) == 0) {
        assert(++*lengths == 1 && value_size > 0);
        for (size_t i = 0; i < value_size; i++) assert(value[i] >= '0' && value[i] <= '9');
    }
    if (name_size == 17 && strncasecmp(name, "Transfer-Encoding", 17) == 0)
        assert(value_size == 7 && strncasecmp(value, "chunked", 7) == 0);
}

/* Every header line to the guard, or, where `guard` is NULL, to the check of what has passed. */
static void each_header(const uint8_t *at, const uint8_t *end, server__guard *guard)
{
    unsigned lengths = 0;
    while (at < end) {
        size_t size;
        char *line = next_line(&at, end, &size);
        const char *colon = memchr(line, ':', size);
        const size_t name = colon ? (size_t)(colon - line) : size;
        const char *value = colon ? colon + 1 : line + size;
        const size_t value_size = (size_t)(line + size - value);
        if (guard)
            server__guard_header(guard, line, name, value, value_size);
        else
            check_passed(line, name, value, value_size, &lengths);
        free(line);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *at = data, *end = data + size;
    size_t line_size;
    server__guard guard = {0};
    int status = 0;
    char *line = next_line(&at, end, &line_size);
    char *space = strchr(line, ' ');
    const char *version = space ? space + 1 : "HTTP/1.1";
    if (space) *space = '\0';
    each_header(at, end, &guard);
    if (server__guard_verdict(&guard, version, line, &status))
        assert(status == 400 || status == 414 || status == 431 || status == 501 || status == 505);
    else
        each_header(at, end, NULL);
    free(line);
    return 0;
}
