/* f32 tiles: fused multiply-add on 8 columns at a time, 6 rows x 16 columns. */
#define TILE(rows) gte__tile_f32_avx2_##rows
#define ADD vaddps
#define A_BYTES 4
#include "tile_avx2.inc"

    .macro tile_setup
    .endm
    .macro row_multiply d, lo, hi, at
        vbroadcastss ymm12, dword ptr [\at+\d]
        vfmadd231ps ymm\lo, ymm12, ymm14
        vfmadd231ps ymm\hi, ymm12, ymm15
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
