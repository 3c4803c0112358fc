/* gte-server --check, beyond what loading the parts has shown: the places that are written to or
 * listened on. */
#ifndef SERVER_CHECK_H
#define SERVER_CHECK_H

#include "server/service.h"

/* Prints the effective settings. False: the server could not start, and the log says why. */
bool server__check(server__service *service);

#endif
