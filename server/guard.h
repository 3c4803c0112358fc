/* The connection guard: refuses requests on whose end two servers could disagree (request
 * smuggling), which Debian's libmicrohttpd takes. A pure function over the head of a request.
 *
 * It sees what the parser leaves: folded headers, bare line feeds and NUL bytes are gone by then;
 * a proxy in front must refuse those. */
#ifndef SERVER_GUARD_H
#define SERVER_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#define SERVER__MOST_HEADERS 100
#define SERVER__MOST_ARGUMENTS 100 /* of the query */

typedef struct server__guard {
    unsigned headers, lengths, encodings, hosts;
    bool bad_length, bad_encoding, bad_byte;
} server__guard;

/* Begins with a zeroed struct; once per header. */
void server__guard_header(server__guard *guard, const char *name, size_t name_size,
                          const char *value, size_t value_size);
/* After the last one: NULL, or why the request is refused, with its status (400, 414, 431, 501,
 * 505). `target` is the request's target as sent. */
const char *server__guard_verdict(const server__guard *guard, const char *version,
                                  const char *target, int *status);
/* How many arguments the query of a target has. */
unsigned server__guard_arguments(const char *target);

#endif
