/* The AVX2 table. */
#include "kernels_avx2.h"

const gte__kernels gte__kernels_avx2 = {.isa = "avx2",
#define ENTRY(name, type, parameters) .name = gte__##name##_avx2,
                                        GTE__KERNELS(ENTRY)
#undef ENTRY
};
