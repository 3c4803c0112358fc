/* A team of threads that runs the tasks of one job at a time.
 *
 * Tasks are claimed one by one from a shared counter, so a member that lost its core to another
 * process delays only the task it holds. The caller works too and waits for tasks, never for
 * members: a member that has not woken yet costs nothing. Idle members spin for a few microseconds
 * (the next job of a forward pass is that near) and then sleep in the kernel. */
#ifndef GTE_BASE_TEAM_H
#define GTE_BASE_TEAM_H

#include <stddef.h>

typedef struct gte__team gte__team;

/* A task: its number, and the member that runs it (0 is the caller, < threads). */
typedef void gte__task(void *arg, size_t task, int member);

/* Starts threads - 1 threads, each of which calls `start` (may be NULL) first. NULL when memory or
 * threads are short. threads = 1 starts none. */
gte__team *gte__team_create(int threads, void (*start)(void));

/* Joins the threads. NULL is allowed. */
void gte__team_free(gte__team *team);

int gte__team_threads(const gte__team *team);

/* Runs fn(arg, 0 .. tasks-1, member) and returns when all are done; what they wrote is visible to
 * the caller. One caller at a time; not from inside a task. tasks < 2^31. */
void gte__team_run(gte__team *team, gte__task *fn, void *arg, size_t tasks);

#endif
