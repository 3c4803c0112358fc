/* The line search of Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6, with cubic
 * interpolation (3.59), and with Hager and Zhang's approximate Wolfe conditions (SIAM J. Optim.
 * 2005, 4.1) where the value no longer tells a descent from its own rounding. */
#include "line_search.h"

#include <math.h>

#define DECREASE 1e-4
#define CURVATURE 0.9
#define MOST_PROBES 40

double train__dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static gte_status probe(train__line *line, double length, train__step *out, gte_error *err)
{
    const size_t n = line->function->size;
    for (size_t i = 0; i < n; i++) line->to[i] = line->x[i] + length * line->direction[i];
    line->evaluations++;
    out->length = length;
    gte_status status =
        line->function->evaluate(line->function->arg, line->to, &out->value, line->gradient, err);
    if (status == GTE_OK) out->slope = train__dot(line->gradient, line->direction, n);
    return status;
}

static bool descends(const train__line *line, const train__step *step)
{
    const train__step *start = &line->start;
    return step->value <= start->value + DECREASE * step->length * start->slope;
}

static bool accepted(const train__line *line, const train__step *step)
{
    const train__step *start = &line->start;
    if (!isfinite(step->value) || !isfinite(step->slope)) return false;
    if (descends(line, step) && fabs(step->slope) <= -CURVATURE * start->slope) return true;
    return step->value <= start->value + line->function->noise * fabs(start->value) &&
           step->slope >= CURVATURE * start->slope &&
           step->slope <= (2 * DECREASE - 1) * start->slope;
}

/* The minimum of the cubic through two values and slopes, kept away from both ends. */
static double between(const train__step *a, const train__step *b)
{
    const double span = b->length - a->length, margin = 0.1 * fabs(span);
    const double low = fmin(a->length, b->length) + margin;
    const double high = fmax(a->length, b->length) - margin;
    const double d1 = a->slope + b->slope + 3 * (a->value - b->value) / span;
    const double square = d1 * d1 - a->slope * b->slope;
    double length = NAN;
    if (square >= 0) {
        const double d2 = copysign(sqrt(square), span);
        length = b->length - span * (b->slope + d2 - d1) / (b->slope - a->slope + 2 * d2);
    }
    if (!isfinite(length)) return 0.5 * (a->length + b->length);
    return fmin(fmax(length, low), high);
}

/* Between `low`, which descends and has the lower value, and `high`. */
static gte_status zoom(train__line *line, train__step low, train__step high, bool *found,
                       train__step *taken, gte_error *err)
{
    train__step step;
    while (line->evaluations < MOST_PROBES &&
           fabs(high.length - low.length) > 1e-12 * fmax(low.length, high.length)) {
        gte_status status = probe(line, between(&low, &high), &step, err);
        if (status != GTE_OK) return status;
        if (accepted(line, &step)) {
            *found = true;
            *taken = step;
            return GTE_OK;
        }
        if (!isfinite(step.value) || !descends(line, &step) || step.value >= low.value) {
            high = step;
        } else {
            if (step.slope * (high.length - low.length) >= 0) high = low;
            low = step;
        }
    }
    /* no curvature, but a descent is worth having */
    if (low.length <= 0 || low.value >= line->start.value) return GTE_OK;
    *found = true;
    return probe(line, low.length, taken, err);
}

gte_status train__line_search(train__line *line, double first, bool *found, train__step *taken,
                              gte_error *err)
{
    train__step before = line->start, step;
    double length = first;
    *found = false;
    line->evaluations = 0;
    while (line->evaluations < MOST_PROBES) {
        gte_status status = probe(line, length, &step, err);
        if (status != GTE_OK) return status;
        if (accepted(line, &step)) {
            *found = true;
            *taken = step;
            return GTE_OK;
        }
        if (!isfinite(step.value) || !descends(line, &step) ||
            (line->evaluations > 1 && step.value >= before.value))
            return zoom(line, before, step, found, taken, err);
        if (step.slope >= 0) return zoom(line, step, before, found, taken, err);
        before = step;
        length *= 2;
    }
    return GTE_OK;
}
