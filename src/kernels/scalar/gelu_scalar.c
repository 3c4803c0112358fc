/* Both forms of GELU: the definition, with libm's erf and tanh. erf is evaluated in f32, whose
 * error of about 1e-7 is far inside the bound; the sum 1 + erf loses the relative precision of
 * large negative v, which the bound (absolute, 1e-6) allows. */
#include "kernels_scalar.h"

#include <math.h>

#define SQRT_1_2 0.70710678118654752440f /* 1 / sqrt 2 */
#define SQRT_2_OVER_PI 0.79788456080286535588f

void gte__f32_bias_gelu_erf_scalar(float *x, const float *bias, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float v = x[i] + bias[i];
        x[i] = 0.5f * v * (1.0f + erff(v * SQRT_1_2));
    }
}

void gte__f32_bias_gelu_tanh_scalar(float *x, const float *bias, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float v = x[i] + bias[i];
        const float u = SQRT_2_OVER_PI * (v + 0.044715f * v * v * v);
        x[i] = 0.5f * v * (1.0f + tanhf(u));
    }
}
