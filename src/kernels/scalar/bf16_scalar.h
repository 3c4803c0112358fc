/* bf16 in plain C, for the definitions of this folder. */
#ifndef GTE_KERNELS_BF16_SCALAR_H
#define GTE_KERNELS_BF16_SCALAR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float bf16_widen(uint16_t x)
{
    const uint32_t bits = (uint32_t)x << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* To nearest, ties to even; a NaN stays one. */
static inline uint16_t bf16_round(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    if (isnan(f)) return (uint16_t)((bits >> 16) | 0x40);
    return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

#endif
