/* The AVX-512 table. */
#include "kernels_avx512.h"

const gte__kernels gte__kernels_avx512 = {.isa = "avx512",
#define ENTRY(name, type, parameters) .name = gte__##name##_avx512,
                                          GTE__KERNELS(ENTRY)
#undef ENTRY
};
