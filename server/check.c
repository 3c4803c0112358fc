/* Looking before leaping. What a running server of the same settings holds (port, cache) is no
 * fault: settings are checked beside it, before it is told to take them. */
#include "server/check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/cache_place.h"
#include "server/listen.h"
#include "server/tls.h"

static bool fail(server__service *service, const char *message)
{
    server__log_line(service->log, SERVER__ERROR, "%s", message);
    return false;
}

/* Why the file could not be made or written; NULL: it could. */
static const char *why_not_writable(const char *path)
{
    struct stat st;
    char folder[SERVER__PATH_SIZE];
    if (stat(path, &st) == 0) {
        if (!S_ISREG(st.st_mode)) return "no regular file";
        return access(path, R_OK | W_OK) == 0 ? NULL : strerror(errno);
    }
    const char *slash = strrchr(path, '/');
    const size_t size = !slash ? 0 : slash == path ? 1 : (size_t)(slash - path);
    if (size >= sizeof folder) return strerror(ENAMETOOLONG);
    memcpy(folder, slash ? path : ".", slash ? size : 1);
    folder[slash ? size : 1] = '\0';
    return access(folder, W_OK | X_OK) == 0 ? NULL : strerror(errno);
}

/* A cache that cannot be used stops no server, so it is told and no more. */
static void check_cache(server__service *service)
{
    const server__settings *s = &service->settings;
    char path[SERVER__PATH_SIZE], message[512];
    gte_error err;
    struct stat st;
    if (s->cache && strcmp(s->cache, "off") == 0) return;
    if (!server__cache_place(s->cache, path, message, sizeof message))
        server__log_line(service->log, SERVER__WARNING, "%s; the cache is in memory", message);
    printf("# the cache is %s\n", path[0] ? path : "in memory");
    if (!path[0]) return;
    const char *why = why_not_writable(path);
    if (why)
        server__log_line(service->log, SERVER__WARNING, "the cache %s cannot be written: %s", path,
                         why);
    else if (stat(path, &st) == 0 && st.st_size > 0 &&
             gte_cache_file_describe(path, NULL, 0, &err) != GTE_OK)
        server__log_line(service->log, SERVER__WARNING, "the cache %s cannot be used: %s", path,
                         err.message);
}

static bool check_address(server__service *service)
{
    server__listener listener;
    char message[512];
    if (!server__listen(&listener, &service->settings, message, sizeof message)) {
        if (errno != EADDRINUSE) return fail(service, message);
        server__log_line(service->log, SERVER__WARNING, "%s", message);
        return true;
    }
    close(listener.fd);
    if (listener.unix_path) unlink(listener.unix_path);
    return true;
}

static bool check_certificate(server__service *service)
{
    const server__settings *s = &service->settings;
    char message[512];
    if (!s->tls_cert) return true;
    server__pair *pair = server__pair_read(s->tls_cert, s->tls_key, message, sizeof message);
    if (!pair) return fail(service, message);
    if (*server__pair_term(pair))
        printf("# the certificate is valid %s\n", server__pair_term(pair));
    server__pair_free(&pair);
    return true;
}

bool server__check(server__service *service)
{
    server__settings_print(&service->settings, stdout);
    check_cache(service);
    const bool certificate = check_certificate(service);
    return check_address(service) && certificate;
}
