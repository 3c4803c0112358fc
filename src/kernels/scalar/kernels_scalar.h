/* The scalar kernels by name, for the files of this folder and its table. */
#ifndef GTE_KERNELS_SCALAR_H
#define GTE_KERNELS_SCALAR_H

#include "kernels/kernels.h"

#define GTE__KERNEL_SCALAR(name, type, parameters) type gte__##name##_scalar parameters;
GTE__KERNELS(GTE__KERNEL_SCALAR)

#endif
