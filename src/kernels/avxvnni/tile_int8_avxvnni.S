/* int8 tiles: u8 x s8 dot products of four elements, exact int32 sums, 8 columns at a time. The
 * VEX encoding: processors with AVX-VNNI need not have AVX-512. */
#define TILE(rows) gte__tile_int8_avxvnni_##rows
#define ADD vpaddd
#define A_BYTES 4
#include "kernels/avx2/tile_avx2.inc"

    .macro tile_setup
    .endm
    .macro row_multiply d, lo, hi, at
        vbroadcastss ymm12, dword ptr [\at+\d]
        {vex} vpdpbusd ymm\lo, ymm12, ymm14
        {vex} vpdpbusd ymm\hi, ymm12, ymm15
    .endm
    .macro tile_step n, s, u
        vmovups ymm14, [rdx+128*\u]
        vmovups ymm15, [rdx+128*\u+32]
        prefetcht1 [r9+128*\u]
        each_row \n, \s, row_multiply, %(4*\u)
    .endm

    .text
    tile 1, 4, TILE(1)
    tile 2, 2, TILE(2)
    tile 3, 2, TILE(3)
    tile 4, 1, TILE(4)
    tile 5, 1, TILE(5)
    tile 6, 1, TILE(6)
    .section .note.GNU-stack, "", @progbits
