/* A request's job in the queue of its model: submitted or refused, waited for, its end told. */
#ifndef SERVER_TICKET_H
#define SERVER_TICKET_H

#include "server/batcher.h"
#include "server/http.h"

typedef struct server__ticket {
    server__request *request; /* whose choice says which queue */
    server__step then;        /* on the connection's thread, when the job is done */
    void *owner;              /* what `then` finds with server__ticket_owner */
    server__job job;          /* items, count and options are filled in before */
    server__job_end end;
} server__ticket;

/* The last act of a step: either `then` runs later, or the request is answered: 429, 503, 504. */
void server__ticket_submit(server__ticket *ticket);
/* True when so many inputs would be refused, and the request is answered: asked before their
 * tokens are made. */
bool server__ticket_refused(server__request *request, size_t items);
void *server__ticket_owner(const server__request *request);

#endif
