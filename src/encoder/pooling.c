/* From the hidden states of a text to its vector: mean or first token, cut, L2; or the states. */
#include <math.h>
#include <string.h>

#include "encoder/encoder.h"
#include "encoder/trace_steps.h"

/* sentence-transformers' Normalize (torch.nn.functional.normalize) divides by at least this */
#define SMALLEST_NORM 1e-12f

/* The states of all tokens, as they are. */
static size_t copy_states(const gte__encoder *e, size_t rows, size_t dims, float *out)
{
    for (size_t t = 0; t < rows; t++)
        memcpy(out + t * dims, gte__hidden_row(e, t), dims * sizeof *out);
    return rows;
}

void gte__encoder_pool_text(const gte__encoder *e, const gte__batch *batch, size_t text,
                            const gte__pool_options *options, float *out)
{
    const gte__kernels *k = e->kernels.rows;
    const size_t dims = options->dims, first = batch->starts[text];
    const size_t tokens = batch->starts[text + 1] - first;
    memcpy(out, gte__hidden_row(e, first), dims * sizeof *out);
    if (options->pooling == GTE_POOLING_MEAN) {
        for (size_t t = 1; t < tokens; t++)
            k->f32_accumulate(out, gte__hidden_row(e, first + t), dims);
        k->f32_scale(out, 1.0f / (float)tokens, dims);
    }
    if (options->normalize) {
        float norm = sqrtf(k->f32_dot(out, out, dims));
        k->f32_scale(out, 1.0f / (norm > SMALLEST_NORM ? norm : SMALLEST_NORM), dims);
    }
}

/* One vector a text. */
static size_t pool_texts(const gte__encoder *e, const gte__batch *batch,
                         const gte__pool_options *options, float *out)
{
    for (size_t i = 0; i < batch->texts; i++)
        gte__encoder_pool_text(e, batch, i, options, out + i * options->dims);
    return batch->texts;
}

size_t gte__encoder_pool(const gte__encoder *e, const gte__batch *batch,
                         const gte__pool_options *options, float *out)
{
    const size_t rows = batch->starts[batch->texts];
    const size_t vectors = options->pooling == GTE_POOLING_NONE
                               ? copy_states(e, rows, options->dims, out)
                               : pool_texts(e, batch, options, out);
    if (e->trace)
        gte__trace_rows(e, (gte__place){-1, 0}, GTE_TRACE_POOL, rows,
                        e->model->header->hidden_size);
    return vectors;
}
