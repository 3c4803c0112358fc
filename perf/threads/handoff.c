/* What it costs to hand a stage to the team: jobs of some stages with one task a thread, each of
 * which spins for a given time, without and with a serial gap between jobs.
 *
 *     handoff [THREADS] [JOBS]
 *
 * perf/threads/run.sh builds it. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/team.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void spin_us(double us)
{
    for (const double end = now() + us; us > 0 && now() < end;) continue;
}

typedef struct job {
    int stages;
    size_t tasks; /* of each */
    double us;    /* of a task */
} job;

static size_t next_stage(void *arg)
{
    job *j = arg;
    return j->stages-- > 0 ? j->tasks : 0;
}

static void run_task(void *arg, size_t number, int member)
{
    const job *j = arg;
    (void)number;
    (void)member;
    spin_us(j->us);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median and 99th percentile of what a stage costs beyond its tasks. */
static void measure(gte__team *team, int jobs, double us, double gap, double *cost)
{
    enum { STAGES = 20 };
    const int threads = gte__team_threads(team);
    for (int i = 0; i < jobs; i++) {
        job j = {STAGES, (size_t)threads, us};
        spin_us(gap);
        const double begin = now();
        gte__team_run(team, next_stage, run_task, &j);
        cost[i] = (now() - begin) / STAGES - us;
    }
    qsort(cost, (size_t)jobs, sizeof *cost, by_value);
    printf(
        "%d threads, jobs of %d stages %5.0f us apart, tasks of %5.0f us: a stage costs %7.2f us "
        "more, p99 %7.2f\n",
        threads, STAGES, gap, us, cost[jobs / 2], cost[jobs * 99 / 100]);
}

int main(int argc, char **argv)
{
    static const double work[] = {0, 2, 10, 50, 200}, gaps[] = {0, 20, 200};
    const int threads = argc > 1 ? atoi(argv[1]) : 2, jobs = argc > 2 ? atoi(argv[2]) : 300;
    gte__team *team = threads > 0 && jobs > 0 ? gte__team_create(threads, NULL) : NULL;
    double *cost = jobs > 0 ? calloc((size_t)jobs, sizeof *cost) : NULL;
    if (!team || !cost) return 1;
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++)
        for (size_t w = 0; w < sizeof work / sizeof *work; w++)
            measure(team, jobs, work[w], gaps[g], cost);
    free(cost);
    gte__team_free(team);
    return 0;
}
