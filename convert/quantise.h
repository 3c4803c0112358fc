/* The numbers of one layer as an int8 file holds them, but for the last rounding: matrices in f32
 * with norms folded in and channels made equal, their scales, sums and biases.
 *
 * What the products read is quantised a row at a time to 8 bits, so one channel tens of times
 * larger than the rest, which trained models have, would leave the rest no bits. Two exact
 * rewritings of the layer, both without any data:
 *  - a norm's gain and shift are folded into the product that reads it: W (z gain + shift) + b =
 *    (W gain / t) (z t) + (b + W shift). z has unit variance; t is what the rows are quantised with
 *    (the role of input gains), free to choose. The residual keeps z gain + shift.
 *  - attention is linear in the values and its weights add up to one: a value channel may be scaled
 *    by what its column of the output projection is divided by, and its bias moves there.
 * equalise.c chooses t. */
#ifndef CONVERT_QUANTISE_H
#define CONVERT_QUANTISE_H

#include "convert/pack.h"

/* Room for the choice of gains: K the most inputs of a product, N the most outputs. */
typedef struct convert__room {
    float *strength, *inverse; /* [K] */
    double *energy;            /* [N] */
} convert__room;

typedef struct convert__layer {
    float *values[GTE__ROLE_COUNT]; /* what to write; NULL: as the checkpoint has it */
    float *norm;                    /* [2, H]: gain and shift of a norm */
    float *value_gain;              /* [H]: what the values were scaled to */
    float *mean, *power;            /* [K]: E x and E x^2 of a product's inputs */
    convert__room room;
    void *block;
} convert__layer;

/* Memory for a layer of the header's sizes. *out must be freed whatever the result. */
gte_status convert__layer_alloc(convert__layer *out, const gte__file_header *h, gte_error *err);
void convert__layer_free(convert__layer *layer);

/* Reads and prepares a layer. GTE_E_FORMAT when numbers are too large to be folded. */
gte_status convert__layer_load(convert__layer *layer, const convert__pack *pack, uint32_t number,
                               gte_error *err);

/* The role of the scales of a weight's rows; their sums' is the next. */
static inline uint32_t convert__scale_role(uint32_t weight)
{
    return weight == GTE__QKV_WEIGHT        ? GTE__QKV_SCALE
           : weight == GTE__ATTN_OUT_WEIGHT ? GTE__ATTN_OUT_SCALE
           : weight == GTE__FFN_UP_WEIGHT   ? GTE__FFN_UP_SCALE
                                            : GTE__FFN_DOWN_SCALE;
}

/* q = the nearest step of `scale`, -127 .. 127. */
static inline int convert__step(float x, float by)
{
    const float y = x * by;
    const int q = (int)(y < 0 ? y - 0.5f : y + 0.5f);
    return q > 127 ? 127 : q < -127 ? -127 : q;
}

/* equalise.c: W [n, k] times inputs of unit variance. Chooses gains for them, all > 0 but for
 * columns of zeros, and divides the columns of W by them. */
void convert__equalise(float *w, size_t n, size_t k, float *gain, const convert__room *room);

/* equalise.c: the scale of a row of weights that loses least when rounded to 8 bits, against inputs
 * of the given mean squares. 0 for a row of zeros. */
float convert__best_scale(const float *w, const float *power, size_t k);

/* equalise.c: mean and mean square of gelu(x), x normal of that mean and variance. */
void convert__gelu_moments(double mean, double variance, float *first, float *second);

#endif
