/* Memory that requests hold, of all together: bodies on their way in, vectors, answers that their
 * clients have not taken yet. Beyond --requests-memory who needs much is refused before any work is
 * done for him; what was admitted is finished, so that nobody waits for anybody here. The bound may
 * be passed by what one request holds, and by those too small to count. */
#ifndef SERVER_HOLD_H
#define SERVER_HOLD_H

#include "server/http.h"

/* Counts `bytes` more for the request, until it ends. False: the bound is reached, and the request
 * is answered 429. Guesses will do: what is known is told later. */
bool server__hold(server__request *request, size_t bytes);
/* Only asks, for much that is not known yet. */
bool server__hold_ask(server__request *request);
/* From now on the request holds exactly so many. */
void server__hold_exactly(server__request *request, size_t bytes);

#endif
