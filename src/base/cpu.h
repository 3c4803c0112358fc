/* What this machine, its kernel and its cgroup allow: instruction sets and threads. */
#ifndef GTE_BASE_CPU_H
#define GTE_BASE_CPU_H

#include <stdbool.h>

/* Ordered by speed. A level includes those below it, but AVX-VNNI: that came after AVX-512, to
 * processors without it, and no level above needs it. */
typedef enum gte__isa {
    GTE__ISA_SCALAR = 0,
    GTE__ISA_AVX2 = 1,       /* and FMA */
    GTE__ISA_AVXVNNI = 2,    /* AVX2 and AVX-VNNI */
    GTE__ISA_AVX512 = 3,     /* AVX-512 F, BW, DQ and VL */
    GTE__ISA_AVX512VNNI = 4, /* and AVX512_VNNI */
    GTE__ISA_AVX512BF16 = 5, /* and AVX512_BF16 */
    GTE__ISA_COUNT = 6
} gte__isa;

/* Whether the processor and the operating system (XCR0) support that level. */
bool gte__cpu_has(gte__isa isa);

/* The best level that they support. */
gte__isa gte__cpu_isa_best(void);

/* The level to use: the best one, lowered by the environment variable GTE_CPU (a level's name;
 * anything else is ignored; of a level the machine lacks, the next lower one that it has). Read
 * once; thread-safe. */
gte__isa gte__cpu_isa(void);

/* Whether it has the SHA extensions (and SSE4.1, as all that have them). Thread-safe. */
bool gte__cpu_has_sha(void);

const char *gte__isa_name(gte__isa isa);

/* Threads that may run at the same time: the smaller of the affinity mask and the cgroup's CPU
 * quota (v2 cpu.max along the path to the root, v1 cpu.cfs_quota_us), rounded up; at least 1. */
int gte__cpu_threads(void);

#endif
