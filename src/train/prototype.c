/* Means and the leave-one-out look at them. */
#include "prototype.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "product.h"

static const double temperatures[] = {0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3};
#define TEMPERATURES (sizeof temperatures / sizeof *temperatures)
#define USUAL 3 /* where no example can be spared to choose */

typedef struct means {
    double *sums, *squares; /* [k, d] of the vectors; [k], |sum|^2 */
    size_t *counts;         /* [k] */
    float *cosines;         /* [k] of one example */
} means;

static void add_up(const train__rows *rows, const train__truth *truth, means *m)
{
    const size_t d = rows->d;
    for (size_t i = 0; i < rows->rows; i++) {
        const uint32_t label = truth->labels[truth->starts[i]];
        m->counts[label]++;
        for (size_t j = 0; j < d; j++) m->sums[label * d + j] += (double)rows->x[i * d + j];
    }
    for (size_t i = 0; i < truth->k * d; i++) m->squares[i / d] += m->sums[i] * m->sums[i];
}

/* The cosine to the mean of the others of its label, given the one to the mean with itself:
 * x (s - x) / |s - x|, x being of length 1. */
static double without_itself(double cosine, double square)
{
    const double product = cosine * sqrt(square);
    return (product - 1) / sqrt(fmax(square - 2 * product + 1, 1e-24));
}

/* Adds the example's loss under each temperature. */
static void add_losses(const float *cosines, size_t k, uint32_t label, double *losses)
{
    double most = -1;
    for (size_t i = 0; i < k; i++) most = fmax(most, (double)cosines[i]);
    for (size_t t = 0; t < TEMPERATURES; t++) {
        double sum = 0;
        for (size_t i = 0; i < k; i++) sum += exp(((double)cosines[i] - most) / temperatures[t]);
        losses[t] += log(sum) + (most - (double)cosines[label]) / temperatures[t];
    }
}

static size_t lowest(const double *values, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (values[i] < values[best]) best = i;
    return best;
}

/* `w` holds prototypes of length 1 here. */
static void judge(const train__rows *rows, const train__truth *truth, const means *m,
                  const float *w, train__prototypes *out, train__tally *tally)
{
    double losses[TEMPERATURES] = {0};
    const size_t k = truth->k;
    for (size_t i = 0; i < rows->rows; i++) {
        const uint32_t label = truth->labels[truth->starts[i]];
        if (m->counts[label] < 2) continue;
        memset(m->cosines, 0, k * sizeof *m->cosines);
        train__product_scores(rows->x + i * rows->d, 1, rows->d, w, k, m->cosines);
        m->cosines[label] = (float)without_itself((double)m->cosines[label], m->squares[label]);
        add_losses(m->cosines, k, label, losses);
        train__tally_add(tally, m->cosines, &label, 1, false);
        out->judged++;
    }
    out->temperature = temperatures[out->judged ? lowest(losses, TEMPERATURES) : USUAL];
}

static void write_rows(const means *m, size_t k, size_t d, double length, float *w)
{
    for (size_t i = 0; i < k * d; i++)
        w[i] = (float)(length * m->sums[i] / fmax(sqrt(m->squares[i / d]), 1e-12));
}

gte_status train__prototypes_make(const train__rows *rows, const train__truth *truth, float *w,
                                  train__prototypes *out, train__tally *tally, gte_error *err)
{
    const size_t k = truth->k, d = rows->d;
    means m = {calloc(k, d * sizeof *m.sums), calloc(k, sizeof *m.squares),
               calloc(k, sizeof *m.counts), calloc(k, sizeof *m.cosines)};
    gte_status status = GTE_OK;
    *out = (train__prototypes){0};
    if (m.sums && m.squares && m.counts && m.cosines) {
        add_up(rows, truth, &m);
        write_rows(&m, k, d, 1, w);
        judge(rows, truth, &m, w, out, tally);
        write_rows(&m, k, d, 1 / out->temperature, w);
    } else {
        status = gte__fail(err, GTE_E_MEMORY, 0, "out of memory for %zu prototypes", k);
    }
    free(m.sums);
    free(m.squares);
    free(m.counts);
    free(m.cosines);
    return status;
}
