/* The batcher's inside, shared by batcher.c (jobs) and batcher_worker.c (batches). */
#ifndef SERVER_BATCHER_OWN_H
#define SERVER_BATCHER_OWN_H

#include <pthread.h>

#include "gte_task.h"
#include "server/batcher.h"
#include "server/flight.h"

typedef struct server__worker {
    server__batcher *batcher;
    gte_context *context;
    pthread_t thread;
    size_t budget;         /* tokens of a batch */
    server__entry **batch; /* [budget] */
    gte_token *tokens;     /* [budget] */
    size_t *starts;        /* [budget + 1] */
    float *vectors;        /* [budget, hidden] */
    gte_request *requests; /* these three for predictions, [budget] */
    gte_result **results;
    struct server__prediction **predictions;
} server__worker;

struct server__batcher {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    server__batcher_options options;
    size_t hidden;
    const char *backend;
    server__flight flight;
    server__job jobs; /* the ring's head: accepted, not ended */
    server__worker *workers;
    int started;
    bool closed;
    uint64_t sweeps;
    server__batcher_state state;
};

/* batcher_predict.c: asks the head for the first n of worker->batch, each of which has then either
 * its result or its error. */
void server__worker_predict(server__worker *worker, size_t n);

/* With the lock held: takes the job from the ring and puts it on a list of those to be told. */
void server__job_end_one(server__job *job, server__job **ended);
/* Without it: calls `done` of each. */
void server__job_tell(server__job *ended, server__job_end end);

/* On failure server__worker_free is still to be called. */
gte_status server__worker_start(server__batcher *batcher, server__worker *worker,
                                const gte_model *model, gte_error *err);
/* After its thread has ended. */
void server__worker_free(server__worker *worker);

#endif
