/* Vectors from a cache file where it has them, from the model where not: `gte embed --cache`. */
#ifndef GTE_CLI_CACHED_VECTORS_H
#define GTE_CLI_CACHED_VECTORS_H

#include "gte_cache.h"
#include "session.h"

typedef struct cli_cached {
    gte_cache *cache;
    gte_cache_scope scope;
    size_t most; /* texts at once, the room of what follows */
    gte_cache_key *keys;
    gte_text *texts; /* those that the cache lacks, */
    size_t *places;  /* where they stand among all, */
    float *vectors;  /* and their vectors */
} cli_cached;

/* For a session whose options are complete and whose chunks hold `most` texts; from then on it
 * embeds through the cache. A file that cannot be used is a remark, no failure. CLI_OK or
 * reported. */
int cli__cached_open(cli_session *session, const char *path, size_t most);

/* As gte_embed with the session's context and options; at most `most` texts. */
gte_status cli__cached_embed(cli_cached *cached, const cli_session *session, const gte_text *texts,
                             size_t n, float *out, gte_error *err);

/* The session goes on without, if it had one. */
void cli__cached_close(cli_session *session);

#endif
