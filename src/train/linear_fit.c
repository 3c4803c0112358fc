/* The objective, block by block of rows: scores by one product, their derivatives by the loss, the
 * gradient by another, so that memory beside the rows is a block's, however many rows there are.
 *
 * Products are of floats, everything that adds up over rows or iterations is double. */
#include "linear_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "product.h"

#define BLOCK_ROWS 512
#define TOLERANCE 1e-5
#define ITERATIONS 1000
#define VALUE_NOISE 1e-7 /* of a mean of losses, whose scores are floats */

typedef struct objective {
    const train__rows *rows;
    const train__loss *loss;
    const train__options *options;
    size_t trained, block; /* rows trained on, most rows at once */
    float *w, *bias;       /* the weights as floats */
    float *scores;         /* [block, k] */
    float *gradient;       /* of W, [k, d] */
    void *memory;
} objective;

void train__linear_scores(const train__rows *rows, const float *w, const float *bias, size_t from,
                          size_t to, float *scores)
{
    for (size_t i = 0; i < to - from; i++)
        memcpy(scores + i * rows->k, bias, rows->k * sizeof *bias);
    train__product_scores(rows->x + from * rows->d, to - from, rows->d, w, rows->k, scores);
}

/* One past the last row of a block that begins at `from`, at most `end`; *unit is where to go on
 * looking in the units. */
static size_t block_end(const objective *o, size_t from, size_t end, size_t *unit)
{
    const train__loss *loss = o->loss;
    if (!loss->units) return end - from < o->block ? end : from + o->block;
    size_t to = from;
    while (*unit < loss->unit_count && loss->units[*unit] < from) (*unit)++;
    while (*unit < loss->unit_count && loss->units[*unit + 1] <= end &&
           loss->units[*unit + 1] - from <= o->block)
        to = loss->units[++*unit];
    return to > from ? to : end;
}

/* Rows from .. end - 1 into *value and the gradients. */
static gte_status run_rows(objective *o, size_t from, size_t end, const double *extra,
                           double *value, double *bias_gradient, double *extra_gradient,
                           gte_error *err)
{
    const train__rows *r = o->rows;
    size_t unit = 0;
    while (from < end) {
        const size_t to = block_end(o, from, end, &unit);
        if (o->options->poll && o->options->poll(o->options->poll_arg) != 0)
            return gte__fail(err, GTE_E_CANCELLED, 0, "training was stopped");
        train__linear_scores(r, o->w, o->bias, from, to, o->scores);
        *value += o->loss->run(o->loss->arg, from, to, o->scores, extra, extra_gradient);
        train__product_gradient(r->x + from * r->d, to - from, r->d, o->scores, r->k, o->gradient);
        for (size_t i = 0; i < to - from; i++)
            for (size_t k = 0; k < r->k; k++) bias_gradient[k] += (double)o->scores[i * r->k + k];
        from = to;
    }
    return GTE_OK;
}

static double penalise(const double *weights, double *gradient, size_t n, double strength)
{
    double square = 0;
    for (size_t i = 0; i < n; i++) {
        square += weights[i] * weights[i];
        gradient[i] += strength * weights[i];
    }
    return 0.5 * strength * square;
}

static gte_status evaluate(void *arg, const double *weights, double *value, double *gradient,
                           gte_error *err)
{
    objective *o = arg;
    const train__rows *r = o->rows;
    const size_t kd = r->k * r->d, extra_at = kd + r->k, n = extra_at + o->loss->extra;
    double sum = 0;
    for (size_t i = 0; i < extra_at; i++) o->w[i] = (float)weights[i]; /* bias follows w */
    memset(o->gradient, 0, kd * sizeof *o->gradient);
    memset(gradient + kd, 0, (n - kd) * sizeof *gradient);
    gte_status status = run_rows(o, 0, r->hole_from, weights + extra_at, &sum, gradient + kd,
                                 gradient + extra_at, err);
    if (status == GTE_OK)
        status = run_rows(o, r->hole_to, r->rows, weights + extra_at, &sum, gradient + kd,
                          gradient + extra_at, err);
    if (status != GTE_OK) return status;
    const double scale = 1 / (double)o->trained;
    for (size_t i = 0; i < kd; i++) gradient[i] = scale * (double)o->gradient[i];
    for (size_t i = kd; i < n; i++) gradient[i] *= scale;
    const double strength = scale / o->options->c;
    *value = scale * sum + penalise(weights, gradient, kd, strength) +
             penalise(weights + extra_at, gradient + extra_at, o->loss->extra, strength);
    return GTE_OK;
}

/* Room for the longest unit at least. */
static size_t block_rows(const train__loss *loss)
{
    size_t most = BLOCK_ROWS;
    for (size_t u = 0; loss->units && u < loss->unit_count; u++) {
        const size_t size = loss->units[u + 1] - loss->units[u];
        if (size > most) most = size;
    }
    return most;
}

static gte_status prepare(objective *o, gte_error *err)
{
    const train__rows *r = o->rows;
    gte__plan plan = {0};
    o->trained = r->rows - (r->hole_to - r->hole_from);
    if (o->trained == 0 || r->k == 0 || r->d == 0 || !(o->options->c > 0))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "nothing to train on");
    for (size_t i = 0; i < r->rows * r->d; i++)
        if (!isfinite(r->x[i]))
            return gte__fail(err, GTE_E_ARGUMENT, 0, "the vector of example %zu is not finite",
                             i / r->d + 1);
    o->block = block_rows(o->loss);
    const size_t w = gte__plan_add(&plan, r->k * (r->d + 1), sizeof(float));
    const size_t gradient = gte__plan_add(&plan, r->k * r->d, sizeof(float));
    const size_t scores = gte__plan_add(&plan, o->block * r->k, sizeof(float));
    o->memory = plan.bad ? NULL : gte__block_alloc(plan.total);
    if (!o->memory)
        return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for training %zu classes", r->k);
    char *block = o->memory;
    o->w = (float *)(void *)(block + w);
    o->bias = o->w + r->k * r->d;
    o->gradient = (float *)(void *)(block + gradient);
    o->scores = (float *)(void *)(block + scores);
    return GTE_OK;
}

gte_status train__linear_fit(const train__rows *rows, const train__loss *loss,
                             const train__options *options, double *weights,
                             train__outcome *outcome, gte_error *err)
{
    objective o = {.rows = rows, .loss = loss, .options = options};
    gte_status status = prepare(&o, err);
    if (status == GTE_OK) {
        const train__function function = {.size = train__weight_count(rows, loss),
                                          .evaluate = evaluate,
                                          .arg = &o,
                                          .noise = VALUE_NOISE};
        const train__limits limits = {
            options->tolerance > 0 ? options->tolerance : TOLERANCE,
            options->iterations > 0 ? options->iterations : ITERATIONS,
        };
        status = train__minimise(&function, &limits, weights, outcome, err);
    }
    free(o.memory);
    return status;
}
