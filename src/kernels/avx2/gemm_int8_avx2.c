/* int8 weights on avx2: the table of the tiles in tile_int8_avx2.S and their epilogues. */
#include "kernels/avx2/finish_avx2.h"
#include "kernels/avx2/tiles_avx2.h"

TILES_4(gte__tile_int8_avx2_)
FINISH_FUNCTIONS(true)

const gte__gemm_kernel gte__gemm_int8_avx2 = {
    .isa = "avx2",
    .weights = GTE__ELEMENT_INT8,
    .a = GTE__ELEMENT_INT8,
    .rows = 4,
    .columns = 16,
    .tiles = TILE_TABLE_4(gte__tile_int8_avx2_),
    .finish = FINISH_TABLE,
};
