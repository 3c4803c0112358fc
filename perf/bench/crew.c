/* Starting together, for crew.h. */
#include "crew.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct crew {
    bench_job *job;
    void *arg;
    int threads;
    atomic_int next, ready;
    atomic_bool cancelled;
    double rates[BENCH_MAX_THREADS];
} crew;

static void *work(void *arg)
{
    crew *c = arg;
    const int self = atomic_fetch_add(&c->next, 1);
    atomic_fetch_add(&c->ready, 1);
    while (atomic_load(&c->ready) < c->threads)
        if (sched_yield() != 0 || atomic_load(&c->cancelled)) return NULL;
    c->rates[self] = c->job(c->arg, self);
    return NULL;
}

double bench__crew_run(int threads, bench_job *job, void *arg)
{
    crew c = {.job = job, .arg = arg, .threads = threads};
    pthread_t ids[BENCH_MAX_THREADS];
    double sum = 0;
    int started = 1;
    if (threads < 1 || threads > BENCH_MAX_THREADS) return 0;
    while (started < threads && pthread_create(&ids[started], NULL, work, &c) == 0) started++;
    if (started == threads)
        work(&c);
    else
        atomic_store(&c.cancelled, true);
    for (int i = 1; i < started; i++) pthread_join(ids[i], NULL);
    for (int i = 0; i < threads; i++) sum += c.rates[i];
    return started == threads ? sum : 0;
}
