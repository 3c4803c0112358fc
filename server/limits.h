/* The limits that SIGHUP changes while requests run: each an atomic of its own. A request in which
 * two of them meet may see one old and one new, as if it had come a moment earlier. All other
 * settings stay as they were at the start. */
#ifndef SERVER_LIMITS_H
#define SERVER_LIMITS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "server/settings.h"

/* Fields of server__settings, under the same names. */
#define SERVER__LIMITS(FIELD)                                                                      \
    FIELD(requests_memory)                                                                         \
    FIELD(max_body)                                                                                \
    FIELD(max_items)                                                                               \
    FIELD(max_tokens)                                                                              \
    FIELD(queue_items)                                                                             \
    FIELD(queue_tokens)                                                                            \
    FIELD(queue_seconds)                                                                           \
    FIELD(header_timeout)                                                                          \
    FIELD(body_timeout)                                                                            \
    FIELD(idle_timeout)                                                                            \
    FIELD(send_timeout)                                                                            \
    FIELD(request_timeout)                                                                         \
    FIELD(drain_timeout)                                                                           \
    FIELD(rate)                                                                                    \
    FIELD(rate_burst)                                                                              \
    FIELD(truncate)                                                                                \
    FIELD(auto_truncate)

typedef struct server__limits {
#define SERVER__LIMIT_FIELD(name) atomic_int name;
    SERVER__LIMITS(SERVER__LIMIT_FIELD)
#undef SERVER__LIMIT_FIELD
} server__limits;

void server__limits_set(server__limits *limits, const server__settings *settings);
/* The limit that a setting's field became, or NULL: `offset` as in server__setting. */
const atomic_int *server__limit_at(const server__limits *limits, size_t offset);

#endif
