/* Texts of a request to vectors: tokenize, ask the cache, queue what is missing, store what came.
 * Every route that needs vectors goes through here, so that limits, truncation, the cache and the
 * counting of tokens are the same for all. */
#ifndef SERVER_EMBED_H
#define SERVER_EMBED_H

#include "server/batcher.h"
#include "server/http.h"

/* One input: a text (`data`), or ids made elsewhere (`ids`), to which the template's special
 * tokens are added unless they begin with its first. The memory is the caller's, until `then`. */
typedef struct server__input {
    const char *data;
    size_t size;
    const int32_t *ids;
    size_t id_count;

    /* results */
    const float *vector; /* [dims], of GTE_POOLING_NONE [tokens, dims]; of the server__embedding */
    uint32_t tokens;     /* after the cut, special tokens included */
    bool truncated, cached;
} server__input;

typedef struct server__embedding {
    server__input *inputs;
    size_t count;
    server__vector_options options;  /* dims 0 and pooling GTE_POOLING_MODEL: the model's */
    unsigned flags;                  /* of gte_embed: GTE_NO_TRUNCATE, GTE_SPECIAL_AS_TEXT */
    const char *param;               /* how errors name the input: "input" or "inputs" */
    size_t number_size;              /* bytes of the answer for each number of a vector, about */
    struct server__embed_work *work; /* embed.c's; released by server__embedding_free */
} server__embedding;

/* Fills the results, then calls `then` on the connection's thread: at once when the cache had all
 * of it, else later. When it fails (invalid UTF-8, too long, queue full, deadline, ...) the request
 * is answered with the error instead and `then` is not called. So the caller's last act is
 *
 *     request->state = own, request->free_state = own_free;   // own holds the embedding
 *     server__embed(request, &own->embedding, finish);
 */
void server__embed(server__request *request, server__embedding *embedding, server__step then);
void server__embedding_free(server__embedding *embedding);

#endif
