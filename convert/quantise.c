/* Prepares one layer for an int8 file, step by step as quantise.h says. */
#include "convert/quantise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* How many numbers of a role the layer holds: those that an int8 file changes or adds. */
static size_t role_size(const gte__file_header *h, uint32_t role)
{
    const size_t hidden = h->hidden_size, ffn = h->ffn_size;
    switch (role) {
    case GTE__QKV_WEIGHT:
        return 3 * hidden * hidden;
    case GTE__ATTN_OUT_WEIGHT:
        return hidden * hidden;
    case GTE__FFN_UP_WEIGHT:
    case GTE__FFN_DOWN_WEIGHT:
        return hidden * ffn;
    case GTE__QKV_BIAS:
    case GTE__QKV_SCALE:
    case GTE__QKV_SUMS:
        return 3 * hidden;
    case GTE__FFN_UP_BIAS:
    case GTE__FFN_UP_SCALE:
    case GTE__FFN_UP_SUMS:
        return ffn;
    case GTE__ATTN_OUT_BIAS:
    case GTE__FFN_DOWN_BIAS:
        return hidden;
    default:
        return role >= GTE__QKV_SCALE && role <= GTE__FFN_DOWN_SUMS ? hidden : 0;
    }
}

gte_status convert__layer_alloc(convert__layer *out, const gte__file_header *h, gte_error *err)
{
    const size_t inputs = larger(h->hidden_size, h->ffn_size);
    size_t at[GTE__ROLE_COUNT];
    gte__plan plan = {0};
    *out = (convert__layer){0};
    for (uint32_t r = 0; r < GTE__ROLE_COUNT; r++)
        at[r] = gte__plan_add(&plan, role_size(h, r), sizeof(float));
    const size_t norm = gte__plan_add(&plan, 2 * (size_t)h->hidden_size, sizeof(float));
    const size_t vector = gte__plan_add(&plan, inputs, sizeof(float));
    char *block = plan.bad ? NULL : gte__block_alloc(plan.total);
    if (!block) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for a layer's weights");
    for (uint32_t r = 0; r < GTE__ROLE_COUNT; r++)
        if (role_size(h, r)) out->values[r] = (float *)(void *)(block + at[r]);
    out->norm = (float *)(void *)(block + norm);
    out->inputs = (float *)(void *)(block + vector);
    out->block = block;
    return GTE_OK;
}

void convert__layer_free(convert__layer *layer)
{
    free(layer->block);
    *layer = (convert__layer){0};
}

/* The numbers of a role as the checkpoint has them. */
static gte_status read_role(const convert__pack *pack, uint32_t role, uint32_t number, float *out,
                            gte_error *err)
{
    const convert__item *item = convert__pack_find(pack, role, number);
    for (size_t i = 0; i < CONVERT__MAX_PARTS && item->parts[i]; i++) {
        const convert__tensor *part = item->parts[i];
        const size_t n = (size_t)(part->shape[0] * (part->rank == 2 ? part->shape[1] : 1));
        gte_status status = convert__read_finite(part, 0, n, out, err);
        if (status != GTE_OK) return status;
        out += n;
    }
    return GTE_OK;
}

/* W z' + b with z' = z gain + shift to W z + b, and z's variance of one to W's columns. */
static void fold_norm(float *w, float *bias, size_t n, size_t k, const float *norm)
{
    const float *gain = norm, *shift = norm + k;
    for (size_t j = 0; j < n; j++, w += k) {
        double moved = 0;
        for (size_t i = 0; i < k; i++) {
            moved += (double)w[i] * (double)shift[i];
            w[i] *= gain[i];
        }
        bias[j] += (float)moved;
    }
}

/* The value rows of qkv against the columns of the output projection, before qkv itself is
 * equalised: inputs have unit variance, so the deviation of a value is the length of its row. */
static void equalise_values(convert__layer *l, size_t hidden)
{
    float *out = l->values[GTE__ATTN_OUT_WEIGHT], *gain = l->inputs;
    float *values = l->values[GTE__QKV_WEIGHT] + 2 * hidden * hidden;
    float *bias = l->values[GTE__QKV_BIAS] + 2 * hidden;
    for (size_t j = 0; j < hidden; j++) {
        double moved = 0;
        for (size_t i = 0; i < hidden; i++) moved += (double)out[j * hidden + i] * (double)bias[i];
        l->values[GTE__ATTN_OUT_BIAS][j] += (float)moved;
    }
    for (size_t i = 0; i < hidden; i++) { /* values of unit deviation, their size in out */
        const float deviation = (float)convert__length(values + i * hidden, hidden);
        for (size_t j = 0; j < hidden; j++) {
            out[j * hidden + i] *= deviation;
            if (deviation >= CONVERT__NOTHING) values[i * hidden + j] /= deviation;
        }
        bias[i] = 0;
    }
    convert__equalise(out, hidden, hidden, gain);
    for (size_t i = 0; i < hidden; i++)
        for (size_t j = 0; j < hidden; j++) values[i * hidden + j] *= gain[i];
}

/* Means of the inner state, which the down projection reads; of the folded up projection with its
 * inputs of mean zero. */
static void inner_means(convert__layer *l, size_t hidden, size_t ffn)
{
    const float *up = l->values[GTE__FFN_UP_WEIGHT], *gain = l->values[GTE__FFN_UP_INPUT_GAIN];
    for (size_t f = 0; f < ffn; f++, up += hidden) {
        double variance = 0;
        for (size_t i = 0; i < hidden; i++) variance += pow((double)up[i] * (double)gain[i], 2);
        l->inputs[f] =
            (float)convert__gelu_mean((double)l->values[GTE__FFN_UP_BIAS][f], sqrt(variance));
    }
}

/* Scales and sums of a matrix. With the means of its inputs, what rounding would add to the output
 * on average goes into the bias (Nagel et al., 2019). */
static void round_rows(convert__layer *l, size_t n, size_t k, uint32_t weight, const float *means)
{
    const float *w = l->values[weight];
    const uint32_t scale = convert__scale_role(weight), bias = weight + 1;
    for (size_t j = 0; j < n; j++, w += k) {
        float most = 0;
        for (size_t i = 0; i < k; i++) most = fmaxf(most, fabsf(w[i]));
        const float s = most < CONVERT__NOTHING ? 0 : most / 127, by = s > 0 ? 1 / s : 0;
        int64_t sum = 0;
        double off = 0;
        for (size_t i = 0; i < k; i++) {
            const int q = convert__step(w[i], by);
            sum += q;
            if (means) off += ((double)w[i] - (double)s * q) * (double)means[i];
        }
        l->values[scale][j] = s;
        l->values[scale + 1][j] = s * (float)sum;
        l->values[bias][j] += (float)off;
    }
}

/* What was folded may be beyond f32 where no number of the checkpoint is. */
static gte_status check_layer(const convert__layer *l, const gte__file_header *h, uint32_t number,
                              gte_error *err)
{
    for (uint32_t r = 0; r < GTE__ROLE_COUNT; r++)
        for (size_t i = 0; i < role_size(h, r); i++)
            if (!isfinite(l->values[r][i]))
                return gte__fail(err, GTE_E_FORMAT, 0,
                                 "layer %u: a number is too large for int8; write f32", number);
    return GTE_OK;
}

/* The norm whose rows the layer's first product reads: the layer's before, or the embeddings'. */
static gte_status read_input_norm(convert__layer *l, const convert__pack *pack, uint32_t number,
                                  gte_error *err)
{
    const uint32_t gain = number > 0 ? GTE__FFN_NORM_GAIN : GTE__EMBEDDING_NORM_GAIN;
    const uint32_t shift = number > 0 ? GTE__FFN_NORM_SHIFT : GTE__EMBEDDING_NORM_SHIFT;
    const uint32_t before = number > 0 ? number - 1 : 0;
    gte_status status = read_role(pack, gain, before, l->norm, err);
    if (status != GTE_OK) return status;
    return read_role(pack, shift, before, l->norm + pack->header.hidden_size, err);
}

gte_status convert__layer_load(convert__layer *l, const convert__pack *pack, uint32_t number,
                               gte_error *err)
{
    const size_t hidden = pack->header.hidden_size, ffn = pack->header.ffn_size;
    float **v = l->values;
    gte_status status = GTE_OK;
    for (uint32_t r = 0; r < GTE__QKV_SCALE && status == GTE_OK; r++)
        if (v[r]) status = read_role(pack, r, number, v[r], err);
    if (status == GTE_OK) status = read_input_norm(l, pack, number, err);
    if (status != GTE_OK) return status;
    fold_norm(v[GTE__QKV_WEIGHT], v[GTE__QKV_BIAS], 3 * hidden, hidden, l->norm);
    equalise_values(l, hidden);
    convert__equalise(v[GTE__QKV_WEIGHT], 3 * hidden, hidden, v[GTE__QKV_INPUT_GAIN]);
    status = read_role(pack, GTE__ATTN_NORM_GAIN, number, l->norm, err);
    if (status == GTE_OK)
        status = read_role(pack, GTE__ATTN_NORM_SHIFT, number, l->norm + hidden, err);
    if (status != GTE_OK) return status;
    fold_norm(v[GTE__FFN_UP_WEIGHT], v[GTE__FFN_UP_BIAS], ffn, hidden, l->norm);
    convert__equalise(v[GTE__FFN_UP_WEIGHT], ffn, hidden, v[GTE__FFN_UP_INPUT_GAIN]);
    inner_means(l, hidden, ffn);
    round_rows(l, 3 * hidden, hidden, GTE__QKV_WEIGHT, NULL);
    round_rows(l, hidden, hidden, GTE__ATTN_OUT_WEIGHT, NULL);
    round_rows(l, ffn, hidden, GTE__FFN_UP_WEIGHT, NULL);
    round_rows(l, hidden, ffn, GTE__FFN_DOWN_WEIGHT, l->inputs);
    return check_layer(l, &pack->header, number, err);
}
