/* Between the files of the program. */
#ifndef TESTS_OOM_H
#define TESTS_OOM_H

#include "gte.h"

typedef gte_status scenario(gte_error *err);

/* Fails the n-th request of `run` for n = 1, 2, ... until none of them is reached. Returns how many
 * there were. */
size_t oom_exhaust(const char *name, scenario *run);

/* oom_tasks.c: heads and tasks. */
void oom_test_tasks(void);

/* oom_train.c: the trainer of gte train. */
void oom_test_train(void);

#endif
