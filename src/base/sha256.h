/* SHA-256 (FIPS 180-4), for the digest of a model file. */
#ifndef GTE_BASE_SHA256_H
#define GTE_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct gte__sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    uint8_t block[64];
} gte__sha256;

void gte__sha256_init(gte__sha256 *s);
void gte__sha256_update(gte__sha256 *s, const void *data, size_t size);
void gte__sha256_final(gte__sha256 *s, uint8_t digest[32]);

#endif
