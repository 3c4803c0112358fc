/* bf16 tiles without AVX512_BF16: weights are widened to f32 as they are loaded, activations are
 * f32. A 4-byte unit holds two steps of K: the even one in its low half, the odd one in its high
 * half. */
#define TILE(rows) gte__tile_bf16_avx512_##rows
#define OP vfmadd231ps
#define ADD vaddps
#define A_BYTES 8
#define WIDEN 1
#include "tile_avx512.inc"
