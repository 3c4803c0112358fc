/* The cache's keys of vectors. */
#ifndef SERVER_EMBED_KEY_H
#define SERVER_EMBED_KEY_H

#include "server/embed.h"
#include "gte_cache.h"
#include "server/models.h"

/* Of input `index`. Vectors of texts have the same keys as the command's, so that they share files;
 * those of ids have keys of their own. The options have been chosen: dims and pooling are not 0. */
void server__embed_key(const server__model *model, const server__embedding *embedding, size_t index,
                       gte_cache_key *out);

#endif
