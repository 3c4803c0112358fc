/* The loops of probe.h in C, for other processors and for the scalar level: what the compiler makes
 * of a multiplication and an addition without options for the machine. */
#include <stdint.h>

#include "probe_units.h"

enum { SUMS = 32, WORDS = 8 };

static void multiply_add(long rounds)
{
    static volatile const float operands[2] = {0.7265625f, 0.8203125f};
    const float a = operands[0], b = operands[1];
    float sums[SUMS] = {0};
    while (rounds--) {
        for (int i = 0; i < SUMS; i++) sums[i] = sums[i] * a + b;
        /* else the compiler would notice that all sums are equal, or that nobody reads them */
        __asm__ volatile("" : : "r"(sums) : "memory");
    }
}

bench_loop bench__loop_plain(void)
{
    return (bench_loop){multiply_add, 2.0 * SUMS};
}

void bench__read_plain(const void *data, size_t size, long passes)
{
    uint64_t sums[WORDS] = {0};
    while (passes--) {
        const uint64_t *at = data;
        for (size_t n = size / sizeof sums; n; n--, at += WORDS)
            for (int i = 0; i < WORDS; i++) sums[i] ^= at[i];
        __asm__ volatile("" : : "r"(sums) : "memory");
    }
}
