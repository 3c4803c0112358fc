/* bf16 weights on avx2: the table of the tiles in tile_bf16_avx2.S and their epilogues. */
#include "kernels/avx2/finish_avx2.h"
#include "kernels/avx2/tiles_avx2.h"

TILES_6(gte__tile_bf16_avx2_)
FINISH_FUNCTIONS(false)

const gte__gemm_kernel gte__gemm_bf16_avx2 = {
    .isa = "avx2",
    .weights = GTE__ELEMENT_BF16,
    .a = GTE__ELEMENT_F32,
    .rows = 6,
    .columns = 16,
    .tiles = TILE_TABLE_6(gte__tile_bf16_avx2_),
    .finish = FINISH_TABLE,
};
