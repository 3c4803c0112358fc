/* A few short texts through the encoder before the server is ready: pages of the model are read,
 * threads have run once. Small, since a full batch on a slow machine looks like a hang. */
#ifndef SERVER_WARM_UP_H
#define SERVER_WARM_UP_H

#include "server/service.h"

void server__warm_up(server__service *service);

#endif
