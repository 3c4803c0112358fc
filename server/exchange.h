/* One request with what libmicrohttpd needs for it; between http.c, which runs the server, and
 * exchange.c, which runs a request. No other file knows that library. */
#ifndef SERVER_EXCHANGE_H
#define SERVER_EXCHANGE_H

#include <microhttpd.h>

#include "server/listen.h"
#include "server/service.h"
#include "server/watch.h"

#define SERVER__SECOND 1000000000u

struct server__http {
    struct MHD_Daemon *daemon;
    server__service *service;
    server__watch *watch;
    server__listener listener;
    const struct server__pair *pair; /* TLS: the one it began with, or NULL */
    atomic_size_t requests;
    bool quiesced;
    int silent; /* the other end of what took the listener's place; 0: nothing did */
};

/* Between handler and waker. */
enum server__progress { SERVER__RUNNING, SERVER__SUSPENDED, SERVER__WOKEN };

typedef struct server__exchange {
    server__request request; /* first: a request is its exchange */
    server__http *http;
    struct MHD_Connection *connection;
    server__peer *peer;
    char *target; /* as sent, for the guard */
    char *body;
    size_t body_capacity;
    bool begun, discard, too_large, queued, constant;
    server__step step; /* what runs next; NULL: the handler */
    atomic_int progress;
    struct MHD_Response *response;
    struct {
        const char *name;
        char value[256];
    } headers[8];
    unsigned header_count;
} server__exchange;

/* What the library calls: the request line, everything after it, the end. */
void *server__exchange_target(void *http, const char *target, struct MHD_Connection *connection);
enum MHD_Result server__exchange_call(void *http, struct MHD_Connection *connection,
                                      const char *path, const char *method, const char *version,
                                      const char *data, size_t *size, void **context);
void server__exchange_completed(void *http, struct MHD_Connection *connection, void **context,
                                enum MHD_RequestTerminationCode code);
/* The connection ends, or has its next request. */
void server__exchange_forget(server__peer *peer);

#endif
