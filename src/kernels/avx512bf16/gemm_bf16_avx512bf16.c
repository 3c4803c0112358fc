/* bf16 weights on AVX-512 BF16: the tiles of tile_bf16_avx512bf16.S and their epilogues. */
#include "kernels/avx512/finish_avx512.h"
#include "kernels/avx512/tiles_avx512.h"

TILES(gte__tile_bf16_avx512bf16_)
FINISH_FUNCTIONS(false)

const gte__gemm_kernel gte__gemm_bf16_avx512bf16 = {
    .isa = "avx512bf16",
    .weights = GTE__ELEMENT_BF16,
    .a = GTE__ELEMENT_BF16,
    .wide = GTE__ELEMENT_BF16,
    .rows = 14,
    .columns = 32,
    .tiles = TILE_TABLE(gte__tile_bf16_avx512bf16_),
    .finish = FINISH_TABLE,
};
