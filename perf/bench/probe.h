/* What this processor can do at most, measured beside every benchmark: multiply-add instructions
 * that wait for nothing, and reads from each level of the memory. A benchmark's rate means little
 * without them, and they drift with the clock. */
#ifndef PERF_BENCH_PROBE_H
#define PERF_BENCH_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_MAX_THREADS 1024

/* The multiply-add instructions that kernels are made of. */
typedef enum bench_unit {
    BENCH_UNIT_PLAIN,    /* f32 multiply and add as the compiler writes them without options */
    BENCH_UNIT_FMA_YMM,  /* f32, AVX2 and FMA */
    BENCH_UNIT_FMA_ZMM,  /* f32, AVX-512 */
    BENCH_UNIT_BF16_ZMM, /* vdpbf16ps, AVX512_BF16 */
    BENCH_UNIT_MADD_YMM, /* vpmaddubsw, vpmaddwd and vpaddd: int8 on AVX2 */
    BENCH_UNIT_VNNI_YMM, /* vpdpbusd, AVX-VNNI */
    BENCH_UNIT_VNNI_ZMM, /* vpdpbusd, AVX512_VNNI */
    BENCH_UNITS
} bench_unit;

/* "vdpbf16ps zmm"; and whether processor and operating system have it. */
const char *bench__unit_name(bench_unit unit);
bool bench__unit_here(bench_unit unit);

/* The instruction that products of weights of a type ("f32", "bf16", "int8") are made of at a level
 * ("avx512", as gte_runtime names them). bf16 without AVX512_BF16 is widened to f32. */
bench_unit bench__unit_of(const char *dtype, const char *isa);
/* The fastest f32 instruction of the processor: OpenBLAS takes no notice of GTE_CPU. */
bench_unit bench__unit_best_f32(void);

/* One sample of about a millisecond: operations per second of `threads` threads together, each by
 * its own CPU time; a multiplication and an addition are two. 0: the threads cannot be had. */
double bench__probe_peak(bench_unit unit, int threads);

typedef enum bench_level { BENCH_L2, BENCH_L3, BENCH_DRAM, BENCH_LEVELS } bench_level;

/* Bytes of the first processor's cache of that level; `otherwise` where the kernel does not say. */
size_t bench__cache_size(int level, size_t otherwise);

typedef struct bench_memory bench_memory;
/* Room to read from for up to so many threads. NULL when memory is short. */
bench_memory *bench__memory_create(int threads);
void bench__memory_free(bench_memory *memory);
/* Bytes that `threads` threads read there together, and bytes per second, one sample. Reading
 * BENCH_DRAM leaves none of what was in the caches. */
size_t bench__memory_span(const bench_memory *memory, bench_level level);
double bench__probe_bandwidth(bench_memory *memory, bench_level level, int threads);

/* The clock, in cycles per second, from a chain of dependent multiplications; 0: not known how. */
double bench__probe_clock(void);

#endif
