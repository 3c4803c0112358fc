/* SIGHUP: keys, origins, limits, labels and certificate are read anew. */
#ifndef SERVER_RELOAD_H
#define SERVER_RELOAD_H

#include "server/service.h"

/* All of it, or, with an error in the log, nothing. The log names what changed, and settings that
 * are now different but are read at the start only. */
void server__reload(server__service *service);

#endif
