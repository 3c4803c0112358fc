/* What this machine, its kernel and its cgroup allow: instruction sets and threads. */
#ifndef GTE_BASE_CPU_H
#define GTE_BASE_CPU_H

/* Ordered: a level includes those below it. */
typedef enum gte__isa {
    GTE__ISA_SCALAR = 0,
    GTE__ISA_AVX2 = 1,      /* and FMA */
    GTE__ISA_AVX512 = 2,    /* F, BW, DQ and VL */
    GTE__ISA_AVX512BF16 = 3 /* and AVX512_BF16 */
} gte__isa;

/* The best level that the processor and the operating system (XCR0) support. */
gte__isa gte__cpu_isa_best(void);

/* The level to use: the best one, lowered by the environment variable GTE_CPU (scalar, avx2,
 * avx512, avx512bf16; anything else is ignored). Read once; thread-safe. */
gte__isa gte__cpu_isa(void);

const char *gte__isa_name(gte__isa isa);

/* Threads that may run at the same time: the smaller of the affinity mask and the cgroup's CPU
 * quota (v2 cpu.max along the path to the root, v1 cpu.cfs_quota_us), rounded up; at least 1. */
int gte__cpu_threads(void);

#endif
