/* Where the cache of results lies when nobody says. */
#ifndef SERVER_CACHE_PLACE_H
#define SERVER_CACHE_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#define SERVER__PATH_SIZE 4096

/* `asked` as it is; NULL: gte/server.cache in $XDG_CACHE_HOME, else in ~/.cache, made where it is
 * not there; "memory": none. path[0] is NUL for none. False, and a line in `message`: there should
 * be one, and there is no place for it. */
bool server__cache_place(const char *asked, char path[SERVER__PATH_SIZE], char *message,
                         size_t size);

#endif
