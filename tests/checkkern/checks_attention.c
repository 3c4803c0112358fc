/* Attention (kernels/attention.h) against softmax(scale Q K^T) V in double, with the bound of the
 * contract: (length + 2 head_size scale max|q||k| + 16) 2^-24 of the largest |v|; for
 * bf16 2^-8 of it more, and the rounding of the result. */
#include "checkkern.h"
#include "product_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct problem {
    size_t length, head_size;
    gte__element type;
    void *q, *k, *v, *out; /* [length, head_size] of type */
    void *panels, *scratch;
    double *weights; /* [length] */
} problem;

static void *random_rows(const problem *p, float spread)
{
    const size_t n = p->length * p->head_size;
    void *x = guarded_new(n * element_size(p->type));
    for (size_t i = 0; x && i < n; i++) element_put(x, p->type, i, guarded_normal() * spread);
    return x;
}

static double get(const problem *p, const void *rows, size_t row, size_t d)
{
    return element_get(rows, p->type, row * p->head_size + d);
}

static bool problem_make(problem *p, float spread)
{
    const size_t bytes = p->length * p->head_size * element_size(p->type);
    const size_t panels = gte__attention_panels(p->type, p->length, p->head_size);
    p->q = random_rows(p, spread);
    p->k = random_rows(p, spread);
    p->v = random_rows(p, 1);
    p->out = guarded_new(bytes);
    p->panels = aligned_alloc(64, panels);
    p->scratch = aligned_alloc(64, GTE__ATTENTION_SCRATCH);
    p->weights = calloc(p->length, sizeof(double));
    if (!p->q || !p->k || !p->v || !p->out || !p->panels || !p->scratch || !p->weights)
        return false;
    memset(p->panels, 0xff, panels);
    memset(p->scratch, 0xff, GTE__ATTENTION_SCRATCH);
    memset(p->out, 0xff, bytes);
    return true;
}

static void problem_free(problem *p)
{
    const size_t bytes = p->length * p->head_size * element_size(p->type);
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
            const double x = get(p, p->q, row, d) * get(p, p->k, i, d);
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
        v_max = fmax(v_max, fabs(get(p, p->v, 0, i)));
    for (size_t row = 0; row < p->length; row++) {
        const double qk = weigh(p, row, scale);
        const double steps = (double)p->length + 2 * ((double)p->head_size + 2) * qk + 16;
        for (size_t d = 0; d < p->head_size; d++) {
            double want = 0;
            for (size_t i = 0; i < p->length; i++) want += p->weights[i] * get(p, p->v, i, d);
            const double got = get(p, p->out, row, d);
            double bound = steps * ROUNDING * v_max;
            if (p->type == GTE__ELEMENT_BF16) bound += (v_max + fabs(want)) * 0x1p-8;
            if (fabs(got - want) <= bound) continue;
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
    problem p = {.length = length, .head_size = head_size, .type = kernel->type};
    const float scale = 1.0f / sqrtf((float)head_size);
    bool ok = problem_make(&p, spread);
    if (ok) {
        const size_t stride = head_size * element_size(p.type),
                     cut = guarded_random() % (length + 1);
        const gte__attention at = {.q = p.q,
                                   .k = p.k,
                                   .v = p.v,
                                   .stride = stride,
                                   .length = length,
                                   .head_size = head_size,
                                   .scale = scale,
                                   .out = p.out,
                                   .out_stride = stride,
                                   .out_type = p.type,
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

static void check_kernel(const gte__attention_kernel *k, const char *name, product_result *result)
{
    static const size_t head_sizes[] = {2, 8, 26, 32, 48, 64, 80, 128, 256};
    static const size_t lengths[] = {1,  2,  3,  7,  13, 14, 15,  16,  17,
                                     31, 32, 33, 63, 64, 65, 100, 130, 200};
    const unsigned failed = result->failed;
    for (size_t d = 0; d < sizeof head_sizes / sizeof head_sizes[0]; d++) {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            const bool ok = check_one(k, lengths[i], head_sizes[d], 1) &&
                            check_one(k, lengths[i], head_sizes[d], 6); /* sharp */
            ok ? result->passed++ : result->failed++;
        }
    }
    /* keys in several blocks */
    for (size_t length = 512; length <= 1100; length += 294)
        check_one(k, length, 32, 1) ? result->passed++ : result->failed++;
    printf("%-10s %-28s %s\n", k->isa, name, result->failed == failed ? "ok" : "FAILED");
}

product_result check_attentions(gte__isa best, const char *isa, const char *kernel, uint64_t seed)
{
    static const char *const names[] = {"f32_attention", "bf16_attention"};
    product_result result = {0, 0};
    guarded_seed(seed);
    for (int type = 0; type < 2; type++) {
        if (kernel && strcmp(kernel, names[type]) != 0) continue;
        /* those that a product of that level feeds */
        for (int level = 0; level <= (int)best; level++) {
            if (!gte__cpu_has((gte__isa)level)) continue;
            const gte__gemm_kernel *g = gte__gemm_kernel_for((gte__element)type, (gte__isa)level);
            if ((int)g->wide != type) continue;
            const gte__attention_kernel *k = gte__attention_kernel_for(g->wide, (gte__isa)level);
            if (strcmp(k->isa, gte__isa_name((gte__isa)level)) != 0) continue;
            if (!isa || strcmp(isa, k->isa) == 0) check_kernel(k, names[type], &result);
        }
    }
    return result;
}
