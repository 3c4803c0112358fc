/* Matrix products on packed weights (kernels/gemm.h) against sums in double. The bound is the one
 * of the contract, (K + 2) 2^-24 sum |a w| (int8: the integer sum is exact, six roundings follow),
 * and what each epilogue adds to it. */
#include "checkkern.h"
#include "product_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct problem {
    size_t m, n, k, kp; /* kp: k in whole units */
    gte__element type, a_type;
    double *exact, *magnitude; /* [M, N]: A W^T, and what its rounding is relative to */
    void *a, *panels, *c;      /* [M, kp] of a_type; of type; [M, N], room for f32 */
    float *bias, *residual;
    float *scale, *sums;    /* [N]; int8 */
    gte__row_scale *a_rows; /* [M]; int8 */
    size_t a_bytes, panels_bytes;
} problem;

static double weight(const problem *p, size_t n, size_t k)
{
    const size_t unit = gte__unit_elements(p->type);
    const size_t line = n / GTE__PANEL_COLUMNS * gte__panel_units(p->type, p->k) + k / unit;
    const size_t at = (line * GTE__PANEL_COLUMNS + n % GTE__PANEL_COLUMNS) * unit + k % unit;
    if (p->type == GTE__ELEMENT_INT8) return ((const int8_t *)p->panels)[at];
    return element_get(p->panels, p->type, at);
}

static float uniform(void)
{
    return (float)(guarded_random() % 2001) * 1e-3f - 1;
}

static void fill_normal(void *x, gte__element type, size_t n, float scale)
{
    for (size_t i = 0; i < n; i++) element_put(x, type, i, guarded_normal() * scale);
}

/* Random panels; columns past N and rows past K are zero. */
static void fill_panels(problem *p)
{
    const size_t unit = gte__unit_elements(p->type), units = gte__panel_units(p->type, p->k);
    for (size_t i = 0; i < p->panels_bytes / element_size(p->type); i++) {
        const size_t column = i / unit, line = column / GTE__PANEL_COLUMNS;
        const size_t n = line / units * GTE__PANEL_COLUMNS + column % GTE__PANEL_COLUMNS;
        const bool padding = n >= p->n || line % units * unit + i % unit >= p->k;
        if (p->type == GTE__ELEMENT_INT8) {
            const int w = (int)(guarded_random() % 255) - 127;
            ((int8_t *)p->panels)[i] = (int8_t)(padding ? 0 : w);
        } else {
            element_put(p->panels, p->type, i, padding ? 0.0f : guarded_normal() * 0.3f);
        }
    }
}

/* What dequantising needs; and A of the worst sums: every fourth row is 255 throughout, as far as
 * the bytes of K, with weights of one sign in every eighth column. */
static void fill_quantised(problem *p)
{
    int8_t *w = p->panels;
    uint8_t *a = p->a;
    for (size_t i = 0; i < p->panels_bytes; i++)
        if (i / 4 % 8 == 3 && w[i]) w[i] = i / 32 % 2 ? -127 : 127;
    for (size_t i = 0; i < p->m * p->kp; i++)
        a[i] = i / p->kp % 4 == 1 ? 255 : (uint8_t)guarded_random();
    for (size_t i = 0; i < p->m; i++)
        p->a_rows[i] = (gte__row_scale){0.01f + 0.005f * uniform(), uniform()};
    for (size_t n = 0; n < p->n; n++) {
        double sum = 0;
        for (size_t k = 0; k < p->k; k++) sum += weight(p, n, k);
        p->scale[n] = 0.002f + 0.001f * uniform();
        p->sums[n] = (float)((double)p->scale[n] * sum);
    }
}

static void multiply(problem *p)
{
    const bool quantised = p->type == GTE__ELEMENT_INT8;
    for (size_t at = 0; at < p->m * p->n; at++) {
        const size_t row = at / p->n, n = at % p->n;
        double sum = 0, size = 0;
        for (size_t k = 0; k < p->k; k++) {
            const double x = element_get(p->a, p->a_type, row * p->kp + k) * weight(p, n, k);
            sum += x;
            size += fabs(x);
        }
        if (quantised) {
            const double offset = (double)p->a_rows[row].offset * (double)p->sums[n];
            sum *= (double)p->a_rows[row].scale * (double)p->scale[n];
            size = fabs(sum) + fabs(offset);
            sum += offset;
        }
        p->exact[at] = sum;
        p->magnitude[at] = size * (quantised ? 6 : (double)(p->k + 2));
    }
}

static bool make_quantised(problem *p)
{
    p->scale = guarded_new(p->n * sizeof(float));
    p->sums = guarded_new(p->n * sizeof(float));
    p->a_rows = guarded_new(p->m * sizeof *p->a_rows);
    if (!p->scale || !p->sums || !p->a_rows) return false;
    fill_quantised(p);
    return true;
}

static bool problem_make(problem *p)
{
    const size_t mn = p->m * p->n;
    p->kp = gte__panel_units(p->type, p->k) * gte__unit_elements(p->type);
    p->a_bytes = p->m * p->kp * element_size(p->a_type);
    p->panels_bytes = gte__panels_bytes(p->type, p->n, p->k);
    p->a = guarded_new(p->a_bytes);
    p->panels = guarded_new(p->panels_bytes);
    p->bias = guarded_new(p->n * sizeof(float));
    p->residual = guarded_new(mn * sizeof(float));
    p->exact = calloc(mn, sizeof(double));
    p->magnitude = calloc(mn, sizeof(double));
    if (!p->a || !p->panels || !p->bias || !p->residual || !p->exact || !p->magnitude) return false;
    if (p->type != GTE__ELEMENT_INT8) fill_normal(p->a, p->a_type, p->m * p->kp, 1);
    fill_normal(p->bias, GTE__ELEMENT_F32, p->n, 1);
    fill_normal(p->residual, GTE__ELEMENT_F32, mn, 1);
    fill_panels(p);
    if (p->type == GTE__ELEMENT_INT8 && !make_quantised(p)) return false;
    multiply(p);
    return true;
}

static void problem_free(problem *p)
{
    const size_t mn = p->m * p->n;
    guarded_free(p->a, p->a_bytes);
    guarded_free(p->panels, p->panels_bytes);
    guarded_free(p->bias, p->n * sizeof(float));
    guarded_free(p->residual, mn * sizeof(float));
    guarded_free(p->scale, p->n * sizeof(float));
    guarded_free(p->sums, p->n * sizeof(float));
    guarded_free(p->a_rows, p->m * sizeof *p->a_rows);
    free(p->exact);
    free(p->magnitude);
}

static double gelu(double v, bool tanh_form)
{
    if (tanh_form) return v / 2 * (1 + tanh(sqrt(0.6366197723675814) * (v + 0.044715 * v * v * v)));
    return v / 2 * (1 + erf(v * 0.7071067811865476));
}

static bool compare(const gte__gemm_kernel *kernel, const problem *p, gte__epilogue e,
                    gte__element c_type)
{
    const bool bf16 = c_type == GTE__ELEMENT_BF16;
    for (size_t at = 0; at < p->m * p->n; at++) {
        const double bias = (double)p->bias[at % p->n], sum = p->exact[at] + bias;
        const double residual = (double)p->residual[at];
        double want = sum;
        double bound = ROUNDING * (p->magnitude[at] + (double)(p->k + 2) * fabs(bias));
        if (e == GTE__EPILOGUE_GELU_ERF || e == GTE__EPILOGUE_GELU_TANH) {
            want = gelu(sum, e == GTE__EPILOGUE_GELU_TANH);
            bound = 1.13 * bound +
                    (bf16 ? 3.2e-4 : 5e-7) * fmax(1, fabs(sum)); /* GELU's slope is below 1.13 */
        }
        if (e == GTE__EPILOGUE_RESIDUAL) {
            want += residual;
            bound += 2 * ROUNDING * (fabs(sum) + fabs(residual));
        }
        if (bf16) bound += (fabs(want) + bound) * 0x1p-8 * 1.001;
        const double got = element_get(p->c, c_type, at);
        if (fabs(got - want) <= bound) continue;
        fprintf(stderr,
                "FAILED gemm %s, %d to %d, M=%zu N=%zu K=%zu epilogue %d [%zu]: %.9g, exact %.9g\n",
                kernel->isa, (int)p->type, (int)c_type, p->m, p->n, p->k, (int)e, at, got, want);
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

/* Every epilogue to every type of C. */
static bool check_shape(const gte__gemm_kernel *kernel, size_t m, size_t n, size_t k)
{
    problem p = {.m = m, .n = n, .k = k, .type = kernel->weights, .a_type = kernel->a};
    bool ok = problem_make(&p);
    const gte__gemm_weights w = {
        .panels = p.panels, .bias = p.bias, .scale = p.scale, .sums = p.sums, .n = n, .k = k};
    gte__gemm g = {.weights = &w,
                   .a = p.a,
                   .a_stride = p.kp * element_size(p.a_type),
                   .a_rows = p.a_rows,
                   .residual = p.residual,
                   .residual_stride = n * sizeof(float)};
    for (int i = 0; i < 2 * GTE__EPILOGUE_COUNT && ok; i++) {
        g.epilogue = (gte__epilogue)(i / 2);
        g.c_type = (gte__element)(i % 2);
        g.c_stride = n * element_size(g.c_type);
        p.c = g.c = guarded_new(m * g.c_stride);
        if (!p.c) return false;
        memset(p.c, 0xff, m * g.c_stride);
        run(kernel, &g, m);
        ok = compare(kernel, &p, g.epilogue, g.c_type);
        guarded_free(p.c, m * g.c_stride);
    }
    problem_free(&p);
    return ok;
}

static void check_kernel(const gte__gemm_kernel *g, const char *name, product_result *result)
{
    static const size_t shapes[][2] = {{32, 32}, {1, 1},    {33, 5},   {64, 64},
                                       {95, 31}, {40, 100}, {312, 12}, {70, 257}};
    const unsigned failed = result->failed;
    for (size_t m = 1; m <= 40; m++)
        for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
            check_shape(g, m, shapes[s][0], shapes[s][1]) ? result->passed++ : result->failed++;
    /* more rows than one block of A */
    check_shape(g, 200, 96, 1024) ? result->passed++ : result->failed++;
    printf("%-10s %-28s %s\n", g->isa, name, result->failed == failed ? "ok" : "FAILED");
}

product_result check_products(gte__isa best, const char *isa, const char *kernel, uint64_t seed)
{
    static const char *const names[] = {"f32_gemm", "bf16_gemm", "int8_gemm"};
    product_result result = {0, 0};
    guarded_seed(seed);
    for (int type = 0; type < 3; type++) {
        if (kernel && strcmp(kernel, names[type]) != 0) continue;
        for (int level = 0; level <= (int)best; level++) {
            if (!gte__cpu_has((gte__isa)level)) continue;
            const gte__gemm_kernel *g = gte__gemm_kernel_for((gte__element)type, (gte__isa)level);
            if (strcmp(g->isa, gte__isa_name((gte__isa)level)) != 0) continue; /* a lower one's */
            if (!isa || strcmp(isa, g->isa) == 0) check_kernel(g, names[type], &result);
        }
    }
    return result;
}
