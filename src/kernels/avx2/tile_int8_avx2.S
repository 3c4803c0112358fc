/* int8 tiles without dot-product instructions: both sides are widened to 16 bits, so nothing can
 * saturate (vpmaddubsw would: 2 * 255 * 127 exceeds its 16-bit sums) and the sums are exact.
 *
 * A 4-byte unit k0 k1 k2 k3 becomes the 16-bit pairs (k0, k2) and (k1, k3) on both sides; each
 * pair is one vpmaddwd that leaves its sum in the column's own 32 bits. 4 rows x 16 columns. */
#define TILE(rows) gte__tile_int8_avx2_##rows
#define ADD vpaddd
#define A_BYTES 4
#include "tile_avx2.inc"

    .macro tile_setup
        vpcmpeqd ymm15, ymm15, ymm15
        vpsrlw ymm15, ymm15, 8
    .endm
    .macro row_multiply d, lo, hi, at
        vbroadcastss ymm12, dword ptr [\at+\d]
        vpand ymm13, ymm12, ymm15
        vpsrlw ymm12, ymm12, 8
        vpmaddwd ymm14, ymm13, ymm8
        vpmaddwd ymm13, ymm13, ymm10
        vpaddd ymm\lo, ymm\lo, ymm14
        vpaddd ymm\hi, ymm\hi, ymm13
        vpmaddwd ymm14, ymm12, ymm9
        vpmaddwd ymm12, ymm12, ymm11
        vpaddd ymm\lo, ymm\lo, ymm14
        vpaddd ymm\hi, ymm\hi, ymm12
    .endm
    .macro tile_step n, s, u
        vmovdqu ymm9, [rdx+128*\u]
        vmovdqu ymm11, [rdx+128*\u+32]
        vpsllw ymm8, ymm9, 8
        vpsllw ymm10, ymm11, 8
        vpsraw ymm8, ymm8, 8
        vpsraw ymm10, ymm10, 8
        vpsraw ymm9, ymm9, 8
        vpsraw ymm11, ymm11, 8
        prefetcht1 [r9+128*\u]
        each_row \n, \s, row_multiply, %(4*\u)
    .endm

    .text
    tile 1, 2, TILE(1)
    tile 2, 2, TILE(2)
    tile 3, 1, TILE(3)
    tile 4, 1, TILE(4)
    .section .note.GNU-stack, "", @progbits
