/* All routes, and finding one. A few dozen rows: a walk is as quick as a table by hash. */
#include "server/routes.h"

#include <stdio.h>
#include <string.h>

static const server__route *const families[] = {
    server__health_routes, server__openai_routes,  server__tei_routes,     server__rank_routes,
    server__token_routes,  server__predict_routes, server__metrics_routes, server__page_routes,
};

const server__route *server__route_at(size_t i)
{
    for (size_t f = 0; f < sizeof families / sizeof *families; f++)
        for (const server__route *route = families[f]; route->path; route++)
            if (i-- == 0) return route;
    return NULL;
}

static bool serves(const server__route *route, const char *method)
{
    if (strcmp(route->method, method) == 0) return true;
    return strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0;
}

const server__route *server__route_find(const char *method, const char *path, int *status,
                                        char *allow, size_t allow_size)
{
    const server__route *route;
    size_t used = 0;
    *status = 404;
    if (allow_size) allow[0] = '\0';
    for (size_t i = 0; (route = server__route_at(i)); i++) {
        if (strcmp(route->path, path) != 0) continue;
        if (serves(route, method)) return route;
        *status = 405;
        int more = snprintf(allow + used, allow_size - used, "%s%s", used ? ", " : "",
                            strcmp(route->method, "GET") == 0 ? "GET, HEAD" : route->method);
        if (more > 0 && (size_t)more < allow_size - used) used += (size_t)more;
    }
    return NULL;
}

size_t server__route_number(const server__route *route)
{
    const server__route *each;
    size_t i = 0;
    while ((each = server__route_at(i)) && each != route) i++;
    return i;
}

size_t server__route_count(void)
{
    return server__route_number(NULL);
}

const char *server__route_label(const server__route *route)
{
    return route ? route->path : "other";
}
