/* Requests to a head, to what it says: limits, queue, and back. Every route that asks a head goes
 * through here, as every one that needs vectors goes through embed.h. */
#ifndef SERVER_INFER_H
#define SERVER_INFER_H

#include "server/http.h"
#include "server/prediction.h"

typedef struct server__inference {
    const gte_request *queries; /* the caller's, until server__infer has returned */
    size_t count;
    const char *param;          /* how errors name the input */
    struct server__item *items; /* [count], each with its prediction: infer.c's */
    struct server__ticket *ticket;
    server__step then;
} server__inference;

/* Asks the head of request->choice, then calls `then` on the connection's thread; what it says is
 * server__inferred. Ends like server__embed: it must be the last act. */
void server__infer(server__request *request, server__inference *inference, server__step then);
/* The i-th result, or NULL, and the request is answered with its error. */
const gte_result *server__inferred(server__request *request, const server__inference *inference,
                                   size_t i);
void server__inference_free(server__inference *inference);

/* Answers with an error of the library about what was asked. */
void server__infer_fail(server__request *request, const char *param, const gte_error *err);

#endif
