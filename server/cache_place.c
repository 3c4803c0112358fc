/* The user's cache directory. */
#include "server/cache_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool make(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static bool refuse(char path[SERVER__PATH_SIZE], char *message, size_t size, const char *why)
{
    snprintf(message, size, "no place for the cache: %.200s: %s", path[0] ? path : "HOME", why);
    path[0] = '\0';
    return false;
}

bool server__cache_place(const char *asked, char path[SERVER__PATH_SIZE], char *message,
                         size_t size)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int used;
    path[0] = '\0';
    if (asked && strcmp(asked, "memory") == 0) return true;
    if (asked)
        used = snprintf(path, SERVER__PATH_SIZE, "%s", asked);
    else if (base && base[0] == '/')
        used = snprintf(path, SERVER__PATH_SIZE, "%s", base);
    else if (home && home[0] == '/')
        used = snprintf(path, SERVER__PATH_SIZE, "%s/.cache", home);
    else
        return refuse(path, message, size, "not set");
    if (used < 0 || used > SERVER__PATH_SIZE - 32) return refuse(path, message, size, "too long");
    if (asked) return true;
    if (!make(path)) return refuse(path, message, size, strerror(errno));
    strcat(path, "/gte");
    if (!make(path)) return refuse(path, message, size, strerror(errno));
    strcat(path, "/server.cache");
    return true;
}
