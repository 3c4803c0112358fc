/* The choices of quantise.h, made from the weights alone: inputs are taken to be normal. */
#include <math.h>

#include "convert/quantise.h"

/* strength[i]: the root mean square of column i of W where rows have length one; rows of zeros have
 * no say. */
static void measure_columns(const float *w, size_t n, size_t k, float *strength)
{
    for (size_t i = 0; i < k; i++) strength[i] = 0;
    for (size_t j = 0; j < n; j++, w += k) {
        const double size = convert__length(w, k);
        if (size < CONVERT__NOTHING) continue;
        const float by = (float)(1 / size);
        for (size_t i = 0; i < k; i++) strength[i] += w[i] * by * (w[i] * by);
    }
    for (size_t i = 0; i < k; i++) strength[i] = sqrtf(strength[i] / (float)n);
}

double convert__length(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

void convert__equalise(float *w, size_t n, size_t k, float *gain)
{
    measure_columns(w, n, k, gain);
    for (size_t i = 0; i < k; i++) gain[i] = sqrtf(gain[i]);
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < k; i++)
            if (gain[i] > 0) w[j * k + i] /= gain[i];
}

/* By the trapezoidal rule, which is exact to many digits for a bell. */
double convert__gelu_mean(double mean, double deviation)
{
    double total = 0, sum = 0;
    for (int step = -20; step <= 20; step++) {
        const double z = step / 4.0, x = mean + deviation * z, weight = exp(-z * z / 2);
        total += weight;
        sum += weight * x / 2 * (1 + erf(x * M_SQRT1_2));
    }
    return sum / total;
}
