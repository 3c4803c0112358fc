/* Attention (kernels/attention.h) against softmax(scale Q K^T) V in double, with the bound of the
 * contract: (length + 2 head_size scale max|q||k| + 16) 2^-24 of the largest |v|. */
#include "checkkern.h"
#include "product_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct problem {
    size_t length, head_size;
    float *q, *k, *v, *out; /* [length, head_size] */
    void *panels, *scratch;
    double *weights; /* [length] */
} problem;

static float *random_rows(size_t n, float spread)
{
    float *x = guarded_new(n * sizeof *x);
    for (size_t i = 0; x && i < n; i++) x[i] = guarded_normal() * spread;
    return x;
}

static bool problem_make(problem *p, float spread)
{
    const size_t n = p->length * p->head_size;
    const size_t panels = gte__attention_panels(GTE__ELEMENT_F32, p->length, p->head_size);
    p->q = random_rows(n, spread);
    p->k = random_rows(n, spread);
    p->v = random_rows(n, 1);
    p->out = guarded_new(n * sizeof(float));
    p->panels = aligned_alloc(64, panels);
    p->scratch = aligned_alloc(64, GTE__ATTENTION_SCRATCH);
    p->weights = calloc(p->length, sizeof(double));
    if (!p->q || !p->k || !p->v || !p->out || !p->panels || !p->scratch || !p->weights)
        return false;
    memset(p->panels, 0xff, panels);
    memset(p->scratch, 0xff, GTE__ATTENTION_SCRATCH);
    memset(p->out, 0xff, n * sizeof(float));
    return true;
}

static void problem_free(problem *p)
{
    const size_t bytes = p->length * p->head_size * sizeof(float);
    guarded_free(p->q, bytes);
    guarded_free(p->k, bytes);
    guarded_free(p->v, bytes);
    guarded_free(p->out, bytes);
    free(p->panels);
    free(p->scratch);
    free(p->weights);
}

/* weights = softmax of the scores of query `row`, exactly; returns max scale |q||k|. */
static double weigh(problem *p, size_t row, double scale)
{
    double top = -HUGE_VAL, sum = 0, largest = 0;
    for (size_t i = 0; i < p->length; i++) {
        double dot = 0, magnitude = 0;
        for (size_t d = 0; d < p->head_size; d++) {
            const double x =
                (double)p->q[row * p->head_size + d] * (double)p->k[i * p->head_size + d];
            dot += x;
            magnitude += fabs(x);
        }
        p->weights[i] = dot * scale;
        top = fmax(top, p->weights[i]);
        largest = fmax(largest, magnitude * scale);
    }
    for (size_t i = 0; i < p->length; i++) sum += p->weights[i] = exp(p->weights[i] - top);
    for (size_t i = 0; i < p->length; i++) p->weights[i] /= sum;
    return largest;
}

static bool compare(const char *isa, problem *p, double scale)
{
    double v_max = 0;
    for (size_t i = 0; i < p->length * p->head_size; i++)
        v_max = fmax(v_max, fabs((double)p->v[i]));
    for (size_t row = 0; row < p->length; row++) {
        const double qk = weigh(p, row, scale);
        const double steps = (double)p->length + 2 * ((double)p->head_size + 2) * qk + 16;
        for (size_t d = 0; d < p->head_size; d++) {
            double want = 0;
            for (size_t i = 0; i < p->length; i++)
                want += p->weights[i] * (double)p->v[i * p->head_size + d];
            const double got = (double)p->out[row * p->head_size + d];
            if (fabs(got - want) <= steps * ROUNDING * v_max) continue;
            fprintf(stderr, "FAILED attention %s S=%zu D=%zu [%zu, %zu]: %.9g, exact %.9g\n", isa,
                    p->length, p->head_size, row, d, got, want);
            return false;
        }
    }
    return true;
}

static bool check_one(const gte__attention_kernel *kernel, size_t length, size_t head_size,
                      float spread)
{
    problem p = {.length = length, .head_size = head_size};
    const float scale = 1.0f / sqrtf((float)head_size);
    bool ok = problem_make(&p, spread);
    if (ok) {
        const size_t stride = head_size * sizeof(float), cut = guarded_random() % (length + 1);
        const gte__attention at = {.q = p.q,
                                   .k = p.k,
                                   .v = p.v,
                                   .stride = stride,
                                   .length = length,
                                   .head_size = head_size,
                                   .scale = scale,
                                   .out = p.out,
                                   .out_stride = stride,
                                   .panels = p.panels,
                                   .scratch = p.scratch};
        gte__attention_pack(kernel, &at);
        gte__attention_rows(kernel, &at, 0, cut);
        gte__attention_rows(kernel, &at, cut, length);
        ok = compare(kernel->isa, &p, (double)scale);
    }
    problem_free(&p);
    return ok;
}

product_result check_attentions(gte__isa best, const char *isa, const char *kernel, uint64_t seed)
{
    static const size_t head_sizes[] = {2, 8, 26, 32, 48, 64, 80, 128, 256};
    static const size_t lengths[] = {1,  2,  3,  7,  13, 14, 15,  16,  17,
                                     31, 32, 33, 63, 64, 65, 100, 130, 200};
    product_result result = {0, 0};
    guarded_seed(seed);
    if (kernel && strcmp(kernel, "f32_attention") != 0) return result;
    for (int level = 0; level <= (int)best; level++) {
        const gte__attention_kernel *k = gte__attention_kernel_for((gte__isa)level);
        const unsigned failed = result.failed;
        if (isa && strcmp(isa, k->isa) != 0) continue;
        for (size_t d = 0; d < sizeof head_sizes / sizeof head_sizes[0]; d++) {
            for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
                const bool ok = check_one(k, lengths[i], head_sizes[d], 1) &&
                                check_one(k, lengths[i], head_sizes[d], 6); /* sharp */
                ok ? result.passed++ : result.failed++;
            }
        }
        /* keys in several blocks */
        for (size_t length = 512; length <= 1100; length += 294)
            check_one(k, length, 32, 1) ? result.passed++ : result.failed++;
        printf("%-7s %-28s %s\n", k->isa, "f32_attention",
               result.failed == failed ? "ok" : "FAILED");
    }
    return result;
}
