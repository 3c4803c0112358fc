/* What TEI's routes share: the state of a request whose body has been read. */
#ifndef SERVER_TEI_H
#define SERVER_TEI_H

#include "server/infer.h"
#include "server/inputs.h"

typedef struct server__tei {
    json_t *json; /* the body; texts stay in it */
    server__inputs inputs;
    server__embedding embedding;
    bool return_text, raw_scores; /* of /rerank */
    gte_request *pairs;           /* for a cross-encoder */
    server__inference inference;
} server__tei;

/* The state, kept by the request; NULL when that is answered. `task` for the metrics, `param` as
 * errors name the input. */
server__tei *server__tei_begin(server__request *request, const char *task, const char *param);
/* Where all is read: the vectors, then `then`. */
void server__tei_embed(server__request *request, server__tei *own, server__step then);
/* 422; false. */
bool server__tei_invalid(server__request *request, const char *name, const char *message);

#endif
