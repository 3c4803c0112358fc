/* Elements of a tensor as f32: half and bfloat16 widen exactly, whatever the stride. Written for
 * every processor; conversion is bound by the disk. */
#include "convert/element.h"

#include <string.h>

#include "convert/checkpoint.h"

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float convert__bf16_to_f32(uint16_t bits)
{
    return from_bits((uint32_t)bits << 16);
}

float convert__f16_to_f32(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000u) << 16;
    uint32_t exponent = (bits >> 10) & 31u, fraction = bits & 1023u;
    if (exponent == 31) return from_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent == 0) {
        /* zero or subnormal: fraction * 2^-24, which f32 holds exactly */
        float magnitude = (float)fraction * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

/* Little-endian on every processor. */
static uint32_t load(const uint8_t *p, unsigned size)
{
    uint32_t bits = (uint32_t)(p[0] | p[1] << 8);
    if (size == 4) bits |= (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    return bits;
}

/* `count` elements that lie `stride` elements apart. */
static void read_run(const convert__tensor *tensor, const uint8_t *p, uint64_t stride, size_t count,
                     float *out)
{
    unsigned size = tensor->dtype == CONVERT__F32 ? 4 : 2;
    size_t step = (size_t)(stride * size);
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = load(p + i * step, size);
        if (tensor->dtype == CONVERT__F32)
            out[i] = from_bits(bits);
        else if (tensor->dtype == CONVERT__F16)
            out[i] = convert__f16_to_f32((uint16_t)bits);
        else
            out[i] = convert__bf16_to_f32((uint16_t)bits);
    }
}

void convert__tensor_read(const convert__tensor *tensor, uint64_t first, size_t count, float *out)
{
    unsigned size = tensor->dtype == CONVERT__F32 ? 4 : 2;
    unsigned last = tensor->rank - 1;
    uint64_t cols = tensor->shape[last], stride = tensor->strides[last];
    while (count > 0) {
        uint64_t row = first / cols, col = first % cols;
        uint64_t at = (last ? row * tensor->strides[0] : 0) + col * stride;
        size_t run = cols - col < count ? (size_t)(cols - col) : count;
        read_run(tensor, tensor->data + at * size, stride, run, out);
        first += run;
        out += run;
        count -= run;
    }
}
