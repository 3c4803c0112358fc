/* Opening the listening socket. */
#include "server/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 2048
#define SYSTEMD_FIRST_FD 3

/* The descriptor that systemd passed (LISTEN_PID, LISTEN_FDS), or -1. */
static int from_systemd(void)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    if (!pid || !fds || strtol(pid, NULL, 10) != getpid() || strtol(fds, NULL, 10) < 1) return -1;
    return SYSTEMD_FIRST_FD;
}

static bool fail(char *message, size_t size, const char *what, const char *where, int fd)
{
    int error = errno;
    if (fd >= 0) close(fd);
    snprintf(message, size, "%s %s: %s", what, where, strerror(error));
    errno = error;
    return false;
}

/* A socket file that nobody listens on any more is in the way of bind. */
static void remove_stale(const struct sockaddr_un *address)
{
    struct stat info;
    if (stat(address->sun_path, &info) != 0 || !S_ISSOCK(info.st_mode)) return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
        errno == ECONNREFUSED)
        unlink(address->sun_path);
    close(fd);
}

static bool listen_unix(server__listener *out, const char *path, char *message, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        snprintf(message, size, "the path of the Unix socket is longer than %zu bytes",
                 sizeof address.sun_path - 1);
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    remove_stale(&address);
    out->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (out->fd < 0 || bind(out->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(out->fd, BACKLOG) != 0)
        return fail(message, size, "cannot listen on", path, out->fd);
    out->unix_path = path;
    return true;
}

static bool listen_tcp(server__listener *out, const server__settings *settings, char *message,
                       size_t size)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *found = NULL;
    char port[16], where[300];
    int on = 1;
    snprintf(port, sizeof port, "%d", settings->port);
    snprintf(where, sizeof where, "%s port %d", settings->host, settings->port);
    int code = getaddrinfo(settings->host, port, &hints, &found);
    if (code != 0) {
        snprintf(message, size, "host %s: %s", settings->host, gai_strerror(code));
        errno = EINVAL;
        return false;
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
    if (good && settings->reuse_port)
        good = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
    good = good && bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
    int error = errno;
    freeaddrinfo(found);
    errno = error;
    if (!good) return fail(message, size, "cannot listen on", where, fd);
    out->fd = fd;
    return true;
}

/* Fills port and address from the socket itself, which systemd may have chosen. */
static void describe(server__listener *out, const server__settings *settings)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char host[64] = "?", port[16] = "0";
    const char *scheme = settings->tls_cert ? "https" : "http";
    if (getsockname(out->fd, (struct sockaddr *)&address, &length) != 0) length = 0;
    if (length && address.ss_family != AF_UNIX) {
        getnameinfo((struct sockaddr *)&address, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
        out->port = atoi(port);
        snprintf(out->address, sizeof out->address,
                 strchr(host, ':') ? "%s://[%s]:%d" : "%s://%s:%d", scheme, host, out->port);
    } else {
        const char *path = ((struct sockaddr_un *)(void *)&address)->sun_path;
        snprintf(out->address, sizeof out->address, "unix:%.100s", length ? path : "?");
    }
}

bool server__listen(server__listener *out, const server__settings *settings, char *message,
                    size_t size)
{
    memset(out, 0, sizeof *out);
    out->fd = from_systemd();
    out->shared = out->fd >= 0;
    bool good = true;
    if (!out->shared)
        good = settings->unix_socket ? listen_unix(out, settings->unix_socket, message, size)
                                     : listen_tcp(out, settings, message, size);
    if (good) describe(out, settings);
    return good;
}
