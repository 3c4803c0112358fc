/* HTTP by libmicrohttpd: epoll, a few threads, connections suspended while their answer is made.
 * Here the server as a whole and its connections; a request is exchange.c's. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/exchange.h"
#include "server/heap.h"
#include "server/tls.h"

#define CONNECTION_MEMORY 32768 /* of the head; a longer one is 431 */
#define TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

static void write_address(const struct sockaddr *address, char *out, size_t size)
{
    const void *bytes = NULL;
    snprintf(out, size, "unix");
    if (!address) return;
    if (address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (bytes) inet_ntop(address->sa_family, bytes, out, (socklen_t)size);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    server__http *http = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *fd =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        uint64_t seconds = (uint64_t)http->service->limits.header_timeout;
        server__peer *peer = fd ? server__watch_add(http->watch, fd->connect_fd,
                                                    server__now() + seconds * SERVER__SECOND)
                                : NULL;
        const union MHD_ConnectionInfo *address =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        /* without memory for it nobody would watch its deadlines */
        if (!peer && fd) shutdown(fd->connect_fd, SHUT_RDWR);
        if (peer)
            write_address(address ? address->client_addr : NULL, peer->address,
                          sizeof peer->address);
        *context = peer;
    } else if (*context) {
        server__exchange_forget(*context);
        server__watch_remove(http->watch, *context);
        *context = NULL;
    }
}

/* Over the limit a connection is closed at once: left to the library it would hang unanswered. */
static enum MHD_Result on_accept(void *cls, const struct sockaddr *address, socklen_t length)
{
    server__http *http = cls;
    (void)address;
    (void)length;
    size_t most = (size_t)http->service->settings.connections;
    return server__watch_count(http->watch) < most ? MHD_YES : MHD_NO;
}

static void on_tick(void *arg, uint64_t now_ns)
{
    server__http *http = arg;
    const server__models *models = &http->service->models;
    for (size_t i = 0; i < models->file_count; i++)
        server__batcher_sweep(models->files[i]->batcher, now_ns);
    server__metrics_tick(http->service->metrics, now_ns);
    server__heap_tick(now_ns);
}

static void on_cut(void *arg)
{
    server__http *http = arg;
    server__metrics_refused(http->service->metrics, SERVER__REFUSED_TIMEOUT);
}

/* ---- the server ------------------------------------------------------------------------------ */

/* libmicrohttpd speaks of clients' mistakes here; what matters is logged by request. */
static void on_message(void *cls, const char *format, va_list args)
{
    server__http *http = cls;
    char line[256];
    vsnprintf(line, sizeof line, format, args);
    line[strcspn(line, "\r\n")] = '\0';
    server__log_line(http->service->log, SERVER__DEBUG, "http: %s", line);
}

static bool read_tls(server__http *http, char *message, size_t size)
{
    const server__settings *settings = &http->service->settings;
    if (!settings->tls_cert) return true;
    if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
        snprintf(message, size, "this libmicrohttpd has no TLS");
        return false;
    }
    server__pair *pair = server__pair_read(settings->tls_cert, settings->tls_key, message, size);
    if (!pair) return false;
    server__log_line(http->service->log, SERVER__INFO, "certificate %s %s", settings->tls_cert,
                     server__pair_term(pair));
    http->pair = pair;
    return server__tls_use(pair);
}

/* The library's options are pointers to what it does not write to. */
static void *constant(const char *text)
{
    void *out;
    memcpy(&out, &text, sizeof out);
    return out;
}

static struct MHD_Daemon *start_daemon(server__http *http)
{
    const server__settings *s = &http->service->settings;
    struct MHD_OptionItem options[16];
    size_t n = 0;
#define OPTION(name, number, pointer)                                                              \
    options[n++] = (struct MHD_OptionItem){name, (intptr_t)(number), pointer}
    OPTION(MHD_OPTION_LISTEN_SOCKET, http->listener.fd, NULL);
    OPTION(MHD_OPTION_CONNECTION_LIMIT, s->connections + 64 * s->http_threads, NULL);
    OPTION(MHD_OPTION_PER_IP_CONNECTION_LIMIT, s->connections_per_address, NULL);
    OPTION(MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL);
    OPTION(MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL);
    OPTION(MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL);
    /* a pool of one is refused by the library */
    if (s->http_threads > 1) OPTION(MHD_OPTION_THREAD_POOL_SIZE, s->http_threads, NULL);
    if (http->pair) {
        OPTION(MHD_OPTION_HTTPS_MEM_CERT, 0, constant(server__pair_cert(http->pair)));
        OPTION(MHD_OPTION_HTTPS_MEM_KEY, 0, constant(server__pair_key(http->pair)));
        if (server__tls_callback())
            OPTION(MHD_OPTION_HTTPS_CERT_CALLBACK, 0, server__tls_callback());
        OPTION(MHD_OPTION_HTTPS_PRIORITIES, 0, constant(TLS_PRIORITIES));
    }
    OPTION(MHD_OPTION_END, 0, NULL);
#undef OPTION
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_ERROR_LOG | (http->pair ? MHD_USE_TLS : 0);
    return MHD_start_daemon(flags, 0, on_accept, http, server__exchange_call, http,
                            MHD_OPTION_EXTERNAL_LOGGER, on_message, http, MHD_OPTION_ARRAY, options,
                            MHD_OPTION_URI_LOG_CALLBACK, server__exchange_target, http,
                            MHD_OPTION_NOTIFY_COMPLETED, server__exchange_completed, http,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
}

bool server__http_start(server__service *service, char *message, size_t size)
{
    server__http *http = calloc(1, sizeof *http);
    service->http = http;
    if (!http) {
        snprintf(message, size, "out of memory");
        return false;
    }
    http->service = service;
    http->listener.fd = -1;
    const server__watch_calls calls = {on_tick, on_cut, http};
    bool good = read_tls(http, message, size) &&
                server__listen(&http->listener, &service->settings, message, size);
    if (good && !(http->watch = server__watch_start(&calls))) {
        snprintf(message, size, "cannot start a thread");
        good = false;
    }
    if (good && !(http->daemon = start_daemon(http))) {
        snprintf(message, size, "libmicrohttpd did not start%s",
                 http->pair ? ": are certificate and key good, and of each other?" : "");
        good = false;
    }
    if (!good) server__http_stop(&service->http);
    return good;
}

int server__http_port(const server__http *http)
{
    return http->listener.port;
}

const char *server__http_address(const server__http *http)
{
    return http->listener.address;
}

/* MHD_quiesce_daemon and the daemon's threads both take the listener out of the epoll sets, and
 * who comes second aborts the process (0.9.75). So a socket on which nothing ever happens takes its
 * place under the same number: the kernel forgets the old one, in those sets too. The daemon closes
 * it at its end. False: not done. */
static bool silence(server__http *http)
{
    int pair[2];
    if (http->listener.shared || /* such a one would live on in the sets */
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return false;
    const bool good = dup3(pair[0], http->listener.fd, O_CLOEXEC) >= 0;
    close(pair[0]);
    if (good)
        http->silent = pair[1];
    else
        close(pair[1]);
    return good;
}

void server__http_quiesce(server__http *http)
{
    if (http->quiesced) return;
    http->quiesced = true;
    if (!silence(http)) {
        MHD_socket fd = MHD_quiesce_daemon(http->daemon);
        if (fd != MHD_INVALID_SOCKET) close(fd);
    }
    http->listener.fd = -1;
    if (http->listener.unix_path) unlink(http->listener.unix_path);
    http->listener.unix_path = NULL;
}

size_t server__http_connections(const server__http *http)
{
    return server__watch_count(http->watch);
}

size_t server__http_requests(const server__http *http)
{
    return atomic_load(&http->requests);
}

void server__http_stop(server__http **http)
{
    server__http *h = *http;
    if (!h) return;
    *http = NULL;
    if (h->daemon) {
        server__http_quiesce(h);
        MHD_stop_daemon(h->daemon);
        if (h->silent) close(h->silent);
    }
    server__watch_stop(&h->watch);
    if (h->listener.fd >= 0) close(h->listener.fd);
    if (h->listener.unix_path) unlink(h->listener.unix_path);
    server__tls_end();
    free(h);
}
