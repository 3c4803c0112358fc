/* What a head is asked, and what it says: with copies of all that was asked, since equal requests
 * in flight share one and the first to ask may be the first to leave. Holders are counted; whoever
 * got one may read the result from any thread, once the job that it was in is done. */
#ifndef SERVER_PREDICTION_H
#define SERVER_PREDICTION_H

#include <stdatomic.h>

#include "gte_cache.h"
#include "gte_task.h"

typedef struct server__prediction {
    atomic_size_t holders;
    atomic_bool unwanted; /* nobody waits any more: what can be stopped is */
    const gte_head *head;
    gte_cache_key key; /* equal ones are answered once */
    gte_request request;
    size_t tokens;      /* about as many will go through the encoder */
    gte_result *result; /* filled when err.status is GTE_OK */
    gte_error err;
} server__prediction;

/* About how many tokens texts of so many bytes have: a Chinese character is one and three bytes, an
 * English word one or two and some five. */
size_t server__tokens_about(const gte_text *text);

/* NULL: out of memory. */
server__prediction *server__prediction_create(const gte_head *head, const gte_request *request,
                                              const gte_cache_key *key);
server__prediction *server__prediction_hold(server__prediction *prediction);
/* Lets go, and sets to NULL; NULL is allowed. */
void server__prediction_drop(server__prediction **prediction);

#endif
