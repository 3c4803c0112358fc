/* The parts of a running server in one place: what handlers reach through request->service. */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H

#include <stdatomic.h>
#include <time.h>

#include "gte_cache.h"
#include "server/admit.h"
#include "server/batcher.h"
#include "server/http.h"
#include "server/label_sets.h"
#include "server/limits.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/settings.h"

typedef struct server__service {
    server__settings settings; /* as they were at the start */
    server__limits limits;     /* those of them that SIGHUP changes */
    gte_model *model;
    gte_model_info info;
    char model_name[256];  /* as clients know it: the setting name, else the model's own, else the
                             file's */
    gte_token first, last; /* the template's special tokens around one text */
    double load_seconds;
    struct timespec started; /* wall clock */
    uint64_t started_ns;
    server__batcher *batcher;
    gte_cache *cache;     /* of vectors and answers; NULL: --cache off */
    char computed_by[64]; /* what changes the last bits of a vector: for the cache's keys */
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
