/* Pearson and Spearman. */
#include "correlation.h"

#include <math.h>
#include <stdlib.h>

double cli__pearson(const double *x, const double *y, size_t n)
{
    double mean_x = 0, mean_y = 0, xy = 0, xx = 0, yy = 0;
    for (size_t i = 0; i < n; i++) {
        mean_x += x[i];
        mean_y += y[i];
    }
    mean_x /= (double)n;
    mean_y /= (double)n;
    for (size_t i = 0; i < n; i++) {
        xy += (x[i] - mean_x) * (y[i] - mean_y);
        xx += (x[i] - mean_x) * (x[i] - mean_x);
        yy += (y[i] - mean_y) * (y[i] - mean_y);
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx) / sqrt(yy) : (double)NAN;
}

typedef struct ranked {
    double value;
    size_t index;
} ranked;

static int by_value(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

/* Ranks from 1, equal values sharing their mean. `order` is room for n. */
static void rank(const double *values, size_t n, ranked *order, double *out)
{
    for (size_t i = 0; i < n; i++) {
        order[i].value = values[i];
        order[i].index = i;
    }
    qsort(order, n, sizeof *order, by_value);
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && !(order[end].value > order[i].value)) end++;
        double shared = (double)(i + 1 + end) / 2;
        for (; i < end; i++) out[order[i].index] = shared;
    }
}

int cli__spearman(const double *x, const double *y, size_t n, double *out)
{
    ranked *order = calloc(n, sizeof *order);
    double *ranks_x = calloc(n, sizeof *ranks_x);
    double *ranks_y = calloc(n, sizeof *ranks_y);
    int done = order && ranks_x && ranks_y;
    if (done) {
        rank(x, n, order, ranks_x);
        rank(y, n, order, ranks_y);
        *out = cli__pearson(ranks_x, ranks_y, n);
    }
    free(ranks_y);
    free(ranks_x);
    free(order);
    return done;
}
