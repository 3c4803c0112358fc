/* Allocations that fail on command. The linker's --wrap sends every call of malloc and its kin from
 * the library, the converter and the tests here. Not those inside system libraries: jansson 2.14,
 * for one, meets a failed request in the middle of a string with an assertion. */
#ifndef TESTS_OOM_FAILING_H
#define TESTS_OOM_FAILING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* From now on the n-th request fails, once; 0: none does, they are only counted. */
void failing_arm(size_t n);
/* Requests since failing_arm, which this ends. */
size_t failing_disarm(void);
/* Whether one has failed since failing_arm. */
bool failing_happened(void);

/* Asked by each function that may fail: whether it is to fail now. */
bool failing_fails(void);

/* The state in memory that another process sees, too, and commands from there. */
typedef struct failing_state {
    atomic_size_t armed, failing, requests, happened;
} failing_state;
void failing_share(failing_state *shared);

#endif
