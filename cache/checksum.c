/* Four lanes of 64 x 64 -> 128 bit products, folded; some 20 bytes a nanosecond, so that a look-up
 * does not feel it. SQLite's own checksums cover the log alone: of flipped bits in the file it sees
 * none (measured: 54 of 80 were served). */
#include "checksum.h"

#include <string.h>

#define LANES 4u
#define BLOCK (16u * LANES)

/* The fractional parts of the square roots of the first eight primes (FIPS 180-4, 5.3.5). */
static const uint64_t roots[8] = {UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b),
                                  UINT64_C(0x3c6ef372fe94f82b), UINT64_C(0xa54ff53a5f1d36f1),
                                  UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f),
                                  UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179)};

static uint64_t load(const unsigned char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static void take_block(uint64_t lane[LANES], const unsigned char *p)
{
    for (unsigned i = 0; i < LANES; i++)
        lane[i] = fold(load(p + 16 * i) ^ roots[i], load(p + 16 * i + 8) ^ lane[i]);
}

uint64_t cache__checksum(const gte_cache_key *key, const void *data, size_t size)
{
    uint64_t lane[LANES] = {roots[4], roots[5], roots[6], roots[7]};
    unsigned char last[BLOCK] = {0};
    const unsigned char *p = data;
    memcpy(last, key->bytes, sizeof key->bytes);
    memcpy(last + sizeof key->bytes, &(uint64_t){size}, sizeof(uint64_t));
    take_block(lane, last);
    for (; size >= BLOCK; size -= BLOCK, p += BLOCK) take_block(lane, p);
    memset(last, 0, sizeof last);
    if (size) memcpy(last, p, size);
    take_block(lane, last);
    return fold(fold(lane[0] ^ roots[4], lane[1] ^ roots[5]) ^ roots[6],
                fold(lane[2] ^ roots[7], lane[3] ^ roots[0]) ^ roots[1]);
}
