/* What the server counts. Everything is counted here and read here; who counts calls one function
 * where the thing happens. All from any thread. */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "server/http.h"

typedef struct server__metrics server__metrics;

typedef enum server__refusal {
    SERVER__REFUSED_QUEUE,    /* 429: the queue is full */
    SERVER__REFUSED_MEMORY,   /* 429: requests hold too much */
    SERVER__REFUSED_RATE,     /* 429: a rate limit */
    SERVER__REFUSED_KEY,      /* 401 */
    SERVER__REFUSED_DRAINING, /* 503 */
    SERVER__REFUSED_GUARD,    /* 400: not clean HTTP */
    SERVER__REFUSED_DEADLINE, /* 504 */
    SERVER__REFUSED_GONE,     /* the client went away */
    SERVER__REFUSED_TIMEOUT,  /* cut: head, body or reading too slow */
    SERVER__REFUSALS
} server__refusal;

typedef enum server__cache_result {
    SERVER__CACHE_HIT,
    SERVER__CACHE_MISS,
    SERVER__CACHE_RESULTS
} server__cache_result;

server__metrics *server__metrics_create(void);
void server__metrics_free(server__metrics **metrics);

/* The request has been answered and sent, or its client went away. */
void server__metrics_end(server__metrics *metrics, const server__request *request);
void server__metrics_refused(server__metrics *metrics, server__refusal why);
void server__metrics_cache(server__metrics *metrics, server__cache_result result, size_t n);
/* One batch of the encoder. */
void server__metrics_batch(server__metrics *metrics, size_t items, size_t tokens, double seconds);
/* How long a job waited for its batch. */
void server__metrics_queued(server__metrics *metrics, double seconds);
/* Every few milliseconds, from one thread: samples what is a rate, so that a scrape changes
 * nothing. */
void server__metrics_tick(server__metrics *metrics, uint64_t now_ns);

/* metrics_text.c: everything in Prometheus's text format, and the few figures that people look at
 * as JSON. All series are there from the first time on. */
struct server__service;
struct server__text;
void server__metrics_text(const struct server__service *service, struct server__text *out);
void server__metrics_json(const struct server__service *service, struct server__text *out);

#endif
