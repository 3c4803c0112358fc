/* f32 tiles: fused multiply-add on 16 columns at a time. */
#define TILE(rows) gte__tile_f32_avx512_##rows
#define OP vfmadd231ps
#define ADD vaddps
#define A_BYTES 4
#define WIDEN 0
#include "tile_avx512.inc"
