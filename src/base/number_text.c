/* Decimal text of floats and integers.
 *
 * Nearly every component of a vector lies in [1e-4, 1). There a float is m / 2^s with m < 2^24 and
 * s < 38, and its nine digits are m * 10^p / 2^s with p <= 12: below 2^64, so that integers round
 * it exactly, ties to even, as printf does. Everything else goes to printf. */
#include "number_text.h"

#include <stdio.h>
#include <string.h>

size_t gte__integer_text(int64_t value, char out[GTE__NUMBER_SIZE])
{
    char digits[GTE__NUMBER_SIZE];
    size_t n = 0, used = 0;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    if (value < 0) out[used++] = '-';
    do {
        digits[n++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    while (n) out[used++] = digits[--n];
    return used;
}

static uint64_t shift_to_nearest_even(uint64_t value, unsigned shift)
{
    uint64_t quotient = value >> shift;
    uint64_t rest = value & (((uint64_t)1 << shift) - 1);
    uint64_t half = (uint64_t)1 << (shift - 1);
    return quotient + (rest > half || (rest == half && (quotient & 1)));
}

size_t gte__float_text(float value, char out[GTE__NUMBER_SIZE])
{
    /* leading zeros after the point: 1e9, 1e10, 1e11, 1e12 bring nine digits before it */
    static const uint64_t scale[4] = {1000000000u, 10000000000u, 100000000000u, 1000000000000u};
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    float magnitude = value < 0 ? -value : value;
    if (!(magnitude >= 1.001e-4f && magnitude < 0.999999f))
        return (size_t)snprintf(out, GTE__NUMBER_SIZE, "%.9g", (double)value);

    unsigned zeros = magnitude >= 0.1f ? 0 : magnitude >= 0.01f ? 1 : magnitude >= 0.001f ? 2 : 3;
    uint64_t mantissa = (bits & 0x7fffffu) | 0x800000u;
    unsigned shift = 150u - (bits >> 23 & 0xffu); /* 127 + 23 - exponent */
    uint64_t nine = shift_to_nearest_even(mantissa * scale[zeros], shift);
    /* the float nearest to 0.1 and friends may lie on the other side of the decimal bound */
    if (nine < 100000000u || nine > 999999999u)
        return (size_t)snprintf(out, GTE__NUMBER_SIZE, "%.9g", (double)value);

    size_t used = 0, digits = 9;
    if (value < 0) out[used++] = '-';
    out[used++] = '0';
    out[used++] = '.';
    while (zeros--) out[used++] = '0';
    while (nine % 10 == 0) {
        nine /= 10;
        digits--;
    }
    for (size_t i = digits; i-- > 0; nine /= 10) out[used + i] = (char)('0' + nine % 10);
    return used + digits;
}
