/* What this machine and its kernel allow: instruction sets from CPUID and XCR0, threads from the
 * affinity mask. The cgroup's quota is read in cgroup.c. This file, dispatch.c and sha256.c are
 * the only ones that ask which architecture they are compiled for. */
#include "base/cpu.h"

#include "base/cgroup.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const isa_names[GTE__ISA_COUNT] = {"scalar", "avx2",       "avxvnni",
                                                      "avx512", "avx512vnni", "avx512bf16"};

#if defined(__x86_64__)
#include <cpuid.h>

/* Bits of CPUID leaf 1 ECX, leaf 7 EBX and XCR0 (Intel SDM volume 2A, CPUID; volume 1, 13.3). */
#define LEAF1_SSE41 (1u << 19 | 1u << 9) /* and SSSE3 */
#define LEAF1_FMA (1u << 12)
#define LEAF1_OSXSAVE (1u << 27)
#define LEAF1_AVX (1u << 28)
#define LEAF7_AVX2 (1u << 5)
#define LEAF7_AVX512 (1u << 16 | 1u << 17 | 1u << 30 | 1u << 31) /* F, DQ, BW, VL */
#define LEAF7_SHA (1u << 29)
#define LEAF7_C_AVX512_VNNI (1u << 11) /* ECX */
#define LEAF7_1_AVX_VNNI (1u << 4)     /* sub-leaf 1, EAX */
#define LEAF7_1_AVX512_BF16 (1u << 5)
#define XCR0_AVX 0x06u    /* xmm and ymm state */
#define XCR0_AVX512 0xe6u /* and opmask, zmm state */

/* Which register state the operating system saves. Only after OSXSAVE has been seen. */
static uint32_t read_xcr0(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static unsigned bit(gte__isa isa)
{
    return 1u << isa;
}

/* A bit per level. */
static unsigned detect(void)
{
    unsigned a, b, c, d, later = 0, levels = bit(GTE__ISA_SCALAR);
    const unsigned base = LEAF1_FMA | LEAF1_OSXSAVE | LEAF1_AVX;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & base) != base) return levels;
    const uint32_t xcr0 = read_xcr0();
    if ((xcr0 & XCR0_AVX) != XCR0_AVX) return levels;
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) later = a;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & LEAF7_AVX2)) return levels;
    levels |= bit(GTE__ISA_AVX2);
    if (later & LEAF7_1_AVX_VNNI) levels |= bit(GTE__ISA_AVXVNNI);
    if ((xcr0 & XCR0_AVX512) != XCR0_AVX512) return levels;
    if ((b & LEAF7_AVX512) != LEAF7_AVX512) return levels;
    levels |= bit(GTE__ISA_AVX512);
    if (!(c & LEAF7_C_AVX512_VNNI)) return levels;
    levels |= bit(GTE__ISA_AVX512VNNI);
    return later & LEAF7_1_AVX512_BF16 ? levels | bit(GTE__ISA_AVX512BF16) : levels;
}

static bool detect_sha(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & LEAF1_SSE41) != LEAF1_SSE41) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & LEAF7_SHA);
}
#else
static unsigned detect(void)
{
    return 1u << GTE__ISA_SCALAR;
}

static bool detect_sha(void)
{
    return false;
}
#endif

/* The only mutable state: written once, under the pthread_once. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned isa_levels;
static bool has_sha;
static gte__isa isa_chosen;

/* The best level that the machine has, no better than that one. */
static gte__isa highest(int isa)
{
    while (!(isa_levels >> isa & 1u)) isa--;
    return (gte__isa)isa;
}

static void choose(void)
{
    isa_levels = detect();
    has_sha = detect_sha();
    isa_chosen = highest(GTE__ISA_COUNT - 1);
    const char *wanted = getenv("GTE_CPU");
    if (!wanted) return;
    for (int i = 0; i < GTE__ISA_COUNT; i++)
        if (!strcmp(wanted, isa_names[i])) isa_chosen = highest(i);
}

bool gte__cpu_has(gte__isa isa)
{
    (void)pthread_once(&once, choose);
    return isa_levels >> isa & 1u;
}

bool gte__cpu_has_sha(void)
{
    (void)pthread_once(&once, choose);
    return has_sha;
}

gte__isa gte__cpu_isa_best(void)
{
    (void)pthread_once(&once, choose);
    return highest(GTE__ISA_COUNT - 1);
}

gte__isa gte__cpu_isa(void)
{
    (void)pthread_once(&once, choose);
    return isa_chosen;
}

const char *gte__isa_name(gte__isa isa)
{
    return (unsigned)isa < GTE__ISA_COUNT ? isa_names[isa] : "unknown";
}

/* CPUs in the affinity mask, or 0. The kernel refuses a mask smaller than its own, so the mask
 * grows until it fits: machines with more than 1024 CPUs exist. */
static int affinity_threads(void)
{
    for (int cpus = 1024; cpus <= 1 << 20; cpus *= 4) {
        cpu_set_t *set = CPU_ALLOC((size_t)cpus);
        if (!set) return 0;
        const size_t size = CPU_ALLOC_SIZE((size_t)cpus);
        CPU_ZERO_S(size, set);
        const bool ok = sched_getaffinity(0, size, set) == 0;
        const bool too_small = !ok && errno == EINVAL;
        const int count = ok ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (!too_small) return count;
    }
    return 0;
}

int gte__cpu_threads(void)
{
    int threads = affinity_threads();
    if (threads < 1) {
        const long online = sysconf(_SC_NPROCESSORS_ONLN);
        threads = online < 1 || online > 1 << 20 ? 1 : (int)online;
    }
    const int quota = gte__cgroup_threads("");
    return quota > 0 && quota < threads ? quota : threads;
}
