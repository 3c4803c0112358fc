/* Warming up. */
#include "server/warm_up.h"

#include <pthread.h>
#include <stdlib.h>

#define LENGTH 16
#define TEXTS 2

typedef struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
} waiter;

static void job_done(server__job *job, server__job_end end)
{
    waiter *w = job->arg;
    (void)end;
    pthread_mutex_lock(&w->lock);
    w->done = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

static void warm_up(server__service *service, server__model *model)
{
    gte_token tokens[TEXTS][LENGTH] = {{{0, 0, 0, 0}}};
    server__item items[TEXTS] = {{0}};
    waiter w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    size_t dims = (size_t)model->info.hidden_size;
    float *vectors = service->settings.warm_up ? calloc(TEXTS * dims, sizeof *vectors) : NULL;
    uint64_t begin = server__now();
    if (!vectors) return;
    for (int i = 0; i < TEXTS; i++) {
        for (int k = 0; k < LENGTH; k++) tokens[i][k].id = (i + k) % model->info.vocab_size;
        items[i] =
            (server__item){.tokens = tokens[i], .count = LENGTH, .out = vectors + (size_t)i * dims};
    }
    server__job job = {.items = items,
                       .count = TEXTS,
                       .options = {model->info.hidden_size, model->info.pooling, 0},
                       .done = job_done,
                       .arg = &w};
    if (server__batcher_submit(model->batcher, &job) == SERVER__SUBMITTED) {
        pthread_mutex_lock(&w.lock);
        while (!w.done) pthread_cond_wait(&w.wake, &w.lock);
        pthread_mutex_unlock(&w.lock);
        server__log_line(service->log, SERVER__INFO, "warmed up in %.1f ms",
                         (double)(server__now() - begin) / 1e6);
    }
    free(vectors);
}

void server__warm_up(server__service *service)
{
    for (size_t i = 0; i < service->models.file_count; i++)
        warm_up(service, service->models.files[i]);
}
