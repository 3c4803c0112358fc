/* The kernels in use: row kernels, matrix products, attention. */
#ifndef GTE_KERNELS_DISPATCH_H
#define GTE_KERNELS_DISPATCH_H

#include "base/cpu.h"
#include "kernels/attention.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"
#include "kernels/rows.h"

/* Every `isa` must be one that gte__cpu_has(). */

/* The table for a level, or the best below. */
const gte__kernels *gte__kernels_for(gte__isa isa);

/* Products with weights of that type at the level or below; what the activations must be is the
 * kernel's to say. */
const gte__gemm_kernel *gte__gemm_kernel_for(gte__element weights, gte__isa isa);

/* Attention on the type that a product of the level calls `wide`; bf16 exists only where one is. */
const gte__attention_kernel *gte__attention_kernel_for(gte__element wide, gte__isa isa);

/* Rows to what a product of the level reads, bf16 or int8; f32 needs no row kernels but those of
 * the table: NULL. */
const gte__row_kernels *gte__row_kernels_for(gte__element type, gte__isa isa);

#endif
