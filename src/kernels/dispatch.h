/* The table of kernels in use. */
#ifndef GTE_KERNELS_DISPATCH_H
#define GTE_KERNELS_DISPATCH_H

#include "base/cpu.h"
#include "kernels/kernels.h"

/* The table for a level, which must not be above gte__cpu_isa_best(). */
const gte__kernels *gte__kernels_for(gte__isa isa);

#endif
