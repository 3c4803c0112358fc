/* SHA-1 as FIPS 180-4 writes it. */
#include "pull/sha1.h"

#include <string.h>

static uint32_t rotate(uint32_t x, int by)
{
    return (x << by) | (x >> (32 - by));
}

static void compress(uint32_t state[5], const uint8_t block[64])
{
    uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int t = 0; t < 16; t++)
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
               (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    for (int t = 16; t < 80; t++) w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (int t = 0; t < 80; t++) {
        uint32_t f, k;
        if (t < 20)
            f = (b & c) | (~b & d), k = 0x5a827999u;
        else if (t < 40)
            f = b ^ c ^ d, k = 0x6ed9eba1u;
        else if (t < 60)
            f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdcu;
        else
            f = b ^ c ^ d, k = 0xca62c1d6u;
        uint32_t next = rotate(a, 5) + f + e + k + w[t];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void pull__sha1_init(pull__sha1 *s)
{
    *s = (pull__sha1){.state = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u}};
}

void pull__sha1_update(pull__sha1 *s, const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size) {
        size_t used = s->length % 64, take = 64 - used;
        if (take > size) take = size;
        memcpy(s->block + used, at, take);
        s->length += take;
        at += take;
        size -= take;
        if (s->length % 64 == 0) compress(s->state, s->block);
    }
}

void pull__sha1_final(pull__sha1 *s, uint8_t digest[20])
{
    uint8_t end[8];
    uint64_t bits = s->length * 8;
    for (int i = 0; i < 8; i++) end[i] = (uint8_t)(bits >> (56 - 8 * i));
    pull__sha1_update(s, "\x80", 1);
    while (s->length % 64 != 56) pull__sha1_update(s, "", 1);
    pull__sha1_update(s, end, sizeof end);
    for (int i = 0; i < 20; i++) digest[i] = (uint8_t)(s->state[i / 4] >> (24 - 8 * (i % 4)));
}
