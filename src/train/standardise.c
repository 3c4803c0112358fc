/* Passes over the rows; sums in double. */
#include "standardise.h"

#include <math.h>
#include <string.h>

void train__standardise(float *x, size_t rows, size_t d, double *mean, double *scale)
{
    const double n = (double)(rows ? rows : 1);
    memset(mean, 0, d * sizeof *mean);
    memset(scale, 0, d * sizeof *scale);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < d; j++) mean[j] += (double)x[i * d + j] / n;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < d; j++) {
            const double away = (double)x[i * d + j] - mean[j];
            scale[j] += away * away / n;
        }
    for (size_t j = 0; j < d; j++) scale[j] = scale[j] > 1e-18 ? sqrt(scale[j]) : 1;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < d; j++)
            x[i * d + j] = (float)(((double)x[i * d + j] - mean[j]) / scale[j]);
}

void train__restore(double *w, double *bias, size_t k, size_t d, const double *mean,
                    const double *scale)
{
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < d; j++) {
            w[i * d + j] /= scale[j];
            bias[i] -= w[i * d + j] * mean[j];
        }
}
