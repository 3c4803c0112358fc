/* The kernel checker: what its files share.
 *
 *     checkkern.c       options, the walk over levels, kernels and sizes
 *     check_one.c       one call of one kernel: operands, comparison, blame for a crash
 *     fence.c           operands beside unreadable pages, canaries
 *     checks_*.c        per kernel: how to call it, the exact result and the error allowed
 *     checks_gemm.c, checks_attention.c, checks_copies.c, guarded.c
 *                       products, attention, rows to bf16 and u8: a driver of their own
 *     kernel_bench.c    --bench
 *
 * A kernel in GTE__KERNELS without a `check_NAME` here does not link. */
#ifndef TESTS_CHECKKERN_H
#define TESTS_CHECKKERN_H

#include "kernels/dispatch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_N = 4096, MAX_ARRAYS = 5, MAX_PARAMS = 6 };

/* The rounding unit of f32, 2^-24; what a denormal result may be off by; and D of kernels.h. */
#define ROUNDING 0x1p-24
#define DENORMAL 0x1p-149
#define ADDITIONS(n) ((double)((n) / 8 + 8))

typedef struct check {
    const char *name;
    int arrays;      /* array 0 is the output */
    bool updates;    /* array 0 is an input, too */
    bool one_result; /* array 0 has one element, whatever n is */
    unsigned may_be; /* bit i: the output may be array i */
    int params;      /* values of the kernel's number to try; 0: it has none */
    float param[MAX_PARAMS];
    void (*call)(const gte__kernels *k, float *const *a, size_t n, float p);
    /* want: the exact result; bound: by how much it may be missed, infinite where the contract
     * promises nothing. From the operands as they were before the call. */
    void (*oracle)(double *want, double *bound, const float *const *a, size_t n, float p);
} check;

#define DECLARE_CHECK(name, type, parameters) extern const check check_##name;
GTE__KERNELS(DECLARE_CHECK)
#undef DECLARE_CHECK

/* Where an operand lies: against the page after it, against the page before it, between canaries
 * at an odd offset. */
typedef enum placement { AT_END, AT_START, BETWEEN, PLACEMENTS } placement;

/* What the operands hold. */
typedef enum values { NORMAL, WIDE, OFFSET, EQUAL, SPECIAL, NOT_FINITE, VALUES } values;

/* One operand's room. */
typedef struct fence fence;

bool fence_open(fence **out);
void fence_close(fence **f);
/* n elements of room; the rest becomes canaries. */
float *fence_place(fence *f, size_t n, placement where, unsigned offset);
/* NULL, or what happened to the canaries around the elements: "before" or "after". */
const char *fence_broken(const fence *f);
/* Whether the address lies in an unreadable page: "before" or "after", else NULL. */
const char *fence_blame(const fence *f, const void *address);

/* The bench: every kernel of every level up to `best`, or those that are named. */
void bench_kernels(const check *const *checks, size_t count, gte__isa best, const char *kernel);

/* One call; everything that decides it. */
typedef struct trial {
    const check *check;
    const gte__kernels *table;
    size_t n;
    placement where;
    values kind;
    float param;
    int same; /* the output is this array too; 0: its own */
} trial;

bool trials_begin(uint64_t seed);
void trials_end(void);
/* Runs it; false, with a line on standard error, when it breaks the contract. */
bool trial_run(const trial *t);

/* Values for an operand, from the seeded generator. */
void fill(float *x, size_t n, values kind);

#endif
