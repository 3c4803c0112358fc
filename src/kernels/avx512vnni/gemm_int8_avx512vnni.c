/* int8 weights on AVX-512 VNNI: the tiles of tile_int8_avx512vnni.S and their epilogues. */
#include "kernels/avx512/finish_avx512.h"
#include "kernels/avx512/tiles_avx512.h"

TILES(gte__tile_int8_avx512vnni_)
FINISH_FUNCTIONS(true)

const gte__gemm_kernel gte__gemm_int8_avx512vnni = {
    .isa = "avx512vnni",
    .weights = GTE__ELEMENT_INT8,
    .a = GTE__ELEMENT_INT8,
    .rows = 14,
    .columns = 32,
    .tiles = TILE_TABLE(gte__tile_int8_avx512vnni_),
    .finish = FINISH_TABLE,
};
