/* int8 weights on avxvnni: the table of the tiles in tile_int8_avxvnni.S and their epilogues. */
#include "kernels/avx2/finish_avx2.h"
#include "kernels/avx2/tiles_avx2.h"

TILES_6(gte__tile_int8_avxvnni_)
FINISH_FUNCTIONS(true)

const gte__gemm_kernel gte__gemm_int8_avxvnni = {
    .isa = "avxvnni",
    .weights = GTE__ELEMENT_INT8,
    .a = GTE__ELEMENT_INT8,
    .rows = 6,
    .columns = 16,
    .tiles = TILE_TABLE_6(gte__tile_int8_avxvnni_),
    .finish = FINISH_TABLE,
};
