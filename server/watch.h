/* Open connections, and the clock that cuts the slow ones: libmicrohttpd's own timeout counts from
 * the last byte, so that a client who sends one byte a second would stay for ever. */
#ifndef SERVER_WATCH_H
#define SERVER_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/http.h"

/* One connection. `deadline_ns` is set by the connection's thread at each step of a request. */
typedef struct server__peer {
    int fd;
    char address[SERVER__ADDRESS_SIZE];
    _Atomic uint64_t deadline_ns;
    atomic_bool idle;     /* between requests */
    atomic_bool seen_off; /* it had left when last looked at, and there was no request since */
    atomic_bool cut;
    struct server__exchange *begun; /* whose line is here, and whose handler was not called yet */
    struct server__peer *before, *after;
} server__peer;

typedef struct server__watch server__watch;

/* `tick` is called every SERVER__TICK_MS from the watch's thread; it must not block. `cut` counts
 * a connection that was ended for being slow. */
#define SERVER__TICK_MS 50
typedef struct server__watch_calls {
    void (*tick)(void *arg, uint64_t now_ns);
    void (*cut)(void *arg);
    void *arg;
} server__watch_calls;

server__watch *server__watch_start(const server__watch_calls *calls);
void server__watch_stop(server__watch **watch);

/* A connection begins; NULL without memory. It must be removed before its descriptor is closed. */
server__peer *server__watch_add(server__watch *watch, int fd, uint64_t deadline_ns);
void server__watch_remove(server__watch *watch, server__peer *peer);
size_t server__watch_count(server__watch *watch);

#endif
