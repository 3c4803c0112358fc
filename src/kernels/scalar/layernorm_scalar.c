/* Layer normalisation (Ba et al., 2016), biased variance, two passes: the definition. Everything
 * between the load and the store is in double, so that this is the most accurate of the tables. */
#include "kernels_scalar.h"

#include <math.h>

void gte__f32_layernorm_scalar(float *out, const float *x, const float *gain, const float *shift,
                               size_t n, float eps)
{
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i];
    const double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)x[i] - mean;
        squares += d * d;
    }
    const double factor = 1.0 / sqrt(squares / (double)n + (double)eps);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(((double)x[i] - mean) * factor * (double)gain[i] + (double)shift[i]);
}
