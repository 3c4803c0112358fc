/* --bench: time per element of every kernel, operands in the first-level cache. CPU time of the
 * thread, the best of many short samples, so that other programs on the machine count as little as
 * possible. Cycles are estimated: a chain of dependent one-cycle instructions gives the clock. */
#include "checkkern.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 40, ROWS_TOTAL = 1024 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Cycles per second. Each round is six dependent instructions of one cycle. */
static double clock_rate(void)
{
    enum { ROUNDS = 20000 };
    double best = 1e9;
    volatile uint64_t keep = 88172645463325252u;
    for (int s = 0; s < SAMPLES; s++) {
        uint64_t x = keep;
        const double start = seconds();
        for (int i = 0; i < ROUNDS; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
        }
        keep = x;
        const double taken = seconds() - start;
        if (taken < best) best = taken;
    }
    return 6.0 * ROUNDS / best;
}

/* Seconds per element; repeats the call until a sample is long enough to be timed. Short rows take
 * turns, as they do in the encoder: a row that waits for its own last result would be slower. */
static double time_one(const check *c, const gte__kernels *k, float *const *first, size_t n)
{
    const float p = c->params ? c->param[0] : 0.0f;
    const size_t rows = n < ROWS_TOTAL ? ROWS_TOTAL / n : 1;
    const int calls = (int)(200000 / n) + 1;
    double best = 1e9;
    for (int s = 0; s < SAMPLES && (s < 5 || best * s < 0.2); s++) {
        const double start = seconds();
        for (int i = 0; i < calls; i++) {
            float *a[MAX_ARRAYS];
            for (int j = 0; j < c->arrays; j++) a[j] = first[j] + (size_t)i % rows * n;
            c->call(k, a, n, p);
        }
        const double taken = seconds() - start;
        if (taken < best) best = taken;
    }
    return best / (double)calls / (double)n;
}

void bench_kernels(const check *const *checks, size_t count, gte__isa best, const char *kernel)
{
    static const gte__isa levels[] = {GTE__ISA_SCALAR, GTE__ISA_AVX2, GTE__ISA_AVX512};
    enum { LEVELS = sizeof levels / sizeof *levels };
    static const size_t sizes[] = {128, 384, 512, 1536};
    static float room[MAX_ARRAYS][MAX_N + 16] __attribute__((aligned(64)));
    float *a[MAX_ARRAYS];
    for (int i = 0; i < MAX_ARRAYS; i++) {
        a[i] = room[i];
        fill(a[i], MAX_N, NORMAL);
    }
    const double rate = clock_rate();
    printf("%.2f GHz; cycles per 16 elements (speed-up over scalar)\n%-28s %5s", rate * 1e-9,
           "kernel", "n");
    for (size_t l = 0; l < LEVELS && levels[l] <= best; l++)
        printf(" %16s", gte__isa_name(levels[l]));
    printf("\n");
    for (size_t i = 0; i < count; i++) {
        if (kernel && strcmp(kernel, checks[i]->name) != 0) continue;
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            double scalar = 0.0;
            printf("%-28s %5zu", checks[i]->name, sizes[s]);
            for (size_t l = 0; l < LEVELS && levels[l] <= best; l++) {
                const gte__kernels *k = gte__kernels_for(levels[l]);
                const double t = time_one(checks[i], k, a, sizes[s]);
                if (l == 0) scalar = t;
                printf(" %8.1f (%4.1fx)", 16.0 * t * rate, scalar / t);
                fflush(stdout);
            }
            printf("\n");
        }
    }
}
