/* The dot product: the definition. Each product is exact in double, so that this is also the most
 * accurate of the tables. */
#include "kernels_scalar.h"

float gte__f32_dot_scalar(const float *a, const float *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return (float)sum;
}
