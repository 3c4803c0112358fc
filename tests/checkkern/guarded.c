/* Operands of products and attention: any size, between closed pages, filled at random. */
#include "product_case.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t state = 88172645463325252u;

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t span_of(size_t bytes)
{
    const size_t page = page_size();
    return (bytes + page - 1) / page * page;
}

void *guarded_new(size_t bytes)
{
    const size_t page = page_size(), span = span_of(bytes);
    char *map = mmap(NULL, span + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) return NULL;
    if (mprotect(map + page, span, PROT_READ | PROT_WRITE) != 0) return NULL;
    return map + page + span - bytes;
}

void guarded_free(void *p, size_t bytes)
{
    const size_t page = page_size(), span = span_of(bytes);
    if (p) munmap((char *)p + bytes - span - page, span + 2 * page);
}

void guarded_seed(uint64_t seed)
{
    state = 88172645463325252u ^ seed * 2654435761u;
    if (!state) state = 1;
}

/* xorshift64 (Marsaglia, 2003) */
uint64_t guarded_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

float guarded_normal(void)
{
    double sum = 0;
    for (int i = 0; i < 4; i++) sum += (double)(guarded_random() >> 11) * 0x1p-53 - 0.5;
    return (float)(sum * 1.7320508);
}

void element_put(void *array, gte__element type, size_t i, float x)
{
    uint32_t bits;
    if (type == GTE__ELEMENT_F32) {
        ((float *)array)[i] = x;
        return;
    }
    memcpy(&bits, &x, sizeof bits);
    ((uint16_t *)array)[i] = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

double element_get(const void *array, gte__element type, size_t i)
{
    if (type == GTE__ELEMENT_F32) return (double)((const float *)array)[i];
    if (type == GTE__ELEMENT_INT8) return (double)((const uint8_t *)array)[i];
    const uint32_t bits = (uint32_t)((const uint16_t *)array)[i] << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return (double)x;
}
