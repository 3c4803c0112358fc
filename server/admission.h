/* What happens to a request between its head and its handler: route, draining, key, rate, origin,
 * deadline. exchange.c calls it on the connection's thread. */
#ifndef SERVER_ADMISSION_H
#define SERVER_ADMISSION_H

#include "server/http.h"

/* The head is here: fills the id, before anything can refuse. */
void server__admission_name(server__request *request);
/* Fills route and deadline. False without a route; answered with 404 or 405,
 * or with 204 where a browser asks what is allowed. */
bool server__admission_route(server__request *request);
/* True: read the body, then call request->route->handle. False: the request has been answered. */
bool server__admission_ask(server__request *request);
/* The longest body that this request may have. */
size_t server__body_limit(const server__request *request);
/* The request has ended: log and metrics. */
void server__admission_end(server__request *request);

#endif
