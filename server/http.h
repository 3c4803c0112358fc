/* The seam to HTTP: what a route's handler sees of a request, and how it answers.
 *
 * http.c is the only file that knows libmicrohttpd. It reads the whole body, refuses what is not
 * clean HTTP (guard.h), asks admit.h whether the client may, and calls the route's handler on the
 * connection's thread. The handler either answers there and then, or arranges for work elsewhere:
 *
 *     static void finish(server__request *r) { ... server__answer(r, 200, ...); }
 *     static void handle(server__request *r)
 *     {
 *         server__wait(r, finish);      // first, so that a wake can not come too early
 *         start(work, r);               // whose end calls server__wake(r), on any thread
 *     }
 *
 * `finish` then runs on the connection's thread. Answering there, not where the work was done,
 * keeps JSON off the threads of the encoder. Handlers must not block and must come to exactly one
 * answer; a request stays valid until it is answered, also when its client has gone. */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVER__ID_SIZE 65
#define SERVER__ADDRESS_SIZE 48

struct server__route;
struct server__service;
typedef struct server__http server__http;
typedef struct server__request server__request;
typedef void (*server__step)(server__request *request);

struct server__request {
    const char *method; /* "GET" */
    const char *path;   /* percent-decoded, without the query */
    const char *body;   /* the whole body, a NUL after it; "" when there is none */
    size_t body_size;
    char id[SERVER__ID_SIZE];          /* X-Request-Id when it was a sane one, else made here */
    char remote[SERVER__ADDRESS_SIZE]; /* the peer's address without port; "unix" */
    uint64_t start_ns, deadline_ns;    /* monotonic, server__now() */
    const struct server__route *route;
    struct server__service *service;
    const struct server__choice *choice; /* what answers: choose.h's */

    /* The handler's own, released with free_state once the request is answered, or has ended some
     * other way; so is the body. */
    void *state;
    void (*free_state)(void *state);
    void *waiting; /* ticket.c's, while it waits */

    /* For the log and the metrics; the handler fills what it knows. `status` is the answer's. */
    int status;
    const char *task; /* a constant string, as "embedding" or "ner" */
    size_t items, tokens, cached, truncated;
    size_t answer_size;
    size_t held; /* hold.h's */
};

/* Monotonic nanoseconds. */
uint64_t server__now(void);

/* A header of the request, without regard to case, or a parameter of its query (decoded; "" for
 * one without a value); NULL when absent. They live as long as the request. */
const char *server__header(const server__request *request, const char *name);
const char *server__query(const server__request *request, const char *name);

/* Adds a header to the answer to come. Value: no control characters. */
void server__answer_header(server__request *request, const char *name, const char *value);

/* The answer. `body` was allocated with malloc and is taken over. `type` is a constant string;
 * SERVER__JSON_TYPE for most. A NULL body with a size of 0 is an empty one. */
#define SERVER__JSON_TYPE "application/json"
void server__answer(server__request *request, int status, const char *type, char *body,
                    size_t size);
/* The same with a body that outlives the server: not copied, not freed. */
void server__answer_constant(server__request *request, int status, const char *type,
                             const char *body, size_t size);

/* The handler will not answer now: `step` runs on the connection's thread after server__wake. */
void server__wait(server__request *request, server__step step);
/* Once for each server__wait; from any thread; the request must not be touched afterwards. */
void server__wake(server__request *request);

/* True when the client has closed its connection: its work need not be done. Any thread, until the
 * request is woken. */
bool server__gone(const server__request *request);

/* ---- the server as a whole ------------------------------------------------------------------ */

/* Listens and serves, as the settings of the service say; service->http is set before the first
 * request can come. On failure false, and a line in `message`. */
bool server__http_start(struct server__service *service, char *message, size_t size);
/* The port that is listened on, 0 for a Unix socket. */
int server__http_port(const server__http *http);
/* "http://127.0.0.1:5000", as people type it. */
const char *server__http_address(const server__http *http);
/* Takes no more connections; those that are open go on. */
void server__http_quiesce(server__http *http);
/* Connections open, and requests begun but not yet sent off. Exact only while nothing comes in. */
size_t server__http_connections(const server__http *http);
size_t server__http_requests(const server__http *http);
/* Closes what is left. No request may be waiting. */
void server__http_stop(server__http **http);

#endif
