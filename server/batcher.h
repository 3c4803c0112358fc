/* The queue of texts that wait for the encoder, and the threads that embed them or ask a head.
 *
 * No timer: a batch is what came together while the last one ran, up to a budget of tokens. Texts
 * are tokens here; who makes them from text, asks the cache and answers the client is embed.h.
 * Equal inputs in the queue or on the encoder are computed once. The queue is bounded in items and
 * in tokens; what does not fit is refused at once, whole jobs only. */
#ifndef SERVER_BATCHER_H
#define SERVER_BATCHER_H

#include <stdbool.h>

#include "gte.h"

typedef struct server__batcher server__batcher;
typedef struct server__job server__job;

/* What may differ from job to job; inputs of equal options share a batch, as predictions of one
 * head do. */
typedef struct server__vector_options {
    int dims; /* 1 .. the model's hidden size */
    gte_pooling pooling;
    int no_normalize;
} server__vector_options;

/* One input of a job. */
typedef struct server__item {
    const gte_token *tokens; /* copied by submit; template tokens included */
    size_t count;
    float *out; /* [dims]; written before `done` */
    /* Or, instead of all these, a head's. The caller's, one holder; before `done` an equal one may
     * take its place. */
    struct server__prediction *prediction;

    struct server__entry *entry;       /* the batcher's */
    struct server__item *next, **link; /* of those that wait for the entry; what points here */
    server__job *job;
} server__item;

typedef enum server__job_end {
    SERVER__JOB_DONE,
    SERVER__JOB_DEADLINE, /* its deadline came first */
    SERVER__JOB_GONE,     /* `gone` said so */
    SERVER__JOB_FAILED    /* the encoder failed or gave a vector that is not finite */
} server__job_end;

/* The caller's memory, with the items, until `done` is called. */
struct server__job {
    server__item *items;
    size_t count;
    server__vector_options options;
    uint64_t deadline_ns;
    /* Called once, on some thread of the batcher; must be quick, may free the job, must not submit.
     * Outside of the batcher's lock. */
    void (*done)(server__job *job, server__job_end end);
    bool (*gone)(const server__job *job); /* may be NULL; must not block */
    void *arg;

    uint64_t submitted_ns, started_ns; /* set by the batcher: queueing is their difference */
    size_t left;                       /* these are the batcher's */
    bool failed;
    server__job *before, *after;
};

typedef enum server__submit {
    SERVER__SUBMITTED,
    SERVER__QUEUE_FULL,
    SERVER__QUEUE_CLOSED, /* draining */
    SERVER__NO_MEMORY
} server__submit;

typedef struct server__batcher_options {
    int workers;               /* contexts that run side by side, at least 1 */
    int threads;               /* of each context; 0: the library's choice */
    int batch_tokens;          /* 0: the library's choice */
    size_t queue_items;        /* at most so many inputs wait */
    size_t queue_tokens;       /* and so many tokens */
    struct server__gate *gate; /* entered for each batch; NULL: none */
    int queue_seconds;         /* and as many as take so long at the late speed; 0: no such bound */
    /* Told of every batch; may be NULL. */
    void (*on_batch)(void *arg, size_t items, size_t tokens, double seconds);
    void *arg;
} server__batcher_options;

typedef struct server__batcher_state {
    size_t queued_items, queued_tokens, running_items;
    uint64_t batches, items, tokens; /* finished, since the start */
    uint64_t shared;                 /* inputs that an equal one in flight answered */
    double tokens_per_second;        /* of late; 0 before the first batch */
} server__batcher_state;

/* On failure NULL, *err filled. The model outlives the batcher. */
server__batcher *server__batcher_start(const gte_model *model,
                                       const server__batcher_options *options, gte_error *err);
/* Other bounds of the queue from now on; what waits stays. */
void server__batcher_limit(server__batcher *batcher, size_t queue_items, size_t queue_tokens,
                           int queue_seconds);
/* What multiplies matrices: gte_context_info.backend. */
const char *server__batcher_backend(const server__batcher *batcher);
server__submit server__batcher_submit(server__batcher *batcher, server__job *job);
/* True when `items` more inputs would be refused: asked before the work of tokenizing. */
bool server__batcher_full(server__batcher *batcher, size_t items);
/* Seconds after which it is worth to come back, 1 .. 60, from the queue and the late speed. */
unsigned server__batcher_retry_after(server__batcher *batcher);
void server__batcher_describe(server__batcher *batcher, server__batcher_state *out);
/* Ends jobs whose deadline has passed or whose client has gone. Called every few milliseconds. */
void server__batcher_sweep(server__batcher *batcher, uint64_t now_ns);
/* Refuses new jobs from now on and ends the accepted ones: computed, or with `abandon` told
 * SERVER__JOB_DEADLINE. On return the encoder's threads have ended. */
void server__batcher_close(server__batcher *batcher, bool abandon);
/* Closes what is not closed yet, and frees. Nobody may use it any more. */
void server__batcher_free(server__batcher **batcher);

#endif
