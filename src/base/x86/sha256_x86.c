/* SHA-256 by the SHA extensions (Intel SDM volume 2: SHA256RNDS2, SHA256MSG1, SHA256MSG2): four
 * rounds of FIPS 180-4 §6.2.2 in two instructions. Called where gte__cpu_has_sha says so. */
#include "base/sha256_blocks.h"

#include <immintrin.h>

/* The halves of the state in the order of SHA256RNDS2, the highest lane first. */
typedef struct halves {
    __m128i abef, cdgh;
} halves;

/* W[t .. t+3] from the sixteen words before, four a register. */
static __m128i schedule(__m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
    const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
    return _mm_sha256msg2_epu32(sum, w3);
}

static void four_rounds(halves *h, __m128i w, const uint32_t *k)
{
    const __m128i sum = _mm_add_epi32(w, _mm_loadu_si128((const __m128i *)(const void *)k));
    h->cdgh = _mm_sha256rnds2_epu32(h->cdgh, h->abef, sum);
    h->abef = _mm_sha256rnds2_epu32(h->abef, h->cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

static __m128i load_words(const uint8_t *p)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), swap);
}

static void compress(halves *h, const uint8_t *block)
{
    const uint32_t *k = gte__sha256_k;
    __m128i w0 = load_words(block), w1 = load_words(block + 16), w2 = load_words(block + 32),
            w3 = load_words(block + 48);
    four_rounds(h, w0, k);
    four_rounds(h, w1, k + 4);
    four_rounds(h, w2, k + 8);
    four_rounds(h, w3, k + 12);
    for (int t = 16; t < 64; t += 16) {
        w0 = schedule(w0, w1, w2, w3);
        four_rounds(h, w0, k + t);
        w1 = schedule(w1, w2, w3, w0);
        four_rounds(h, w1, k + t + 4);
        w2 = schedule(w2, w3, w0, w1);
        four_rounds(h, w2, k + t + 8);
        w3 = schedule(w3, w0, w1, w2);
        four_rounds(h, w3, k + t + 12);
    }
}

void gte__sha256_blocks_x86(uint32_t state[8], const uint8_t *p, size_t blocks)
{
    __m128i *const low = (__m128i *)(void *)state, *const high = low + 1;
    const __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128(low), 0xb1);
    const __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128(high), 0x1b);
    halves h = {_mm_alignr_epi8(badc, hgfe, 8), _mm_blend_epi16(hgfe, badc, 0xf0)};
    for (; blocks; blocks--, p += 64) {
        const halves before = h;
        compress(&h, p);
        h.abef = _mm_add_epi32(h.abef, before.abef);
        h.cdgh = _mm_add_epi32(h.cdgh, before.cdgh);
    }
    const __m128i abef = _mm_shuffle_epi32(h.abef, 0x1b), dchg = _mm_shuffle_epi32(h.cdgh, 0xb1);
    _mm_storeu_si128(low, _mm_blend_epi16(abef, dchg, 0xf0));
    _mm_storeu_si128(high, _mm_alignr_epi8(dchg, abef, 8));
}
