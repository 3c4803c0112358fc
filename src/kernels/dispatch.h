/* The kernels in use: row kernels, matrix products, attention. */
#ifndef GTE_KERNELS_DISPATCH_H
#define GTE_KERNELS_DISPATCH_H

#include "base/cpu.h"
#include "kernels/attention.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"

/* The table for a level, which must not be above gte__cpu_isa_best(). */
const gte__kernels *gte__kernels_for(gte__isa isa);

/* Products with weights of that type, and attention over what they make, at or below the level. */
const gte__gemm_kernel *gte__gemm_kernel_for(gte__element weights, gte__isa isa);
const gte__attention_kernel *gte__attention_kernel_for(gte__isa isa);

#endif
