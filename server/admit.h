/* Who may: API keys, rate limits, origins. Read anew at SIGHUP. */
#ifndef SERVER_ADMIT_H
#define SERVER_ADMIT_H

#include "server/http.h"
#include "server/settings.h"

typedef struct server__admit server__admit;

typedef enum server__verdict {
    SERVER__ADMITTED,
    SERVER__NO_KEY,  /* 401: none, or an unknown one */
    SERVER__TOO_MANY /* 429 */
} server__verdict;

/* On failure NULL and a line in `message`: a key file that cannot be read or holds no key. */
server__admit *server__admit_create(const server__settings *settings, char *message, size_t size);
void server__admit_free(server__admit **admit);
/* Takes the keys and limits of other settings; on failure nothing has changed. */
bool server__admit_reload(server__admit *admit, const server__settings *settings, char *message,
                          size_t size);

/* `authorization` is the header ("Bearer KEY") or NULL, `api_key` that of X-API-Key or NULL. For
 * SERVER__TOO_MANY *seconds tells when to come back. */
server__verdict server__admit_ask(server__admit *admit, const char *authorization,
                                  const char *api_key, const char *address, unsigned *seconds);
/* The value of Access-Control-Allow-Origin for a request from `origin`, or NULL: none. Copied into
 * `room`. */
const char *server__admit_origin(server__admit *admit, const char *origin, char *room, size_t size);

#endif
