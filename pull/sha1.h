/* SHA-1 (FIPS 180-4), because git names files by it. No protection against forgery: TLS is. */
#ifndef GTE_PULL_SHA1_H
#define GTE_PULL_SHA1_H

#include <stddef.h>
#include <stdint.h>

typedef struct pull__sha1 {
    uint32_t state[5];
    uint64_t length; /* bytes so far */
    uint8_t block[64];
} pull__sha1;

void pull__sha1_init(pull__sha1 *s);
void pull__sha1_update(pull__sha1 *s, const void *data, size_t size);
void pull__sha1_final(pull__sha1 *s, uint8_t digest[20]);

#endif
