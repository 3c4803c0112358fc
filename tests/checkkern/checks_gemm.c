/* Matrix products on packed weights (kernels/gemm.h) against sums in double. The bound is the one
 * of the contract, (K + 2) 2^-24 sum |a w|, and what each epilogue adds to it. */
#include "checkkern.h"
#include "product_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct problem {
    size_t m, n, k;
    double *exact, *magnitude; /* [M, N]: A W^T, and sum |a w| */
    float *a, *panels, *bias, *residual, *c;
    size_t panels_bytes;
} problem;

static float weight(const problem *p, size_t n, size_t k)
{
    const size_t unit = n / GTE__PANEL_COLUMNS * p->k + k;
    return p->panels[unit * GTE__PANEL_COLUMNS + n % GTE__PANEL_COLUMNS];
}

static void fill_normal(float *x, size_t n, float scale)
{
    for (size_t i = 0; i < n; i++) x[i] = guarded_normal() * scale;
}

/* Random panels; columns past N are zero. */
static void fill_panels(problem *p)
{
    fill_normal(p->panels, p->panels_bytes / sizeof(float), 0.3f);
    const size_t panel = p->k * GTE__PANEL_COLUMNS;
    for (size_t i = 0; i < p->panels_bytes / sizeof(float); i++)
        if (i / panel * GTE__PANEL_COLUMNS + i % GTE__PANEL_COLUMNS >= p->n) p->panels[i] = 0;
}

static bool problem_make(problem *p)
{
    const size_t mn = p->m * p->n;
    p->panels_bytes = gte__panels_bytes(GTE__ELEMENT_F32, p->n, p->k);
    p->a = guarded_new(p->m * p->k * sizeof(float));
    p->panels = guarded_new(p->panels_bytes);
    p->bias = guarded_new(p->n * sizeof(float));
    p->residual = guarded_new(mn * sizeof(float));
    p->c = guarded_new(mn * sizeof(float));
    p->exact = calloc(mn, sizeof(double));
    p->magnitude = calloc(mn, sizeof(double));
    if (!p->a || !p->panels || !p->bias || !p->residual || !p->c || !p->exact || !p->magnitude)
        return false;
    fill_normal(p->a, p->m * p->k, 1);
    fill_normal(p->bias, p->n, 1);
    fill_normal(p->residual, mn, 1);
    fill_panels(p);
    for (size_t at = 0; at < mn; at++) {
        for (size_t k = 0; k < p->k; k++) {
            const double x = (double)p->a[at / p->n * p->k + k] * (double)weight(p, at % p->n, k);
            p->exact[at] += x;
            p->magnitude[at] += fabs(x);
        }
    }
    return true;
}

static void problem_free(problem *p)
{
    const size_t mn = p->m * p->n;
    guarded_free(p->a, p->m * p->k * sizeof(float));
    guarded_free(p->panels, p->panels_bytes);
    guarded_free(p->bias, p->n * sizeof(float));
    guarded_free(p->residual, mn * sizeof(float));
    guarded_free(p->c, mn * sizeof(float));
    free(p->exact);
    free(p->magnitude);
}

static double gelu(double v, bool tanh_form)
{
    if (tanh_form) return v / 2 * (1 + tanh(sqrt(0.6366197723675814) * (v + 0.044715 * v * v * v)));
    return v / 2 * (1 + erf(v * 0.7071067811865476));
}

static bool compare(const gte__gemm_kernel *kernel, const problem *p, gte__epilogue e)
{
    for (size_t at = 0; at < p->m * p->n; at++) {
        const double bias = (double)p->bias[at % p->n], sum = p->exact[at] + bias;
        const double residual = (double)p->residual[at];
        double want = sum;
        double bound = (double)(p->k + 2) * ROUNDING * (p->magnitude[at] + fabs(bias));
        if (e == GTE__EPILOGUE_GELU_ERF || e == GTE__EPILOGUE_GELU_TANH) {
            want = gelu(sum, e == GTE__EPILOGUE_GELU_TANH);
            bound = 1.13 * bound + 5e-7 * fmax(1, fabs(sum)); /* GELU's slope is below 1.13 */
        }
        if (e == GTE__EPILOGUE_RESIDUAL) {
            want += residual;
            bound += 2 * ROUNDING * (fabs(sum) + fabs(residual));
        }
        if (fabs((double)p->c[at] - want) <= bound) continue;
        fprintf(stderr, "FAILED gemm %s M=%zu N=%zu K=%zu epilogue %d [%zu]: %.9g, exact %.9g\n",
                kernel->isa, p->m, p->n, p->k, (int)e, at, (double)p->c[at], want);
        return false;
    }
    return true;
}

/* In one piece, or cut both ways, which must not matter. */
static void run(const gte__gemm_kernel *kernel, const gte__gemm *g, size_t m)
{
    const size_t panels = gte__panel_count(g->weights->n), row = m / 3, panel = panels / 2;
    if (guarded_random() % 2) {
        gte__gemm_run(kernel, g, 0, m, 0, panels);
        return;
    }
    gte__gemm_run(kernel, g, 0, row, 0, panel);
    gte__gemm_run(kernel, g, 0, row, panel, panels);
    gte__gemm_run(kernel, g, row, m, panel, panels);
    gte__gemm_run(kernel, g, row, m, 0, panel);
}

static bool check_shape(const gte__gemm_kernel *kernel, size_t m, size_t n, size_t k)
{
    problem p = {.m = m, .n = n, .k = k};
    bool ok = problem_make(&p);
    const gte__gemm_weights w = {.panels = p.panels, .bias = p.bias, .n = n, .k = k};
    gte__gemm g = {.weights = &w,
                   .a = p.a,
                   .a_stride = k * sizeof(float),
                   .c = p.c,
                   .c_stride = n * sizeof(float),
                   .residual = p.residual,
                   .residual_stride = n * sizeof(float)};
    for (int e = 0; e < GTE__EPILOGUE_COUNT && ok; e++) {
        g.epilogue = (gte__epilogue)e;
        memset(p.c, 0xff, m * n * sizeof(float));
        run(kernel, &g, m);
        ok = compare(kernel, &p, g.epilogue);
    }
    problem_free(&p);
    return ok;
}

product_result check_products(gte__isa best, const char *isa, const char *kernel, uint64_t seed)
{
    static const size_t shapes[][2] = {{32, 32}, {1, 1},    {33, 5},   {64, 64},
                                       {95, 31}, {40, 100}, {312, 12}, {70, 257}};
    product_result result = {0, 0};
    guarded_seed(seed);
    if (kernel && strcmp(kernel, "f32_gemm") != 0) return result;
    for (int level = 0; level <= (int)best; level++) {
        const gte__gemm_kernel *g = gte__gemm_kernel_for(GTE__ELEMENT_F32, (gte__isa)level);
        const unsigned failed = result.failed;
        if (isa && strcmp(isa, g->isa) != 0) continue;
        for (size_t m = 1; m <= 40; m++)
            for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
                check_shape(g, m, shapes[s][0], shapes[s][1]) ? result.passed++ : result.failed++;
        /* more rows than one block of A */
        check_shape(g, 200, 96, 1024) ? result.passed++ : result.failed++;
        printf("%-7s %-28s %s\n", g->isa, "f32_gemm", result.failed == failed ? "ok" : "FAILED");
    }
    return result;
}
