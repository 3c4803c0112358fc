/* Names of the assembly tiles of one kernel: heights 1 to 4 or 6 (tile_avx2.inc). */
#ifndef GTE_KERNELS_TILES_AVX2_H
#define GTE_KERNELS_TILES_AVX2_H

#include "kernels/gemm.h"

#define TILES_4(name) gte__tile_fn name##1, name##2, name##3, name##4;
#define TILES_6(name) gte__tile_fn name##1, name##2, name##3, name##4, name##5, name##6;
#define TILE_TABLE_4(name)                                                                         \
    {                                                                                              \
        name##1, name##2, name##3, name##4                                                         \
    }
#define TILE_TABLE_6(name)                                                                         \
    {                                                                                              \
        name##1, name##2, name##3, name##4, name##5, name##6                                       \
    }

#endif
