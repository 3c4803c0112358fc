/* SHA-256, FIPS 180-4 §6.2, straight from the standard; x86/sha256_x86.c compresses blocks where
 * the processor can. */
#include "base/sha256.h"

#include <string.h>

#include "base/cpu.h"
#include "base/sha256_blocks.h"

/* §4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes */
const uint32_t gte__sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotr(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint32_t load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store_be32(uint8_t *p, uint32_t x)
{
    p[0] = (uint8_t)(x >> 24), p[1] = (uint8_t)(x >> 16), p[2] = (uint8_t)(x >> 8),
    p[3] = (uint8_t)x;
}

static void compress(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[64], v[8];
    for (int t = 0; t < 16; t++) w[t] = load_be32(block + 4 * t);
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }
    memcpy(v, state, sizeof v);
    for (int t = 0; t < 64; t++) {
        uint32_t a = v[0], e = v[4];
        uint32_t s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
        uint32_t t1 = v[7] + s1 + ((e & v[5]) ^ (~e & v[6])) + gte__sha256_k[t] + w[t];
        uint32_t s0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
        uint32_t t2 = s0 + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        v[7] = v[6], v[6] = v[5], v[5] = e, v[4] = v[3] + t1;
        v[3] = v[2], v[2] = v[1], v[1] = a, v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) state[i] += v[i];
}

void gte__sha256_blocks_scalar(uint32_t state[8], const uint8_t *p, size_t blocks)
{
    for (; blocks; blocks--, p += 64) compress(state, p);
}

gte__sha256_blocks *gte__sha256_blocks_best(void)
{
#if defined(__x86_64__)
    if (gte__cpu_has_sha() && gte__cpu_isa() != GTE__ISA_SCALAR) return gte__sha256_blocks_x86;
#endif
    return gte__sha256_blocks_scalar;
}

void gte__sha256_init(gte__sha256 *s)
{
    /* §5.3.3: the fractional parts of the square roots of the first 8 primes */
    static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(s->state, initial, sizeof initial);
    s->length = 0;
}

void gte__sha256_update(gte__sha256 *s, const void *data, size_t size)
{
    gte__sha256_blocks *blocks = gte__sha256_blocks_best();
    const uint8_t *p = data;
    size_t have = s->length % 64;
    s->length += size;
    if (have) {
        size_t take = size < 64 - have ? size : 64 - have;
        memcpy(s->block + have, p, take);
        p += take, size -= take;
        if (have + take < 64) return;
        blocks(s->state, s->block, 1);
    }
    blocks(s->state, p, size / 64);
    if (size % 64) memcpy(s->block, p + size / 64 * 64, size % 64);
}

void gte__sha256_final(gte__sha256 *s, uint8_t digest[32])
{
    static const uint8_t padding[64] = {0x80};
    uint8_t bits[8];
    store_be32(bits, (uint32_t)(s->length >> 29));
    store_be32(bits + 4, (uint32_t)(s->length << 3));
    size_t have = s->length % 64;
    gte__sha256_update(s, padding, have < 56 ? 56 - have : 120 - have);
    gte__sha256_update(s, bits, sizeof bits);
    for (int i = 0; i < 8; i++) store_be32(digest + 4 * i, s->state[i]);
}
