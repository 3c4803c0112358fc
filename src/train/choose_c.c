/* The grid of C, with warm starts. */
#include "choose_c.h"

#include <math.h>
#include <stdlib.h>

#include "base/status.h"

static double mean_of(const double *values, unsigned n)
{
    double sum = 0;
    for (unsigned i = 0; i < n; i++) sum += values[i];
    return sum / n;
}

static double spread_of(const double *values, unsigned n)
{
    const double mean = mean_of(values, n);
    double sum = 0;
    for (unsigned i = 0; i < n; i++) sum += (values[i] - mean) * (values[i] - mean);
    return n > 1 ? sqrt(sum / (n - 1)) : 0;
}

static void summarise(const train__figures *of, unsigned folds, train__trial *out)
{
    double accuracy[TRAIN__MOST_FOLDS], f1[TRAIN__MOST_FOLDS], merit[TRAIN__MOST_FOLDS];
    for (unsigned f = 0; f < folds; f++) {
        accuracy[f] = of[f].accuracy;
        f1[f] = of[f].f1;
        merit[f] = of[f].merit;
    }
    out->mean =
        (train__figures){mean_of(accuracy, folds), mean_of(f1, folds), mean_of(merit, folds)};
    out->spread =
        (train__figures){spread_of(accuracy, folds), spread_of(f1, folds), spread_of(merit, folds)};
}

gte_status train__choose_c(const train__rows *rows, const train__loss *loss,
                           const train__options *options, const size_t *bounds, unsigned folds,
                           const train__judge *judge, const double *c, size_t count,
                           train__trials *trials, gte_error *err)
{
    const size_t n = train__weight_count(rows, loss);
    train__options now = *options;
    train__rows part = *rows;
    train__figures figures[TRAIN__MOST_FOLDS];
    train__outcome outcome;
    gte_status status = GTE_OK;
    double *weights = calloc(n, folds * sizeof *weights);
    if (!weights) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for %u folds", folds);
    trials->count = trials->best = 0;
    while (status == GTE_OK && trials->count < count && trials->count < trials->best + 3) {
        train__trial *trial = &trials->of[trials->count];
        trial->c = now.c = c[trials->count];
        for (unsigned f = 0; f < folds && status == GTE_OK; f++) {
            part.hole_from = bounds[f];
            part.hole_to = bounds[f + 1];
            status = train__linear_fit(&part, loss, &now, weights + f * n, &outcome, err);
            if (status == GTE_OK)
                status = judge->run(judge->arg, weights + f * n, bounds[f], bounds[f + 1],
                                    &figures[f], err);
        }
        if (status != GTE_OK) break;
        summarise(figures, folds, trial);
        if (trial->mean.merit > trials->of[trials->best].mean.merit) trials->best = trials->count;
        trials->count++;
    }
    free(weights);
    return status;
}
