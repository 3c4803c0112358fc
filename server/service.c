/* A server's life: load, listen, warm up, serve, drain. Signals come to the main thread only. */
#include "server/service.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "server/cache_place.h"
#include "server/check.h"
#include "server/notify.h"
#include "server/reload.h"
#include "server/warm_up.h"

#define DRAIN_STEP_MS 10
#define LAST_ANSWERS_NS 1000000000u /* for answers to requests that the drain gave up */

static int fail(server__service *service, const char *message)
{
    server__log_line(service->log, SERVER__ERROR, "%s", message);
    return 1;
}

/* ---- the parts ------------------------------------------------------------------------------- */

static void on_batch(void *arg, size_t items, size_t tokens, double seconds)
{
    server__service *service = arg;
    if (atomic_load(&service->ready))
        server__metrics_batch(service->metrics, items, tokens, seconds);
}

static int open_parts(server__service *service)
{
    char message[512];
    const server__settings *s = &service->settings;
    service->metrics = server__metrics_create();
    if (!service->metrics) return fail(service, "out of memory");
    service->admit = server__admit_create(s, message, sizeof message);
    if (!service->admit) return fail(service, message);
    server__label_sets *sets = server__label_sets_read(s->labels, message, sizeof message);
    if (!sets) return fail(service, message);
    if (!(service->labels = server__labels_create(sets))) return fail(service, "out of memory");
    return server__models_open(&service->models, s, service->log, message, sizeof message)
               ? 0
               : fail(service, message);
}

static int start_batchers(server__service *service)
{
    const server__settings *s = &service->settings;
    const server__batcher_options options = {.workers = s->workers,
                                             .threads = s->threads,
                                             .batch_tokens = s->batch_tokens,
                                             .queue_items = (size_t)s->queue_items,
                                             .queue_tokens = (size_t)s->queue_tokens,
                                             .queue_seconds = s->queue_seconds,
                                             .on_batch = on_batch,
                                             .arg = service};
    char message[512];
    if (server__models_start(&service->models, &options, message, sizeof message)) return 0;
    return fail(service, message);
}

static int open_cache(server__service *service)
{
    const server__settings *s = &service->settings;
    char path[SERVER__PATH_SIZE], message[512];
    gte_cache_options options = GTE_CACHE_OPTIONS_INIT;
    gte_error err;
    if (s->cache && strcmp(s->cache, "off") == 0) return 0;
    if (!server__cache_place(s->cache, path, message, sizeof message))
        server__log_line(service->log, SERVER__WARNING, "%s; the cache is in memory", message);
    options.path = path[0] ? path : NULL;
    options.memory_bytes = (uint64_t)s->cache_memory << 20;
    options.disk_bytes = (uint64_t)s->cache_size << 20;
    if (gte_cache_open(&service->cache, &options, &err) != GTE_OK)
        return fail(service, err.message);
    server__log_line(service->log, SERVER__INFO, "cache: %s", path[0] ? path : "in memory");
    return 0;
}

static int start_http(server__service *service)
{
    char message[512];
    if (!server__http_start(service, message, sizeof message)) return fail(service, message);
    server__log_port(service->log, server__http_port(service->http));
    server__log_line(service->log, SERVER__INFO, "listening on %s",
                     server__http_address(service->http));
    return 0;
}

static void close_parts(server__service *service)
{
    server__http_stop(&service->http);
    server__models_close(&service->models);
    gte_cache_close(&service->cache);
    server__labels_free(&service->labels);
    server__admit_free(&service->admit);
    server__metrics_free(&service->metrics);
    server__log_close(&service->log);
}

/* ---- signals --------------------------------------------------------------------------------- */

static void block_signals(sigset_t *set)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaddset(set, numbers[i]);
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

static void serve(server__service *service, const sigset_t *set)
{
    int number;
    while (sigwait(set, &number) == 0) {
        if (number == SIGTERM || number == SIGINT) return;
        if (number == SIGHUP) server__reload(service);
        if (number == SIGUSR1) server__log_reopen(service->log);
    }
}

/* Accepted requests finish; a second signal, or the time, ends the wait. */
static void drain(server__service *service, const sigset_t *set)
{
    uint64_t end = server__now() + (uint64_t)service->limits.drain_timeout * 1000000000u;
    const struct timespec step = {0, DRAIN_STEP_MS * 1000000};
    atomic_store(&service->draining, true);
    server__log_line(service->log, SERVER__INFO, "draining: %zu requests, %zu connections",
                     server__http_requests(service->http), server__http_connections(service->http));
    server__http_quiesce(service->http);
    while (server__http_requests(service->http) && server__now() < end) {
        int number = sigtimedwait(set, NULL, &step);
        if (number == SIGTERM || number == SIGINT) break;
    }
    size_t left = server__http_requests(service->http);
    if (left)
        server__log_line(service->log, SERVER__WARNING, "%zu requests are not finished", left);
    /* all jobs end before the connections are closed: none of those may be suspended then */
    for (size_t i = 0; i < service->models.file_count; i++)
        server__batcher_close(service->models.files[i]->batcher, left > 0);
    end = server__now() + LAST_ANSWERS_NS;
    while (left && server__http_requests(service->http) && server__now() < end)
        nanosleep(&step, NULL);
}

/* What a process that serves the world can do without: core files with texts in them, being
 * traced, gaining rights. */
static void harden(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int check(server__service *service)
{
    int code = open_parts(service);
    if (code == 0) code = server__check(service) ? 0 : 1;
    close_parts(service);
    return code;
}

int server__run(const server__settings *settings)
{
    static server__service service;
    sigset_t set;
    service.settings = *settings;
    server__limits_set(&service.limits, settings);
    char message[512];
    if (!(service.log = server__log_open(settings, message, sizeof message))) {
        fprintf(stderr, "gte-server: %s\n", message);
        return EXIT_FAILURE;
    }
    service.started_ns = server__now();
    clock_gettime(CLOCK_REALTIME, &service.started);
    if (settings->check) return check(&service);
    harden();
    block_signals(&set);
    int code = open_parts(&service);
    if (code == 0) code = start_batchers(&service);
    if (code == 0) code = open_cache(&service);
    /* before there is a socket: the first request over one from systemd must not fail */
    if (code == 0) server__warm_up(&service);
    atomic_store(&service.ready, code == 0);
    if (code == 0) code = start_http(&service);
    if (code == 0) {
        server__log_line(service.log, SERVER__INFO, "ready");
        server__notify("READY=1");
        serve(&service, &set);
        server__notify("STOPPING=1");
        drain(&service, &set);
        server__log_line(service.log, SERVER__INFO, "stopped");
    }
    close_parts(&service);
    return code;
}
