/* bf16 tiles: dot products of two elements, f32 sums, 16 columns at a time. */
#define TILE(rows) gte__tile_bf16_avx512bf16_##rows
#define OP vdpbf16ps
#define ADD vaddps
#define A_BYTES 4
#define WIDEN 0
#include "kernels/avx512/tile_avx512.inc"
