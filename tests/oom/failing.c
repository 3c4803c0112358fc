/* The __wrap_ functions behind failing.h. */
#include "failing.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

static atomic_bool armed;
static atomic_size_t requests, failing;
static atomic_bool happened;

void failing_arm(size_t n)
{
    requests = 0;
    failing = n;
    happened = false;
    armed = true;
}

size_t failing_disarm(void)
{
    armed = false;
    return requests;
}

bool failing_happened(void)
{
    return happened;
}

static bool fails(void)
{
    if (!armed || atomic_fetch_add(&requests, 1) + 1 != failing) return false;
    happened = true;
    errno = ENOMEM;
    return true;
}

/* Names by the linker: __real_X is the X that --wrap=X took away. Parameters as in <stdlib.h>. */
#define WRAP(type, name, parameters, arguments, on_failure)                                        \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails() ? on_failure : __real_##name arguments;                                     \
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
