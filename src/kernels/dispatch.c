/* Chooses the kernel table for a level. The levels themselves are found in base/cpu.c. */
#include "kernels/dispatch.h"

const gte__kernels *gte__kernels_for(gte__isa isa)
{
    (void)isa; /* one table so far */
    return &gte__kernels_scalar;
}
