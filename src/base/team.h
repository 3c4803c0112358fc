/* A team of threads that runs one job at a time: a sequence of stages, each of independent tasks.
 *
 * Tasks are claimed one by one, so a member that lost its core to another process delays only the
 * task it holds. Whoever finishes the last task of a stage prepares the next one, so a stage never
 * waits for a certain thread, not even for the caller. Who has nothing to do spins for some
 * microseconds (the next stage of a forward pass is that near) and then sleeps in the kernel.
 *
 * Between two tasks a thread that has run for a while offers its core to others (sched_yield): a
 * process that shares the core then runs while nobody waits for this thread, instead of cutting
 * into a task for which all others would wait. */
#ifndef GTE_BASE_TEAM_H
#define GTE_BASE_TEAM_H

#include <stddef.h>

typedef struct gte__team gte__team;

/* A task: its number, and the member that runs it (0 is the caller, < threads). */
typedef void gte__task(void *arg, size_t task, int member);

/* Prepares a stage and says how many tasks it has, < 2^31; 0: the job is done. Called by one
 * thread at a time, with everything that earlier tasks wrote visible. */
typedef size_t gte__stage(void *arg);

/* Starts threads - 1 threads, each of which calls `start` (may be NULL) first. NULL when memory or
 * threads are short. threads = 1 starts none. */
gte__team *gte__team_create(int threads, void (*start)(void));

/* Joins the threads. NULL is allowed. */
void gte__team_free(gte__team *team);

int gte__team_threads(const gte__team *team);

/* Runs next(arg), then fn(arg, 0 .. tasks-1, member), and so on until there is no next stage; what
 * tasks wrote is visible to the caller. One caller at a time; not from inside a task. */
void gte__team_run(gte__team *team, gte__stage *next, gte__task *fn, void *arg);

/* For a task of many parts: called between two of them, while no other thread waits for this one,
 * it does what the team does between two tasks. */
void gte__team_breathe(gte__team *team, int member);

#endif
