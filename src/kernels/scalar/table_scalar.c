/* The scalar table: the definition of every kernel, and the fallback of every machine. */
#include "kernels_scalar.h"

const gte__kernels gte__kernels_scalar = {.isa = "scalar",
#define ENTRY(name, type, parameters) .name = gte__##name##_scalar,
                                          GTE__KERNELS(ENTRY)
#undef ENTRY
};
