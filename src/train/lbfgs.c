/* L-BFGS: Nocedal and Wright, Numerical Optimization, algorithms 7.4 (the direction) and 7.5. */
#include "lbfgs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "line_search.h"

#define PAIRS 10

/* Differences of the last iterates and of their gradients, the newest at `newest`. */
typedef struct memory {
    double *s[PAIRS], *y[PAIRS];
    double rho[PAIRS];
    size_t count, newest;
} memory;

typedef struct solver {
    memory pairs;
    double *gradient, *next, *next_gradient, *direction;
    double *block;
} solver;

static gte_status allocate(solver *v, size_t n, gte_error *err)
{
    size_t bytes;
    memset(v, 0, sizeof *v);
    if (gte__mul(n, (2 * PAIRS + 4) * sizeof(double), &bytes)) v->block = gte__block_alloc(bytes);
    if (!v->block)
        return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for training %zu weights", n);
    double *at = v->block;
    for (size_t i = 0; i < PAIRS; i++, at += 2 * n) {
        v->pairs.s[i] = at;
        v->pairs.y[i] = at + n;
    }
    v->gradient = at;
    v->next = at + n;
    v->next_gradient = at + 2 * n;
    v->direction = at + 3 * n;
    return GTE_OK;
}

static void add_scaled(double *to, double scale, const double *from, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] += scale * from[i];
}

/* direction = -H gradient, algorithm 7.4; without pairs the steepest descent. */
static void choose_direction(const memory *m, const double *gradient, double *q, size_t n)
{
    double alpha[PAIRS];
    for (size_t i = 0; i < n; i++) q[i] = -gradient[i];
    if (!m->count) return;
    for (size_t back = 0; back < m->count; back++) {
        const size_t i = (m->newest + PAIRS - back) % PAIRS;
        alpha[i] = m->rho[i] * train__dot(m->s[i], q, n);
        add_scaled(q, -alpha[i], m->y[i], n);
    }
    const double *y = m->y[m->newest];
    const double gamma = 1 / (m->rho[m->newest] * train__dot(y, y, n)); /* (7.20) */
    for (size_t i = 0; i < n; i++) q[i] *= gamma;
    for (size_t back = m->count; back-- > 0;) {
        const size_t i = (m->newest + PAIRS - back) % PAIRS;
        add_scaled(q, alpha[i] - m->rho[i] * train__dot(m->y[i], q, n), m->s[i], n);
    }
}

/* Keeps the pair of a step, unless rounding has left it without curvature. */
static void remember(memory *m, const double *x, const double *next, const double *gradient,
                     const double *next_gradient, size_t n)
{
    const size_t at = m->count ? (m->newest + 1) % PAIRS : 0;
    double *s = m->s[at], *y = m->y[at];
    for (size_t i = 0; i < n; i++) {
        s[i] = next[i] - x[i];
        y[i] = next_gradient[i] - gradient[i];
    }
    const double curvature = train__dot(s, y, n);
    if (!(curvature > 1e-14 * train__dot(y, y, n))) return;
    m->rho[at] = 1 / curvature;
    m->newest = at;
    if (m->count < PAIRS) m->count++;
}

static double largest(const double *v, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs(v[i]));
    return most;
}

/* One iteration. *moved: there was a step downwards; without one the pairs are forgotten, and if
 * there were none to forget the minimum is as near as rounding lets it come. */
static gte_status advance(solver *v, const train__function *function, double *x,
                          train__outcome *outcome, bool *moved, gte_error *err)
{
    const size_t n = function->size;
    train__line line = {.function = function,
                        .x = x,
                        .direction = v->direction,
                        .to = v->next,
                        .gradient = v->next_gradient};
    train__step taken;
    choose_direction(&v->pairs, v->gradient, v->direction, n);
    double slope = train__dot(v->gradient, v->direction, n);
    if (!(slope < 0)) { /* rounding has spoilt the pairs */
        v->pairs.count = 0;
        choose_direction(&v->pairs, v->gradient, v->direction, n);
        slope = train__dot(v->gradient, v->direction, n);
    }
    line.start = (train__step){0, outcome->value, slope};
    const double first = v->pairs.count ? 1 : 1 / sqrt(-slope);
    gte_status status = train__line_search(&line, first, moved, &taken, err);
    outcome->evaluations += line.evaluations;
    if (status != GTE_OK || !*moved) return status;
    remember(&v->pairs, x, v->next, v->gradient, v->next_gradient, n);
    memcpy(x, v->next, n * sizeof *x);
    memcpy(v->gradient, v->next_gradient, n * sizeof *x);
    outcome->value = taken.value;
    outcome->gradient = largest(v->gradient, n);
    outcome->iterations++;
    return GTE_OK;
}

gte_status train__minimise(const train__function *function, const train__limits *limits, double *x,
                           train__outcome *outcome, gte_error *err)
{
    const size_t n = function->size;
    solver v;
    *outcome = (train__outcome){0};
    gte_status status = allocate(&v, n, err);
    if (status != GTE_OK) return status;
    status = function->evaluate(function->arg, x, &outcome->value, v.gradient, err);
    outcome->evaluations = 1;
    outcome->gradient = largest(v.gradient, n);
    while (status == GTE_OK && outcome->gradient > limits->gradient &&
           outcome->iterations < limits->iterations) {
        bool moved = false;
        status = advance(&v, function, x, outcome, &moved, err);
        if (status == GTE_OK && !moved && v.pairs.count == 0) break;
        if (!moved) v.pairs.count = 0;
    }
    outcome->converged = outcome->gradient <= limits->gradient;
    free(v.block);
    return status;
}
