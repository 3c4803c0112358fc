/* The parts of a running server in one place: what handlers reach through request->service. */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H

#include <stdatomic.h>
#include <time.h>

#include "gte_cache.h"
#include "server/admit.h"
#include "server/http.h"
#include "server/label_sets.h"
#include "server/limits.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/models.h"
#include "server/settings.h"

typedef struct server__service {
    server__settings settings; /* as they were at the start */
    server__limits limits;     /* those of them that SIGHUP changes */
    server__models models;
    struct timespec started; /* wall clock */
    uint64_t started_ns;
    gte_cache *cache; /* of vectors and answers; NULL: --cache off */
    server__admit *admit;
    server__labels *labels;
    server__metrics *metrics;
    server__log *log;
    server__http *http;
    atomic_size_t held;   /* bytes, hold.h's */
    atomic_bool ready;    /* warmed up */
    atomic_bool draining; /* SIGTERM came */
} server__service;

/* What main() runs: loads, serves until SIGTERM or SIGINT, drains. The process's exit code. */
int server__run(const server__settings *settings);

#endif
