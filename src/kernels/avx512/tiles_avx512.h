/* Names of the assembly tiles of one kernel: heights 1 to 14 (tile_avx512.inc). */
#ifndef GTE_KERNELS_TILES_AVX512_H
#define GTE_KERNELS_TILES_AVX512_H

#include "kernels/gemm.h"

#define TILES(name)                                                                                \
    gte__tile_fn name##1, name##2, name##3, name##4, name##5, name##6, name##7, name##8, name##9,  \
        name##10, name##11, name##12, name##13, name##14;
#define TILE_TABLE(name)                                                                           \
    {                                                                                              \
        name##1, name##2, name##3, name##4, name##5, name##6, name##7, name##8, name##9, name##10, \
            name##11, name##12, name##13, name##14,                                                \
    }

#endif
