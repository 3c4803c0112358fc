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
 * t is the square root of the strength of W gain's columns: half of a large channel then lies in
 * the rows and half in the weights. Measured beside other shares on trained models and on one of 24
 * layers with gains 40 times the rest: all in the weights is as good, all in the rows 1.6 times
 * worse, and a choice per product by the expected error always came out near one half. */
#ifndef CONVERT_QUANTISE_H
#define CONVERT_QUANTISE_H

#include <math.h>

#include "convert/pack.h"

typedef struct convert__layer {
    float *values[GTE__ROLE_COUNT]; /* what to write; NULL: as the checkpoint has it */
    float *norm;                    /* [2, H]: gain and shift of a norm */
    float *inputs;                  /* [max(H, F)]: gains of the values, then means of the inner */
    void *block;
} convert__layer;

/* Memory for a layer of the header's sizes. *out must be freed whatever the result. */
gte_status convert__layer_alloc(convert__layer *out, const gte__file_header *h, gte_error *err);
void convert__layer_free(convert__layer *layer);

/* Reads and prepares a layer. GTE_E_FORMAT when numbers are too large to be folded. */
gte_status convert__layer_load(convert__layer *layer, const convert__pack *pack, uint32_t number,
                               gte_error *err);

/* Less than this is taken for zero, so that its inverse is a number. */
#define CONVERT__NOTHING 1e-30f

/* The role of the scales of a weight's rows; their sums' is the next. */
static inline uint32_t convert__scale_role(uint32_t weight)
{
    return weight == GTE__QKV_WEIGHT        ? GTE__QKV_SCALE
           : weight == GTE__ATTN_OUT_WEIGHT ? GTE__ATTN_OUT_SCALE
           : weight == GTE__FFN_UP_WEIGHT   ? GTE__FFN_UP_SCALE
                                            : GTE__FFN_DOWN_SCALE;
}

/* q = the nearest step of `scale`, -127 .. 127; any for what is no number. */
static inline int convert__step(float x, float by)
{
    const float y = x * by;
    if (!(fabsf(y) < 127)) return y < 0 ? -127 : 127;
    return (int)(y < 0 ? y - 0.5f : y + 0.5f);
}

/* equalise.c: W [n, k] times inputs of unit variance. Chooses gains for them, all > 0 but for
 * columns of zeros, and divides the columns of W by them. */
void convert__equalise(float *w, size_t n, size_t k, float *gain);

/* equalise.c: the mean of gelu(x), x normal of that mean and deviation; the square root of the sum
 * of squares. */
double convert__gelu_mean(double mean, double deviation);
double convert__length(const float *x, size_t n);

#endif
