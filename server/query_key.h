/* What the library's answer to a request depends on, as a key: of kept results, and to know equal
 * requests in flight. */
#ifndef SERVER_QUERY_KEY_H
#define SERVER_QUERY_KEY_H

#include "gte_cache.h"
#include "server/models.h"

/* `form`: what is kept under the key, so that answers in two forms have two. False: out of
 * memory. */
bool server__query_key(const server__choice *choice, const gte_request *query, const char *form,
                       gte_cache_key *key);

#endif
