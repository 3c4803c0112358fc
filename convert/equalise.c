/* The choices of quantise.h, made from the weights alone: inputs are taken to be normal. */
#include <math.h>

#include "convert/quantise.h"

/* What most rows of so many normal channels stay within, of either sign: beyond it half a channel
 * is expected. */
static double reach(const float *gain, size_t k)
{
    double low = 0, high = 0;
    for (size_t i = 0; i < k; i++) high = fmax(high, 6.0 * (double)gain[i]);
    for (int step = 0; step < 24; step++) {
        const double middle = (low + high) / 2;
        double beyond = 0;
        for (size_t i = 0; i < k; i++)
            if (gain[i] > 0) beyond += erfc(middle / (double)gain[i] * M_SQRT1_2);
        if (beyond > 0.5)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* energy[j]: the squared length of row j. strength[i]: the root mean square of column i where rows
 * have length one; rows of zeros have no say. */
static void measure(const float *w, size_t n, size_t k, const convert__room *room)
{
    for (size_t i = 0; i < k; i++) room->strength[i] = 0;
    for (size_t j = 0; j < n; j++, w += k) {
        double sum = 0;
        for (size_t i = 0; i < k; i++) sum += (double)w[i] * (double)w[i];
        room->energy[j] = sum;
        if (!(sum > 0)) continue;
        const float by = (float)(1 / sqrt(sum));
        for (size_t i = 0; i < k; i++) room->strength[i] += w[i] * by * (w[i] * by);
    }
    for (size_t i = 0; i < k; i++) room->strength[i] = sqrtf(room->strength[i] / (float)n);
}

/* The mean square of what the rounding of inputs and weights does to an output, rows of length one:
 * a step's square / 12 for each number, times the square of what it is multiplied with. */
static double rounding_error(const float *w, size_t n, size_t k, const float *gain,
                             const convert__room *room)
{
    const double step = 2 * reach(gain, k) / 255;
    double columns = 0, inputs = 0, weights = 0;
    for (size_t i = 0; i < k; i++) {
        room->inverse[i] = gain[i] > 0 ? 1 / gain[i] : 0;
        columns += pow((double)room->strength[i] * (double)room->inverse[i], 2);
        inputs += (double)gain[i] * (double)gain[i];
    }
    for (size_t j = 0; j < n; j++, w += k) {
        float most = 0;
        for (size_t i = 0; i < k; i++) {
            const float size = fabsf(w[i]) * room->inverse[i];
            most = size > most ? size : most;
        }
        if (room->energy[j] > 0) weights += pow((double)most / 127, 2) / room->energy[j];
    }
    return (step * step * columns + weights * inputs / (double)n) / 12;
}

/* Gains between two extremes: all one, so that a strong column needs large weights, and as strong
 * as the columns, so that it needs large inputs. */
static void set_gains(float *gain, const float *strength, size_t k, double share)
{
    for (size_t i = 0; i < k; i++)
        gain[i] = strength[i] > 0 ? (float)pow((double)strength[i], share) : 0;
}

void convert__equalise(float *w, size_t n, size_t k, float *gain, const convert__room *room)
{
    enum { SHARES = 10 };
    double least = INFINITY, best = 0;
    measure(w, n, k, room);
    for (int i = 0; i <= SHARES; i++) {
        const double share = (double)i / SHARES;
        set_gains(gain, room->strength, k, share);
        const double error = rounding_error(w, n, k, gain, room);
        if (error < least) {
            least = error;
            best = share;
        }
    }
    set_gains(gain, room->strength, k, best);
    for (size_t i = 0; i < k; i++) room->inverse[i] = gain[i] > 0 ? 1 / gain[i] : 0;
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < k; i++) w[j * k + i] *= room->inverse[i];
}

float convert__best_scale(const float *w, const float *power, size_t k)
{
    enum { CANDIDATES = 16 };
    float most = 0, best = 0;
    double least = INFINITY;
    for (size_t i = 0; i < k; i++) most = fmaxf(most, fabsf(w[i]));
    if (!(most > 0)) return 0;
    for (int c = 0; c < CANDIDATES; c++) {
        const float scale = most * (1 - 0.025f * (float)c) / 127, by = 1 / scale;
        float error = 0;
        for (size_t i = 0; i < k; i++) {
            const float off = w[i] - scale * (float)convert__step(w[i], by);
            error += power[i] * off * off;
        }
        if ((double)error >= least) continue;
        least = (double)error;
        best = scale;
    }
    return best;
}

/* By the trapezoidal rule, which is exact to many digits for a bell. */
void convert__gelu_moments(double mean, double variance, float *first, float *second)
{
    const double deviation = sqrt(variance), width = 0.25;
    double total = 0, sum = 0, squares = 0;
    for (double z = -5; z <= 5; z += width) {
        const double x = mean + deviation * z, y = x / 2 * (1 + erf(x * M_SQRT1_2));
        const double weight = exp(-z * z / 2);
        total += weight;
        sum += weight * y;
        squares += weight * y * y;
    }
    *first = (float)(sum / total);
    *second = (float)(squares / total);
}
