/* int8 weights on AVX-512 VNNI with BF16: the tiles of tile_int8_avx512vnni.S, and epilogues that
 * round to bf16 in one instruction (emulated, that is a fifth of a GELU epilogue). Every processor
 * with AVX512_BF16 has AVX512_VNNI. */
#include "kernels/avx512/finish_avx512.h"
#include "kernels/avx512/tiles_avx512.h"

TILES(gte__tile_int8_avx512vnni_)
FINISH_FUNCTIONS(true)

const gte__gemm_kernel gte__gemm_int8_avx512bf16 = {
    .isa = "avx512bf16",
    .weights = GTE__ELEMENT_INT8,
    .a = GTE__ELEMENT_INT8,
    .wide = GTE__ELEMENT_BF16,
    .rows = 14,
    .columns = 32,
    .tiles = TILE_TABLE(gte__tile_int8_avx512vnni_),
    .finish = FINISH_TABLE,
};
