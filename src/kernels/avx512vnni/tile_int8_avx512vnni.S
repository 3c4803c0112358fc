/* int8 tiles: u8 x s8 dot products of four elements, exact int32 sums, 16 columns at a time. */
#define TILE(rows) gte__tile_int8_avx512vnni_##rows
#define OP vpdpbusd
#define ADD vpaddd
#define A_BYTES 4
#define WIDEN 0
#include "kernels/avx512/tile_avx512.inc"
