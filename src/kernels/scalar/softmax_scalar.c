/* Softmax of a row: the definition. The greatest element is taken out first, so that no exponential
 * overflows; exponent and sum are in double. A row with a NaN or +inf, or of -inf only, is NaN. */
#include "kernels_scalar.h"

#include <math.h>

void gte__f32_softmax_scalar(float *x, float scale, size_t n)
{
    float max = -INFINITY;
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) max = x[i] > max ? x[i] : max;
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)exp((double)scale * ((double)x[i] - (double)max));
        sum += (double)x[i];
    }
    for (size_t i = 0; i < n; i++) x[i] = (float)((double)x[i] / sum);
}
