/* The kernels in use: row kernels, matrix products, attention. */
#ifndef GTE_KERNELS_DISPATCH_H
#define GTE_KERNELS_DISPATCH_H

#include "base/cpu.h"
#include "kernels/attention.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"
#include "kernels/rows.h"

/* The table for a level, which must not be above gte__cpu_isa_best(). */
const gte__kernels *gte__kernels_for(gte__isa isa);

/* Products with weights of that type at the level or below; what the activations must be is the
 * kernel's to say. */
const gte__gemm_kernel *gte__gemm_kernel_for(gte__element weights, gte__isa isa);

/* Attention and rows for a product's activations. bf16 ones exist only at GTE__ISA_AVX512BF16,
 * where a product asks for them; f32 needs no row kernels but those of the table: NULL. */
const gte__attention_kernel *gte__attention_kernel_for(gte__element type, gte__isa isa);
const gte__row_kernels *gte__row_kernels_for(gte__element type);

#endif
