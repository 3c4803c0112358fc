/* bf16 tiles: weights are widened to f32 as they are loaded, activations are f32. A 4-byte unit
 * holds two steps of K: the even one in its low half, the odd one in its high half. */
#define TILE(rows) gte__tile_bf16_avx2_##rows
#define ADD vaddps
#define A_BYTES 8
#include "tile_avx2.inc"

    .macro tile_setup
        vpcmpeqd ymm13, ymm13, ymm13
        vpslld ymm13, ymm13, 16
    .endm
    .macro row_multiply d, lo, hi, at
        vbroadcastss ymm12, dword ptr [\at+\d]
        vfmadd231ps ymm\lo, ymm12, ymm14
        vfmadd231ps ymm\hi, ymm12, ymm15
    .endm
    .macro tile_step n, s, u
        vmovups ymm14, [rdx+128*\u]
        vmovups ymm15, [rdx+128*\u+32]
        vpslld ymm14, ymm14, 16
        vpslld ymm15, ymm15, 16
        prefetcht1 [r9+128*\u]
        each_row \n, \s, row_multiply, %(8*\u)
        vpand ymm14, ymm13, [rdx+128*\u]
        vpand ymm15, ymm13, [rdx+128*\u+32]
        each_row \n, \s, row_multiply, %(8*\u+4)
    .endm

    .text
    tile 1, 2, TILE(1)
    tile 2, 2, TILE(2)
    tile 3, 2, TILE(3)
    tile 4, 1, TILE(4)
    tile 5, 1, TILE(5)
    tile 6, 1, TILE(6)
    .section .note.GNU-stack, "", @progbits
