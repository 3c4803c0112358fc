/* Operands beside unreadable pages: an access outside the array faults at once, also a read. */
#include "checkkern.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GUARD = 64 }; /* canaries looked at on each side, in elements */

struct fence {
    unsigned char *map; /* one unreadable page, the body, one unreadable page */
    size_t page, body;  /* bytes */
    float *at;
    size_t n;
};

static const uint32_t canary = 0xc0a5f1deu;

bool fence_open(fence **out)
{
    fence *f = calloc(1, sizeof *f);
    *out = f;
    if (!f) return false;
    f->page = (size_t)sysconf(_SC_PAGESIZE);
    f->body = (((MAX_N + 4 * GUARD) * sizeof(float)) / f->page + 1) * f->page;
    f->map = mmap(NULL, f->body + 2 * f->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (f->map == MAP_FAILED) {
        f->map = NULL;
        return false;
    }
    return mprotect(f->map + f->page, f->body, PROT_READ | PROT_WRITE) == 0;
}

void fence_close(fence **f)
{
    if (!*f) return;
    if ((*f)->map) munmap((*f)->map, (*f)->body + 2 * (*f)->page);
    free(*f);
    *f = NULL;
}

static float *body(const fence *f)
{
    return (float *)(void *)(f->map + f->page);
}

float *fence_place(fence *f, size_t n, placement where, unsigned offset)
{
    const size_t room = f->body / sizeof(float);
    f->n = n;
    f->at = body(f);
    if (where == AT_END) f->at += room - n;
    if (where == BETWEEN) f->at += GUARD + 1 + offset % 16;
    for (size_t i = 0; i < room; i++) memcpy(body(f) + i, &canary, sizeof canary);
    return f->at;
}

const char *fence_broken(const fence *f)
{
    const float *end = body(f) + f->body / sizeof(float);
    for (int i = 1; i <= GUARD && f->at - i >= body(f); i++)
        if (memcmp(f->at - i, &canary, sizeof canary) != 0) return "before";
    for (const float *p = f->at + f->n; p < end && p < f->at + f->n + GUARD; p++)
        if (memcmp(p, &canary, sizeof canary) != 0) return "after";
    return NULL;
}

const char *fence_blame(const fence *f, const void *address)
{
    const uintptr_t a = (uintptr_t)address, first = (uintptr_t)f->map;
    if (a >= first && a < first + f->page) return "before";
    if (a >= first + f->page + f->body && a < first + f->body + 2 * f->page) return "after";
    return NULL;
}
