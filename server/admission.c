/* The way of a request to its handler. */
#include "server/admission.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "server/routes.h"
#include "server/service.h"

/* Letters that are harmless in logs and headers. */
static bool is_sane_id(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size < SERVER__ID_SIZE &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               size;
}

/* Unique within this host for all practical purposes; not a secret. */
static void make_id(char *out)
{
    static atomic_uint_least64_t state;
    uint64_t last = atomic_load(&state);
    if (last == 0) {
        uint64_t seed = server__now();
        if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed) seed = server__now();
        atomic_compare_exchange_strong(&state, &last, seed | 1);
    }
    /* Weyl sequence, then splitmix64's mixing */
    uint64_t z = atomic_fetch_add(&state, 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    for (int i = 0; i < 16; i++, z >>= 4) out[i] = "0123456789abcdef"[z & 15];
    out[16] = '\0';
}

/* One of a list separated by commas or spaces. */
static bool is_listed(const char *list, const char *word)
{
    size_t size = strlen(word);
    while (list && *list) {
        list += strspn(list, ", ");
        size_t length = strcspn(list, ", ");
        if (length == size && memcmp(list, word, size) == 0) return true;
        list += length;
    }
    return false;
}

/* Behind a proxy that is trusted the client is who that proxy saw: the last one it names. What
 * stands before in the list anybody may have written. */
static void find_client(server__request *request)
{
    const char *forwarded = server__header(request, "X-Forwarded-For");
    unsigned char address[16];
    char name[SERVER__ADDRESS_SIZE];
    if (!forwarded || !is_listed(request->service->settings.trusted_proxies, request->remote))
        return;
    const char *comma = strrchr(forwarded, ',');
    const char *last = comma ? comma + 1 : forwarded;
    last += strspn(last, " \t");
    size_t size = strcspn(last, " \t");
    if (size == 0 || size >= sizeof name) return;
    memcpy(name, last, size);
    name[size] = '\0';
    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
        memcpy(request->remote, name, size + 1);
}

/* The setting, or less when the client asks for less: X-Request-Timeout, in seconds. */
static uint64_t deadline_of(const server__request *request)
{
    double seconds = request->service->limits.request_timeout;
    const char *asked = server__header(request, "X-Request-Timeout");
    if (asked) {
        char *end;
        double value = strtod(asked, &end);
        if (end != asked && !*end && isfinite(value) && value > 0 && value < seconds)
            seconds = value;
    }
    return request->start_ns + (uint64_t)(seconds * 1e9);
}

/* Cross-origin answers and what a browser asks before. True: it was such a question, answered. */
static bool answer_origin(server__request *request)
{
    const char *origin = server__header(request, "Origin");
    char allowed[128];
    if (!origin || !server__admit_origin(request->service->admit, origin, allowed, sizeof allowed))
        return false;
    server__answer_header(request, "Access-Control-Allow-Origin", allowed);
    if (strcmp(allowed, "*") != 0) server__answer_header(request, "Vary", "Origin");
    server__answer_header(request, "Access-Control-Expose-Headers",
                          "X-Request-Id, Retry-After, X-Truncated-Inputs");
    if (strcmp(request->method, "OPTIONS") != 0 ||
        !server__header(request, "Access-Control-Request-Method"))
        return false;
    server__answer_header(request, "Access-Control-Allow-Methods", "GET, POST, OPTIONS");
    server__answer_header(request, "Access-Control-Allow-Headers",
                          "Authorization, Content-Type, X-API-Key, X-Model-ID, X-Request-Id, "
                          "X-Request-Timeout, traceparent");
    server__answer_header(request, "Access-Control-Max-Age", "86400");
    server__answer_constant(request, 204, NULL, NULL, 0);
    return true;
}

void server__admission_name(server__request *request)
{
    const char *id = server__header(request, "X-Request-Id");
    if (id && is_sane_id(id))
        memcpy(request->id, id, strlen(id) + 1);
    else
        make_id(request->id);
}

bool server__admission_route(server__request *request)
{
    char allow[64];
    int status;
    request->deadline_ns = deadline_of(request);
    find_client(request);
    if (answer_origin(request)) return false;
    request->route =
        server__route_find(request->method, request->path, &status, allow, sizeof allow);
    if (request->route) return true;
    if (status == 405) {
        server__answer_header(request, "Allow", allow);
        server__fail(request, 405, "method_not_allowed", NULL, "%s takes %s", request->path, allow);
    } else {
        server__fail(request, 404, "not_found", NULL, "there is no %s here", request->path);
    }
    return false;
}

static bool refuse_key(server__request *request)
{
    server__metrics_refused(request->service->metrics, SERVER__REFUSED_KEY);
    server__answer_header(request, "WWW-Authenticate", "Bearer");
    server__fail(request, 401, "invalid_api_key", NULL,
                 "a known API key is needed: Authorization: Bearer KEY");
    return false;
}

bool server__admission_ask(server__request *request)
{
    server__service *service = request->service;
    unsigned seconds = 1;
    if (request->route->flags & SERVER__OPEN) return true;
    if (atomic_load(&service->draining) || !atomic_load(&service->ready)) {
        server__metrics_refused(service->metrics, SERVER__REFUSED_DRAINING);
        server__fail_later(request, 503, "unavailable", 1, "the server is %s",
                           atomic_load(&service->draining) ? "shutting down" : "starting");
        return false;
    }
    switch (server__admit_ask(service->admit, server__header(request, "Authorization"),
                              server__header(request, "X-API-Key"), request->remote, &seconds)) {
    case SERVER__ADMITTED:
        return true;
    case SERVER__NO_KEY:
        return refuse_key(request);
    case SERVER__TOO_MANY:
        break;
    }
    server__metrics_refused(service->metrics, SERVER__REFUSED_RATE);
    server__fail_later(request, 429, "rate_limited", seconds, "more than %d requests a second",
                       service->limits.rate);
    return false;
}

size_t server__body_limit(const server__request *request)
{
    size_t own = request->route->body_limit;
    return own ? own : (size_t)request->service->limits.max_body;
}

void server__admission_end(server__request *request)
{
    server__metrics_end(request->service->metrics, request);
    server__log_request(request->service->log, request);
}
