/* The table of routes. Each family of the API has one file with a table of its own (route_*.c);
 * routes.c joins them. A new route is a row there. */
#ifndef SERVER_ROUTES_H
#define SERVER_ROUTES_H

#include "server/errors.h"
#include "server/http.h"

enum server__route_flags {
    SERVER__OPEN = 1,  /* needs no API key, is not counted against rate limits, answers while
                          draining: liveness and the like */
    SERVER__QUIET = 2, /* not in the access log at the usual level */
};

typedef struct server__route {
    const char *method; /* "GET" also serves HEAD */
    const char *path;   /* exact */
    server__step handle;
    server__shape shape; /* how this family writes errors */
    unsigned flags;      /* server__route_flags */
    size_t body_limit;   /* bytes; 0: the setting max-body */
} server__route;

/* The families; each ends with a row whose path is NULL. */
extern const server__route server__health_routes[];  /* /live /ready /health: health.c */
extern const server__route server__openai_routes[];  /* /v1/...: route_openai.c */
extern const server__route server__tei_routes[];     /* /embed ...: route_tei.c */
extern const server__route server__rank_routes[];    /* /similarity /rerank: route_rank.c */
extern const server__route server__page_routes[];    /* / /static/ /openapi.json */
extern const server__route server__metrics_routes[]; /* /metrics: route_metrics.c */
extern const server__route server__predict_routes[]; /* /predict: route_predict.c */
extern const server__route server__token_routes[];   /* /tokenize /decode: route_tokens.c */

/* The route, or NULL with *status 404 or 405 and, for 405, the methods that are in `allow`. */
const server__route *server__route_find(const char *method, const char *path, int *status,
                                        char *allow, size_t allow_size);
/* The i-th route of all, in order of the tables; NULL past the end. For metrics and tests. */
const server__route *server__route_at(size_t i);
/* Its number, for tables by route; server__route_count() is that of "no route". */
size_t server__route_number(const server__route *route);
size_t server__route_count(void);
/* "/v1/embeddings", or "other" for NULL: a bounded label. */
const char *server__route_label(const server__route *route);

#endif
