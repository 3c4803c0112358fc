/* Rows between products (kernels/rows.h): layer norm with its copy, copies, u8 of GELU's results.
 * Every operand lies flush against an unreadable page. */
#include "checkkern.h"
#include "product_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct problem {
    const gte__row_kernels *kernels;
    size_t n;
    float *x, *gain, *shift, *before; /* [n] */
    void *copy;                       /* [n] of bf16 or u8 */
    gte__element type;
    gte__row_scale scale;
    bool bad;
} problem;

static void blame(problem *p, const char *what, size_t i, double got, double want)
{
    if (!p->bad)
        fprintf(stderr, "FAILED rows %s n=%zu type %d %s [%zu]: %.9g, not %.9g\n", p->kernels->isa,
                p->n, (int)p->type, what, i, got, want);
    p->bad = true;
}

/* u8: half a step of the range off at most, and a hair for the roundings of f32; its ends are the
 * row's. bf16: the number itself, rounded. */
static void check_copy(problem *p, const char *what)
{
    for (size_t i = 0; i < p->n; i++) {
        const double x = (double)p->x[i], got = element_get(p->copy, p->type, i);
        if (p->type == GTE__ELEMENT_BF16) {
            uint16_t want;
            element_put(&want, GTE__ELEMENT_BF16, 0, p->x[i]);
            const double rounded = element_get(&want, GTE__ELEMENT_BF16, 0);
            if (got != rounded) blame(p, what, i, got, rounded);
        } else if (p->type == GTE__ELEMENT_INT8) {
            const double step = (double)p->scale.scale, offset = (double)p->scale.offset;
            const double back = step * got + offset;
            if (!(fabs(back - x) <= 0.501 * step + 1e-6 * (fabs(x) + fabs(offset))))
                blame(p, what, i, back, x);
        }
    }
}

static void check_range(problem *p, double low)
{
    double high = -INFINITY, least = INFINITY;
    for (size_t i = 0; i < p->n; i++) {
        high = fmax(high, (double)p->x[i]);
        least = fmin(least, (double)p->x[i]);
    }
    if (isnan(low)) low = least;
    if ((double)p->scale.offset != low) blame(p, "offset", 0, (double)p->scale.offset, low);
    const double want = (high - low) / 255;
    if (fabs((double)p->scale.scale - want) > 4 * ROUNDING * (fabs(high) + fabs(low)) / 255)
        blame(p, "scale", 0, (double)p->scale.scale, want);
}

static void check_norm(problem *p)
{
    double mean = 0, squares = 0;
    const double n = (double)p->n;
    for (size_t i = 0; i < p->n; i++) mean += (double)p->before[i] / n;
    for (size_t i = 0; i < p->n; i++) {
        const double d = (double)p->before[i] - mean;
        squares += d * d / n;
    }
    const double f = 1 / sqrt(squares + 1e-3);
    for (size_t i = 0; i < p->n; i++) {
        const double d = ((double)p->before[i] - mean) * f;
        const double want = d * (double)p->gain[i] + (double)p->shift[i];
        const double bound = 1e-6 * (8 + 8 * fabs(mean) * f + fabs(d));
        if (!(fabs((double)p->x[i] - want) <= bound * (fabs((double)p->gain[i]) + 1)))
            blame(p, "norm", i, (double)p->x[i], want);
    }
}

/* u8 of z copy->gain beside the usual norm: as wide a range as of the definition, whose z is p->x
 * where gain is one and shift zero. */
static void check_gain(problem *p)
{
    float *const own = p->shift;
    const gte__row_copy copy = {
        .type = GTE__ELEMENT_INT8, .data = p->copy, .scale = &p->scale, .gain = own};
    memcpy(p->x, p->before, p->n * sizeof *p->x);
    p->kernels->layernorm(p->x, p->gain, own, p->n, 1e-3f, &copy);
    check_norm(p);
    for (size_t i = 0; i < p->n; i++) {
        p->gain[i] = 1;
        p->x[i] = 0;
    }
    gte__rows_scalar.layernorm(p->before, p->gain, p->x, p->n, 1e-3f,
                               &(gte__row_copy){.type = GTE__ELEMENT_F32});
    for (size_t i = 0; i < p->n; i++) p->x[i] = p->before[i] * own[i];
    check_copy(p, "with a gain");
}

static void check_type(problem *p, gte__element type)
{
    const gte__row_copy copy = {.type = type, .data = p->copy, .scale = &p->scale};
    p->type = type;
    for (size_t i = 0; i < p->n; i++) {
        p->before[i] = p->x[i] = guarded_normal() * 3 + 1;
        p->gain[i] = guarded_normal();
        p->shift[i] = guarded_normal();
    }
    p->kernels->layernorm(p->x, p->gain, p->shift, p->n, 1e-3f, &copy);
    check_norm(p);
    check_copy(p, "normalised");
    memset(p->copy, 0x55, p->n * element_size(type));
    p->kernels->copy(p->before, p->n, &copy);
    memcpy(p->x, p->before, p->n * sizeof *p->x);
    check_copy(p, "copied");
    if (type != GTE__ELEMENT_INT8) return;
    check_range(p, (double)NAN);
    const gte__row_copy own_place = {.type = type, .data = p->x, .scale = &p->scale};
    p->kernels->copy(p->x, p->n, &own_place);
    if (memcmp(p->x, p->copy, p->n) != 0) blame(p, "in its own place", 0, 0, 0);
    for (size_t i = 0; i < p->n; i++) p->x[i] = -2.5f; /* a constant row */
    p->kernels->copy(p->x, p->n, &copy);
    check_copy(p, "constant");
    check_gain(p);
}

static void check_gelu(problem *p)
{
    uint16_t *rows = guarded_new(p->n * sizeof *rows);
    p->type = GTE__ELEMENT_INT8;
    for (size_t i = 0; rows && i < p->n; i++) {
        const float v = guarded_normal() * 3;
        element_put(rows, GTE__ELEMENT_BF16, i, v / 2 * (1 + erff(v * 0.70710678f)));
        p->x[i] = (float)element_get(rows, GTE__ELEMENT_BF16, i);
    }
    if (!rows) {
        p->bad = true;
        return;
    }
    p->kernels->quantise_gelu(p->copy, &p->scale, rows, p->n);
    check_copy(p, "gelu");
    p->x[0] = fmaxf(p->x[0], 0); /* the range is never less than up to zero */
    check_range(p, (double)GTE__GELU_LOW);
    p->kernels->quantise_gelu((uint8_t *)(void *)rows, &p->scale, rows, p->n);
    if (memcmp(rows, p->copy, p->n) != 0) blame(p, "gelu in its own place", 0, 0, 0);
    for (size_t i = 0; i < p->n; i++) rows[i] = 0x3f80;
    rows[p->n / 2] = 0x7fc0; /* a NaN is not lost */
    p->kernels->quantise_gelu(p->copy, &p->scale, rows, p->n);
    if (!isnan(p->scale.scale)) blame(p, "NaN", p->n / 2, (double)p->scale.scale, (double)NAN);
    guarded_free(rows, p->n * sizeof *rows);
}

static bool check_size(const gte__row_kernels *kernels, size_t n, gte__element type)
{
    problem p = {.kernels = kernels, .n = n};
    const size_t bytes = n * sizeof(float);
    p.x = guarded_new(bytes);
    p.gain = guarded_new(bytes);
    p.shift = guarded_new(bytes);
    p.before = guarded_new(bytes);
    p.copy = guarded_new(n * element_size(type));
    p.bad = !p.x || !p.gain || !p.shift || !p.before || !p.copy;
    if (!p.bad) check_type(&p, type);
    if (!p.bad && type == GTE__ELEMENT_INT8 && kernels->quantise_gelu) check_gelu(&p);
    guarded_free(p.x, bytes);
    guarded_free(p.gain, bytes);
    guarded_free(p.shift, bytes);
    guarded_free(p.before, bytes);
    guarded_free(p.copy, n * element_size(type));
    return !p.bad;
}

static void check_kernel(const gte__row_kernels *k, gte__element type, const char *name,
                         product_result *result)
{
    static const size_t real_sizes[] = {384, 1024, 1536, 4096};
    enum { SMALL = 200, SIZES = SMALL + sizeof real_sizes / sizeof *real_sizes };
    const unsigned failed = result->failed;
    for (size_t i = 0; i < SIZES; i++) {
        const size_t n = i < SMALL ? i + 1 : real_sizes[i - SMALL];
        check_size(k, n, type) ? result->passed++ : result->failed++;
    }
    printf("%-10s %-28s %s\n", k->isa, name, result->failed == failed ? "ok" : "FAILED");
}

product_result check_copies(gte__isa best, const char *isa, const char *kernel, uint64_t seed)
{
    static const char *const names[] = {NULL, "bf16_rows", "int8_rows"};
    product_result result = {0, 0};
    guarded_seed(seed);
    for (int type = 1; type < 3; type++) {
        if (kernel && strcmp(kernel, names[type]) != 0) continue;
        for (int level = 0; level <= (int)best; level++) {
            if (!gte__cpu_has((gte__isa)level)) continue;
            const gte__row_kernels *k = gte__row_kernels_for((gte__element)type, (gte__isa)level);
            if (strcmp(k->isa, gte__isa_name((gte__isa)level)) != 0) continue; /* a lower one's */
            if (isa && strcmp(isa, k->isa) != 0) continue;
            const bool narrows = level == GTE__ISA_SCALAR || k->quantise_gelu;
            if (type == GTE__ELEMENT_INT8 || narrows)
                check_kernel(k, (gte__element)type, names[type], &result);
        }
    }
    return result;
}
