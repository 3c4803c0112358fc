/* The __wrap_ functions behind failing.h. */
#include "failing.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

static failing_state own, *state = &own;

void failing_share(failing_state *shared)
{
    state = shared;
}

void failing_arm(size_t n)
{
    state->requests = 0;
    state->failing = n;
    state->happened = 0;
    state->armed = 1;
}

size_t failing_disarm(void)
{
    state->armed = 0;
    return state->requests;
}

bool failing_happened(void)
{
    return state->happened;
}

bool failing_fails(void)
{
    if (!state->armed || atomic_fetch_add(&state->requests, 1) + 1 != state->failing) return false;
    state->happened = 1;
    errno = ENOMEM;
    return true;
}

/* Names by the linker: __real_X is the X that --wrap=X took away. Parameters as in <stdlib.h>. */
#define WRAP(type, name, parameters, arguments, on_failure)                                        \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return failing_fails() ? on_failure : __real_##name arguments;                             \
    }

WRAP(void *, malloc, (size_t n), (n), NULL)
WRAP(void *, calloc, (size_t n, size_t size), (n, size), NULL)
WRAP(void *, realloc, (void *p, size_t n), (p, n), NULL)
WRAP(void *, reallocarray, (void *p, size_t n, size_t size), (p, n, size), NULL)
WRAP(void *, aligned_alloc, (size_t align, size_t n), (align, n), NULL)
WRAP(int, posix_memalign, (void **p, size_t align, size_t n), (p, align, n), ENOMEM)
WRAP(char *, strdup, (const char *s), (s), NULL)
WRAP(char *, strndup, (const char *s, size_t n), (s, n), NULL)
WRAP(void *, mmap, (void *at, size_t n, int prot, int flags, int fd, off_t offset),
     (at, n, prot, flags, fd, offset), MAP_FAILED)
WRAP(int, pthread_create,
     (pthread_t * thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg),
     (thread, attr, start, arg), EAGAIN)
