/* Sizes that cannot overflow, and aligned blocks. All allocation of the library goes through
 * malloc, calloc or gte__block_alloc, so that a test can make each one fail. */
#ifndef GTE_BASE_MEMORY_H
#define GTE_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GTE_ALIGNMENT 64u /* one cache line, one AVX-512 register */

/* *out = a * b (or a + b); false, and *out untouched, when it does not fit a size_t. */
static inline bool gte__mul(size_t a, size_t b, size_t *out)
{
    size_t r;
    if (__builtin_mul_overflow(a, b, &r)) return false;
    *out = r;
    return true;
}

static inline bool gte__add(size_t a, size_t b, size_t *out)
{
    size_t r;
    if (__builtin_add_overflow(a, b, &r)) return false;
    *out = r;
    return true;
}

/* Rounds up to a multiple of `to`, a power of two; false when it does not fit. */
static inline bool gte__round_up(size_t n, size_t to, size_t *out)
{
    size_t r;
    if (!gte__add(n, to - 1, &r)) return false;
    *out = r & ~(to - 1);
    return true;
}

/* A plan for one block cut into aligned parts: add parts, allocate total, then take them in the
 * same order. A plan that overflowed stays `bad`; its block must not be allocated. */
typedef struct gte__plan {
    size_t total;
    bool bad;
} gte__plan;

/* Reserves count elements of `size` bytes; returns the part's offset in the block. */
size_t gte__plan_add(gte__plan *plan, size_t count, size_t size);

/* A block aligned to GTE_ALIGNMENT, contents undefined, or NULL. Freed with free(). Large blocks
 * are untouched pages of the system until they are written. */
void *gte__block_alloc(size_t size);

#endif
