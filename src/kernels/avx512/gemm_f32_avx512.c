/* f32 weights on AVX-512: the table of the tiles in tile_f32_avx512.S and their epilogues. */
#include "kernels/avx512/finish_avx512.h"
#include "kernels/avx512/tiles_avx512.h"

TILES(gte__tile_f32_avx512_)
FINISH_FUNCTIONS(false)

const gte__gemm_kernel gte__gemm_f32_avx512 = {
    .isa = "avx512",
    .weights = GTE__ELEMENT_F32,
    .a = GTE__ELEMENT_F32,
    .rows = 14,
    .columns = 32,
    .tiles = TILE_TABLE(gte__tile_f32_avx512_),
    .finish = FINISH_TABLE,
};
