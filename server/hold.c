/* Counting what requests hold. */
#include "server/hold.h"

#include "server/routes.h"
#include "server/service.h"

/* Less is bounded by the number of connections, as libmicrohttpd's own 32 KiB of each are. */
#define SMALL 16384
/* Slow clients hold the most, and are cut within --send-timeout; others are sooner done. */
#define RETRY_SECONDS 2

static bool hold_large(server__request *request, size_t bytes)
{
    server__service *service = request->service;
    const size_t most = (size_t)service->limits.requests_memory << 20;
    size_t held = atomic_load(&service->held);
    do {
        if (held >= most) {
            server__metrics_refused(service->metrics, SERVER__REFUSED_MEMORY);
            server__fail_later(request, 429, "overloaded", RETRY_SECONDS,
                               "requests hold %zu MiB of memory (--requests-memory %zu)",
                               held >> 20, most >> 20);
            return false;
        }
    } while (!atomic_compare_exchange_weak(&service->held, &held, held + bytes));
    request->held += bytes;
    return true;
}

bool server__hold(server__request *request, size_t bytes)
{
    return bytes < SMALL || hold_large(request, bytes);
}

bool server__hold_ask(server__request *request)
{
    return hold_large(request, 0);
}

void server__hold_exactly(server__request *request, size_t bytes)
{
    const size_t now = bytes < SMALL ? 0 : bytes;
    if (now > request->held) atomic_fetch_add(&request->service->held, now - request->held);
    if (now < request->held) atomic_fetch_sub(&request->service->held, request->held - now);
    request->held = now;
}
