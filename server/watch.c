/* The list of connections and the thread that looks at their deadlines.
 *
 * Cutting is shutdown(2): the connection's own thread sees the end and cleans up, so nothing here
 * frees what others use. The lock keeps a descriptor from being closed, and used again, between
 * the look and the cut. */
#include "server/watch.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define TICKS_TO_LOOK 20 /* for clients that have left: every second */

struct server__watch {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    server__peer list; /* the ring's head */
    size_t count;
    bool stopping;
    uint64_t ticks;
    server__watch_calls calls;
};

uint64_t server__now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A client that closed its side together with its last request may have gone unnoticed: the event
 * of both came once, and libmicrohttpd read no further than the request. */
static bool has_left(const server__peer *peer)
{
    struct pollfd polled = {.fd = peer->fd, .events = POLLRDHUP};
    return atomic_load(&peer->idle) && poll(&polled, 1, 0) > 0 &&
           (polled.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

/* With the lock held. Only at the second look: there may be requests before the end. */
static void cut_left(server__watch *watch)
{
    for (server__peer *peer = watch->list.after; peer != &watch->list; peer = peer->after) {
        if (atomic_load(&peer->cut) || !has_left(peer)) continue;
        if (!atomic_exchange(&peer->seen_off, true)) continue;
        atomic_store(&peer->cut, true);
        shutdown(peer->fd, SHUT_RDWR);
    }
}

/* With the lock held. */
static void cut_late(server__watch *watch, uint64_t now)
{
    for (server__peer *peer = watch->list.after; peer != &watch->list; peer = peer->after) {
        uint64_t deadline = atomic_load_explicit(&peer->deadline_ns, memory_order_relaxed);
        if (deadline == 0 || deadline > now || atomic_load(&peer->cut)) continue;
        atomic_store(&peer->cut, true);
        shutdown(peer->fd, SHUT_RDWR);
        if (watch->calls.cut) watch->calls.cut(watch->calls.arg);
    }
}

static void *watch_main(void *arg)
{
    server__watch *watch = arg;
    pthread_mutex_lock(&watch->lock);
    while (!watch->stopping) {
        uint64_t until = server__now() + SERVER__TICK_MS * 1000000u;
        struct timespec at = {(time_t)(until / 1000000000u), (long)(until % 1000000000u)};
        pthread_cond_timedwait(&watch->wake, &watch->lock, &at);
        uint64_t now = server__now();
        cut_late(watch, now);
        if (++watch->ticks % TICKS_TO_LOOK == 0) cut_left(watch);
        pthread_mutex_unlock(&watch->lock);
        watch->calls.tick(watch->calls.arg, now);
        pthread_mutex_lock(&watch->lock);
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

server__watch *server__watch_start(const server__watch_calls *calls)
{
    server__watch *watch = calloc(1, sizeof *watch);
    pthread_condattr_t monotonic;
    if (!watch) return NULL;
    watch->calls = *calls;
    watch->list.before = watch->list.after = &watch->list;
    pthread_mutex_init(&watch->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&watch->thread, NULL, watch_main, watch) == 0) return watch;
    pthread_cond_destroy(&watch->wake);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
    return NULL;
}

void server__watch_stop(server__watch **watch)
{
    server__watch *w = *watch;
    if (!w) return;
    *watch = NULL;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

server__peer *server__watch_add(server__watch *watch, int fd, uint64_t deadline_ns)
{
    server__peer *peer = calloc(1, sizeof *peer);
    if (!peer) return NULL;
    peer->fd = fd;
    atomic_init(&peer->deadline_ns, deadline_ns);
    atomic_init(&peer->idle, true);
    pthread_mutex_lock(&watch->lock);
    peer->before = watch->list.before;
    peer->after = &watch->list;
    peer->before->after = peer->after->before = peer;
    watch->count++;
    pthread_mutex_unlock(&watch->lock);
    return peer;
}

void server__watch_remove(server__watch *watch, server__peer *peer)
{
    pthread_mutex_lock(&watch->lock);
    peer->before->after = peer->after;
    peer->after->before = peer->before;
    watch->count--;
    pthread_mutex_unlock(&watch->lock);
    free(peer);
}

size_t server__watch_count(server__watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    size_t count = watch->count;
    pthread_mutex_unlock(&watch->lock);
    return count;
}
