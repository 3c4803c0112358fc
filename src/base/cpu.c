/* What this machine and its kernel allow: instruction sets from CPUID and XCR0, threads from the
 * affinity mask. The cgroup's quota is read in cgroup.c. This file and dispatch.c are the only ones
 * that ask which architecture they are compiled for. */
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

static const char *const isa_names[] = {"scalar", "avx2", "avx512", "avx512bf16"};

#if defined(__x86_64__)
#include <cpuid.h>

/* Bits of CPUID leaf 1 ECX, leaf 7 EBX and XCR0 (Intel SDM volume 2A, CPUID; volume 1, 13.3). */
#define LEAF1_FMA (1u << 12)
#define LEAF1_OSXSAVE (1u << 27)
#define LEAF1_AVX (1u << 28)
#define LEAF7_AVX2 (1u << 5)
#define LEAF7_AVX512 (1u << 16 | 1u << 17 | 1u << 30 | 1u << 31) /* F, DQ, BW, VL */
#define LEAF7_1_AVX512_BF16 (1u << 5)                            /* sub-leaf 1, EAX */
#define XCR0_AVX 0x06u                                           /* xmm and ymm state */
#define XCR0_AVX512 0xe6u                                        /* and opmask, zmm state */

/* Which register state the operating system saves. Only after OSXSAVE has been seen. */
static uint32_t read_xcr0(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static gte__isa detect(void)
{
    unsigned a, b, c, d;
    const unsigned base = LEAF1_FMA | LEAF1_OSXSAVE | LEAF1_AVX;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & base) != base) return GTE__ISA_SCALAR;
    const uint32_t xcr0 = read_xcr0();
    if ((xcr0 & XCR0_AVX) != XCR0_AVX) return GTE__ISA_SCALAR;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & LEAF7_AVX2)) return GTE__ISA_SCALAR;
    if ((xcr0 & XCR0_AVX512) != XCR0_AVX512) return GTE__ISA_AVX2;
    if ((b & LEAF7_AVX512) != LEAF7_AVX512) return GTE__ISA_AVX2;
    if (!__get_cpuid_count(7, 1, &a, &b, &c, &d)) return GTE__ISA_AVX512;
    return a & LEAF7_1_AVX512_BF16 ? GTE__ISA_AVX512BF16 : GTE__ISA_AVX512;
}
#else
static gte__isa detect(void)
{
    return GTE__ISA_SCALAR;
}
#endif

/* The only mutable state: written once, under the pthread_once. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static gte__isa isa_best, isa_chosen;

static void choose(void)
{
    isa_best = detect();
    isa_chosen = isa_best;
    const char *wanted = getenv("GTE_CPU");
    if (!wanted) return;
    for (int i = 0; i <= (int)isa_best; i++)
        if (!strcmp(wanted, isa_names[i])) isa_chosen = (gte__isa)i;
}

gte__isa gte__cpu_isa_best(void)
{
    (void)pthread_once(&once, choose);
    return isa_best;
}

gte__isa gte__cpu_isa(void)
{
    (void)pthread_once(&once, choose);
    return isa_chosen;
}

const char *gte__isa_name(gte__isa isa)
{
    return (unsigned)isa <= GTE__ISA_AVX512BF16 ? isa_names[isa] : "unknown";
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
