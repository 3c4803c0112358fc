/* Checks of matrix products, attention and rows between them: what checks_gemm.c,
 * checks_attention.c and checks_copies.c share. They
 * stand beside checkkern.c's checks of rows: operands lie flush against unreadable pages, results
 * are compared with sums in double. */
#ifndef TESTS_PRODUCT_CASE_H
#define TESTS_PRODUCT_CASE_H

#include "base/cpu.h"
#include "base/panels.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Counts of the whole program and the printing of one line a kernel. */
typedef struct product_result {
    unsigned passed, failed; /* cases: a shape with its epilogues, a length with its head size */
} product_result;

/* Every product, attention and row kernel of every level up to `best`, or of `isa` alone; `kernel`
 * may name one. Prints one line each. */
product_result check_products(gte__isa best, const char *isa, const char *kernel, uint64_t seed);
product_result check_attentions(gte__isa best, const char *isa, const char *kernel, uint64_t seed);
product_result check_copies(gte__isa best, const char *isa, const char *kernel, uint64_t seed);

/* ---- guarded.c ----------------------------------------------------------------------------- */

/* `bytes` that end flush at a page nobody may touch; the page before the first is closed, too.
 * NULL when memory is short. */
void *guarded_new(size_t bytes);
void guarded_free(void *p, size_t bytes);

/* A seeded generator, and roughly normal numbers of standard deviation 1 from it. */
void guarded_seed(uint64_t seed);
uint64_t guarded_random(void);
float guarded_normal(void);

/* Number i of an array of f32 or bf16 (get: or u8); one that is put is rounded to nearest. */
void element_put(void *array, gte__element type, size_t i, float x);
double element_get(const void *array, gte__element type, size_t i);
static inline size_t element_size(gte__element type)
{
    return GTE__UNIT_BYTES / gte__unit_elements(type);
}

#endif
