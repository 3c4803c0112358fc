/* A request, from its first line to its end: what libmicrohttpd calls when, and what handlers call.
 *
 *   target -> call (head) -> call (body)... -> call (end, and again after each resume) -> completed
 *
 * server__answer only keeps the answer; it is handed to the library where that takes it: when the
 * body has been read, or at the head for a connection that must not go on. */
#include "server/exchange.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/admission.h"
#include "server/guard.h"
#include "server/hold.h"
#include "server/routes.h"

#define FIRST_BODY 4096
/* A refused request's body up to this size is read and forgotten: a connection closed in the middle
 * of it may lose the answer on its way. */
#define MOST_DISCARDED 16777216

typedef server__exchange exchange;

static exchange *exchange_of(server__request *request)
{
    return (exchange *)(void *)request;
}

static const exchange *const_exchange_of(const server__request *request)
{
    return (const exchange *)(const void *)request;
}

static void set_deadline(exchange *x, int seconds)
{
    if (x->peer)
        atomic_store(&x->peer->deadline_ns, server__now() + (uint64_t)seconds * SERVER__SECOND);
}

static void set_idle(exchange *x, bool idle)
{
    if (!x->peer) return;
    atomic_store(&x->peer->seen_off, false);
    atomic_store(&x->peer->idle, idle);
}

/* ---- what handlers call ---------------------------------------------------------------------- */

const char *server__header(const server__request *request, const char *name)
{
    const exchange *x = const_exchange_of(request);
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

const char *server__query(const server__request *request, const char *name)
{
    const exchange *x = const_exchange_of(request);
    const char *value = NULL;
    if (MHD_lookup_connection_value_n(x->connection, MHD_GET_ARGUMENT_KIND, name, strlen(name),
                                      &value, NULL) != MHD_YES)
        return NULL;
    return value ? value : "";
}

void server__answer_header(server__request *request, const char *name, const char *value)
{
    exchange *x = exchange_of(request);
    if (x->header_count == sizeof x->headers / sizeof *x->headers) return;
    x->headers[x->header_count].name = name;
    snprintf(x->headers[x->header_count].value, sizeof x->headers->value, "%s", value);
    x->header_count++;
}

/* Few of the answers' shapes have a place to say it. */
static void add_truncated(exchange *x)
{
    char count[24];
    snprintf(count, sizeof count, "%zu", x->request.truncated);
    MHD_add_response_header(x->response, "X-Truncated-Inputs", count);
}

static void keep_answer(exchange *x, int status, const char *type, char *body, size_t size,
                        enum MHD_ResponseMemoryMode mode)
{
    x->step = NULL; /* who answers does not wait, also when there is no memory for the answer */
    if (x->response) {
        if (mode == MHD_RESPMEM_MUST_FREE) free(body);
        return;
    }
    x->response = MHD_create_response_from_buffer(size, body, mode);
    if (!x->response) {
        if (mode == MHD_RESPMEM_MUST_FREE) free(body);
        return;
    }
    x->request.status = status;
    x->request.answer_size = size;
    x->constant = mode == MHD_RESPMEM_PERSISTENT;
    if (type) MHD_add_response_header(x->response, "Content-Type", type);
    MHD_add_response_header(x->response, "X-Request-Id", x->request.id);
    for (unsigned i = 0; i < x->header_count; i++)
        MHD_add_response_header(x->response, x->headers[i].name, x->headers[i].value);
    if (status == 200 && x->request.truncated) add_truncated(x);
    if (atomic_load(&x->http->service->draining))
        MHD_add_response_header(x->response, "Connection", "close");
}

void server__answer(server__request *request, int status, const char *type, char *body, size_t size)
{
    keep_answer(exchange_of(request), status, type, body, size, MHD_RESPMEM_MUST_FREE);
}

void server__answer_constant(server__request *request, int status, const char *type,
                             const char *body, size_t size)
{
    void *constant;
    memcpy(&constant, &body, sizeof constant); /* the library does not write to it */
    keep_answer(exchange_of(request), status, type, constant, size, MHD_RESPMEM_PERSISTENT);
}

void server__wait(server__request *request, server__step step)
{
    exchange *x = exchange_of(request);
    x->step = step;
    atomic_store(&x->progress, SERVER__RUNNING);
}

void server__wake(server__request *request)
{
    exchange *x = exchange_of(request);
    struct MHD_Connection *connection = x->connection;
    if (atomic_exchange(&x->progress, SERVER__WOKEN) == SERVER__SUSPENDED)
        MHD_resume_connection(connection);
}

bool server__gone(const server__request *request)
{
    const exchange *x = const_exchange_of(request);
    struct pollfd polled = {.fd = x->peer ? x->peer->fd : -1, .events = POLLRDHUP};
    if (polled.fd < 0 || poll(&polled, 1, 0) <= 0) return false;
    return (polled.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

/* ---- a request, step by step ----------------------------------------------------------------- */

/* What the answer was made from: not needed while the client takes it, which may be long. */
static void drop_work(exchange *x)
{
    if (x->request.free_state) x->request.free_state(x->request.state);
    x->request.free_state = NULL;
    x->request.state = NULL;
    x->request.body = "";
    free(x->body);
    x->body = NULL;
}

static void release(exchange *x)
{
    drop_work(x);
    if (x->response) MHD_destroy_response(x->response);
    server__hold_exactly(&x->request, 0);
    atomic_fetch_sub(&x->http->requests, 1);
    free(x->target);
    free(x);
}

/* For a request with more arguments than its memory holds, the library calls for the line, then
 * never again, not even for the end (0.9.75). */
void server__exchange_forget(server__peer *peer)
{
    if (peer->begun) release(peer->begun);
    peer->begun = NULL;
}

/* For more arguments than its memory holds the library falls silent (0.9.75), so it is shown none
 * of so many; the guard, which has the target as sent, answers. The text is the library's own
 * buffer, not yet taken apart; should another version hand out a copy, nothing is won or lost. */
static void cut_arguments(const char *target)
{
    char *query = strchr(target, '?');
    if (query && server__guard_arguments(target) > SERVER__MOST_ARGUMENTS) query[1] = '\0';
}

/* The request line is here. What this returns is the request's from now on. */
void *server__exchange_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    server__http *http = cls;
    exchange *x = calloc(1, sizeof *x);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (!x || !(x->target = strdup(target))) { /* nothing passes the guard unseen */
        free(x);
        return NULL;
    }
    cut_arguments(target);
    x->http = http;
    x->connection = connection;
    x->peer = info ? info->socket_context : NULL;
    x->request.service = http->service;
    x->request.body = "";
    x->request.start_ns = server__now();
    atomic_fetch_add(&http->requests, 1);
    if (x->peer) {
        memcpy(x->request.remote, x->peer->address, sizeof x->request.remote);
        server__exchange_forget(x->peer);
        x->peer->begun = x;
    }
    set_idle(x, false);
    set_deadline(x, http->service->limits.header_timeout);
    return x;
}

static enum MHD_Result guard_one(void *cls, enum MHD_ValueKind kind, const char *name,
                                 size_t name_size, const char *value, size_t value_size)
{
    (void)kind;
    server__guard_header(cls, name, name_size, value ? value : "", value ? value_size : 0);
    return MHD_YES;
}

/* Hands the kept answer to the library. */
static enum MHD_Result queue(exchange *x)
{
    if (x->queued) return MHD_YES;
    if (!x->response) return MHD_NO;
    x->queued = true;
    drop_work(x);
    server__hold_exactly(&x->request, x->constant ? 0 : x->request.answer_size);
    set_deadline(x, x->http->service->limits.send_timeout);
    return MHD_queue_response(x->connection, (unsigned)x->request.status, x->response);
}

static enum MHD_Result queue_and_close(exchange *x)
{
    if (x->response) MHD_add_response_header(x->response, "Connection", "close");
    return queue(x);
}

/* The size of the body as announced: SIZE_MAX for a chunked one. */
static size_t announced(const server__request *request)
{
    const char *length = server__header(request, "Content-Length");
    if (server__header(request, "Transfer-Encoding")) return SIZE_MAX;
    return length ? (size_t)strtoull(length, NULL, 10) : 0;
}

/* Refused at the head: either the body is read and forgotten, or the connection ends. */
static enum MHD_Result refuse(exchange *x)
{
    size_t size = announced(&x->request);
    x->discard = size <= MOST_DISCARDED && !server__header(&x->request, "Expect");
    if (x->discard && size) set_deadline(x, x->http->service->limits.body_timeout);
    return x->discard ? MHD_YES : queue_and_close(x);
}

static enum MHD_Result on_head(exchange *x, const char *path, const char *method,
                               const char *version)
{
    server__guard guard = {0};
    server__request *request = &x->request;
    int status;
    request->method = method;
    request->path = path;
    server__admission_name(request);
    MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, guard_one, &guard);
    const char *why = server__guard_verdict(&guard, version, x->target, &status);
    if (why) {
        server__metrics_refused(request->service->metrics, SERVER__REFUSED_GUARD);
        server__fail(request, status, "bad_request", NULL, "%s", why);
        return queue_and_close(x);
    }
    if (!server__admission_route(request) || !server__admission_ask(request)) return refuse(x);

    size_t size = announced(request), limit = server__body_limit(request);
    if (size != SIZE_MAX && size > limit) {
        server__fail(request, 413, "body_too_large", NULL,
                     "the body has %zu bytes, the limit is %zu (--max-body)", size, limit);
        return refuse(x);
    }
    if (size != SIZE_MAX && !server__hold(request, size)) return refuse(x);
    x->body_capacity = size == 0 ? 0 : size == SIZE_MAX ? FIRST_BODY : size + 1;
    if (x->body_capacity && !(x->body = malloc(x->body_capacity))) {
        server__fail_memory(request);
        return refuse(x);
    }
    set_deadline(x, x->http->service->limits.body_timeout);
    return MHD_YES;
}

static enum MHD_Result on_body(exchange *x, const char *data, size_t size)
{
    server__request *request = &x->request;
    size_t wanted = request->body_size + size + 1;
    if (x->discard || x->too_large) return MHD_YES; /* discarded, it may be without a route */
    if (wanted - 1 > server__body_limit(request)) {
        x->too_large = true;
        return MHD_YES;
    }
    if (wanted > x->body_capacity) {
        size_t capacity = x->body_capacity * 2 < FIRST_BODY ? FIRST_BODY : x->body_capacity * 2;
        if (capacity < wanted) capacity = wanted;
        char *body = realloc(x->body, capacity);
        if (!body) {
            x->discard = true;
            server__fail_memory(request);
            return MHD_YES;
        }
        x->body = body;
        x->body_capacity = capacity;
        server__hold_exactly(request, capacity);
    }
    memcpy(x->body + request->body_size, data, size);
    request->body_size += size;
    return MHD_YES;
}

/* Runs the handler, then steps that were woken before they could be suspended. */
static void run_steps(exchange *x)
{
    server__request *request = &x->request;
    for (;;) {
        server__step step = x->step ? x->step : request->route->handle;
        x->step = NULL;
        step(request);
        if (x->response || !x->step) return;
        if (atomic_load(&x->progress) == SERVER__WOKEN) continue;
        int expected = SERVER__RUNNING;
        MHD_suspend_connection(x->connection);
        /* woken in between: the one who woke did not resume, so this must */
        if (!atomic_compare_exchange_strong(&x->progress, &expected, SERVER__SUSPENDED))
            MHD_resume_connection(x->connection);
        return;
    }
}

static enum MHD_Result on_end(exchange *x)
{
    server__request *request = &x->request;
    if (!x->response && x->too_large)
        server__fail(request, 413, "body_too_large", NULL,
                     "the body is longer than the limit of %zu bytes (--max-body)",
                     server__body_limit(request));
    /* refused, without memory to say so: the handler is not to see it */
    if (!x->response && (x->discard || x->too_large)) server__fail_memory(request);
    if (!x->response && !x->discard && !x->too_large) {
        if (!x->step && x->body) {
            x->body[request->body_size] = '\0';
            request->body = x->body;
        }
        if (x->peer) atomic_store(&x->peer->deadline_ns, 0);
        run_steps(x);
        if (!x->response && x->step) return MHD_YES; /* suspended */
        if (!x->response)
            server__fail(request, 500, "internal", NULL, "the request was not answered");
    }
    return queue(x);
}

enum MHD_Result server__exchange_call(void *cls, struct MHD_Connection *connection,
                                      const char *path, const char *method, const char *version,
                                      const char *data, size_t *size, void **context)
{
    exchange *x = *context;
    (void)cls;
    (void)connection;
    if (!x) return MHD_NO;
    if (!x->begun) {
        x->begun = true;
        if (x->peer) x->peer->begun = NULL;
        return on_head(x, path, method, version);
    }
    if (*size == 0) return on_end(x);
    enum MHD_Result result = on_body(x, data, *size);
    *size = 0;
    return result;
}

void server__exchange_completed(void *cls, struct MHD_Connection *connection, void **context,
                                enum MHD_RequestTerminationCode code)
{
    exchange *x = *context;
    (void)cls;
    (void)connection;
    if (!x) return;
    *context = NULL;
    if (x->peer) x->peer->begun = NULL;
    if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK && !x->queued) x->request.status = 499;
    if (x->begun) server__admission_end(&x->request);
    set_deadline(x, x->http->service->limits.idle_timeout);
    set_idle(x, true);
    release(x);
}
