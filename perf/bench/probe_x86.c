/* The loops of probe.h in x86-64 assembly. Inline, because compilers spill accumulators of loops
 * written with intrinsics, which halves the rate; and not a kernel of the library, because a probe
 * has to be above suspicion: registers only, as many sums as the latency asks for. */
#include "probe_units.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdint.h>

#define LEAF1_FMA (1u << 12)
#define LEAF1_OSXSAVE (1u << 27)
#define LEAF1_AVX (1u << 28)
#define LEAF7_AVX2 (1u << 5)
#define LEAF7_AVX512F (1u << 16)
#define LEAF7_C_VNNI (1u << 11)
#define LEAF7_1_AVX_VNNI (1u << 4)
#define LEAF7_1_AVX512_BF16 (1u << 5)
#define XCR0_YMM 0x06u
#define XCR0_ZMM 0xe6u

bool bench__unit_on_x86(bench_unit unit)
{
    unsigned a, b, c, d, b7, c7, a71 = 0, xcr0;
    const unsigned base = LEAF1_FMA | LEAF1_OSXSAVE | LEAF1_AVX;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & base) != base) return false;
    __asm__ volatile("xgetbv" : "=a"(xcr0), "=d"(d) : "c"(0));
    if ((xcr0 & XCR0_YMM) != XCR0_YMM) return false;
    if (!__get_cpuid_count(7, 0, &a, &b7, &c7, &d) || !(b7 & LEAF7_AVX2)) return false;
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) a71 = a;
    const bool zmm = (xcr0 & XCR0_ZMM) == XCR0_ZMM && (b7 & LEAF7_AVX512F);
    switch (unit) {
    case BENCH_UNIT_FMA_YMM:
    case BENCH_UNIT_MADD_YMM:
        return true;
    case BENCH_UNIT_VNNI_YMM:
        return (a71 & LEAF7_1_AVX_VNNI) != 0;
    case BENCH_UNIT_FMA_ZMM:
        return zmm;
    case BENCH_UNIT_VNNI_ZMM:
        return zmm && (c7 & LEAF7_C_VNNI);
    case BENCH_UNIT_BF16_ZMM:
        return zmm && (a71 & LEAF7_1_AVX512_BF16);
    default:
        return false;
    }
}

/* An instruction for each of the registers 0 to 11, and 0 to 23. */
#define TIMES_12(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define TIMES_24(X)                                                                                \
    TIMES_12(X) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)
#define TIMES_6(X) X(0, 6) X(1, 7) X(2, 8) X(3, 9) X(4, 10) X(5, 11)

#define CLOBBERS                                                                                   \
    "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",        \
        "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

/* What is multiplied: no zeros, no denormals, sums that stay far from infinity. As bytes of int8
 * they wrap around, as bf16 pairs they are halves of a float: small. */
static const float operands[2] = {0.7265625f, 0.8203125f};

/* A loop over `body`, on registers that are zero at first; 14 and 15 (ymm) or 30 and 31 (zmm) hold
 * the operands. The compiler does not use registers above 15 here, so they need no saving. */
#define LOOP(name, width, x, y, clear, body)                                                       \
    static void name(long rounds)                                                                  \
    {                                                                                              \
        __asm__ volatile("vbroadcastss (%1), %%" width x "\n\t"                                    \
                         "vbroadcastss 4(%1), %%" width y "\n\t" clear "1:\n\t" body               \
                         "dec %0\n\tjnz 1b\n\tvzeroupper"                                          \
                         : "+r"(rounds)                                                            \
                         : "r"(operands)                                                           \
                         : CLOBBERS);                                                              \
    }

#define CLEAR_YMM(i) "vpxor %%ymm" #i ", %%ymm" #i ", %%ymm" #i "\n\t"
#define CLEAR_ZMM(i) "vpxord %%zmm" #i ", %%zmm" #i ", %%zmm" #i "\n\t"
#define FMA_YMM(i) "vfmadd231ps %%ymm14, %%ymm15, %%ymm" #i "\n\t"
#define FMA_ZMM(i) "vfmadd231ps %%zmm30, %%zmm31, %%zmm" #i "\n\t"
#define BF16_ZMM(i) "vdpbf16ps %%zmm30, %%zmm31, %%zmm" #i "\n\t"
#define VNNI_YMM(i) "%{vex%} vpdpbusd %%ymm14, %%ymm15, %%ymm" #i "\n\t"
#define VNNI_ZMM(i) "vpdpbusd %%zmm30, %%zmm31, %%zmm" #i "\n\t"
#define MADD_YMM(i, t)                                                                             \
    "vpmaddubsw %%ymm14, %%ymm15, %%ymm" #t "\n\t"                                                 \
    "vpmaddwd %%ymm14, %%ymm" #t ", %%ymm" #t "\n\t"                                               \
    "vpaddd %%ymm" #t ", %%ymm" #i ", %%ymm" #i "\n\t"

LOOP(fma_ymm, "ymm", "14", "15", TIMES_12(CLEAR_YMM), TIMES_12(FMA_YMM))
LOOP(madd_ymm, "ymm", "14", "15", TIMES_12(CLEAR_YMM), TIMES_6(MADD_YMM))
LOOP(vnni_ymm, "ymm", "14", "15", TIMES_12(CLEAR_YMM), TIMES_12(VNNI_YMM))
LOOP(fma_zmm, "zmm", "30", "31", TIMES_24(CLEAR_ZMM), TIMES_24(FMA_ZMM))
LOOP(bf16_zmm, "zmm", "30", "31", TIMES_24(CLEAR_ZMM), TIMES_24(BF16_ZMM))
LOOP(vnni_zmm, "zmm", "30", "31", TIMES_24(CLEAR_ZMM), TIMES_24(VNNI_ZMM))

bench_loop bench__loop_x86(bench_unit unit)
{
    /* lanes, times products of a lane, times two operations each */
    switch (unit) {
    case BENCH_UNIT_FMA_YMM:
        return (bench_loop){fma_ymm, 12 * 8 * 1 * 2};
    case BENCH_UNIT_MADD_YMM:
        return (bench_loop){madd_ymm, 6 * 8 * 4 * 2};
    case BENCH_UNIT_VNNI_YMM:
        return (bench_loop){vnni_ymm, 12 * 8 * 4 * 2};
    case BENCH_UNIT_FMA_ZMM:
        return (bench_loop){fma_zmm, 24 * 16 * 1 * 2};
    case BENCH_UNIT_BF16_ZMM:
        return (bench_loop){bf16_zmm, 24 * 16 * 2 * 2};
    case BENCH_UNIT_VNNI_ZMM:
        return (bench_loop){vnni_zmm, 24 * 16 * 4 * 2};
    default:
        return (bench_loop){0};
    }
}

#define LOAD_YMM(i) "vmovups " #i "*32(%0), %%ymm" #i "\n\t"
#define LOAD_ZMM(i) "vmovups " #i "*64(%0), %%zmm" #i "\n\t"
#define TIMES_8(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define READER(name, body, step)                                                                   \
    static void name(const void *data, size_t size, long passes)                                   \
    {                                                                                              \
        while (passes--) {                                                                         \
            const char *at = data;                                                                 \
            const char *end = at + size;                                                           \
            __asm__ volatile("1:\n\t" body "add $" step ", %0\n\tcmp %1, %0\n\tjb 1b\n\t"          \
                             "vzeroupper"                                                          \
                             : "+r"(at)                                                            \
                             : "r"(end)                                                            \
                             : CLOBBERS);                                                          \
        }                                                                                          \
    }
READER(read_ymm, TIMES_8(LOAD_YMM), "256")
READER(read_zmm, TIMES_8(LOAD_ZMM), "512")

bench_reader *bench__reader_x86(void)
{
    if (bench__unit_on_x86(BENCH_UNIT_FMA_ZMM)) return read_zmm;
    return bench__unit_on_x86(BENCH_UNIT_FMA_YMM) ? read_ymm : NULL;
}

int bench__clock_chain_x86(long rounds)
{
    uint64_t x = 3;
#define MULTIPLY(i) "imul %1, %1\n\t"
    __asm__ volatile("1:\n\t" TIMES_8(MULTIPLY) TIMES_8(MULTIPLY) "dec %0\n\tjnz 1b"
                     : "+r"(rounds), "+r"(x)
                     :
                     : "cc");
    return 1;
}
#else
bool bench__unit_on_x86(bench_unit unit)
{
    (void)unit;
    return false;
}

bench_loop bench__loop_x86(bench_unit unit)
{
    (void)unit;
    return (bench_loop){0};
}

bench_reader *bench__reader_x86(void)
{
    return NULL;
}

int bench__clock_chain_x86(long rounds)
{
    (void)rounds;
    return 0;
}
#endif
