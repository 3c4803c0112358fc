/* The compression of whole blocks, for sha256.c and the tests: the definition in C, and where the
 * processor has instructions for it, those. */
#ifndef GTE_BASE_SHA256_BLOCKS_H
#define GTE_BASE_SHA256_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

extern const uint32_t gte__sha256_k[64];

typedef void gte__sha256_blocks(uint32_t state[8], const uint8_t *p, size_t blocks);
gte__sha256_blocks gte__sha256_blocks_scalar;
gte__sha256_blocks gte__sha256_blocks_x86; /* x86-64 only, where gte__cpu_has_sha */

/* The one to use on this machine; with GTE_CPU=scalar the first. */
gte__sha256_blocks *gte__sha256_blocks_best(void);

#endif
