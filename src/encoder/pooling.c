/* From the hidden states of a text to its vector: mean or first token, cut, L2. */
#include <math.h>
#include <string.h>

#include "encoder/encoder.h"
#include "encoder/trace_steps.h"

/* sentence-transformers' Normalize (torch.nn.functional.normalize) divides by at least this */
#define SMALLEST_NORM 1e-12f

void gte__encoder_pool(const gte__encoder *e, const gte__batch *batch,
                       const gte__pool_options *options, float *out)
{
    const gte__kernels *k = e->kernels.rows;
    const size_t dims = options->dims;
    for (size_t i = 0; i < batch->texts; i++, out += dims) {
        size_t tokens = batch->starts[i + 1] - batch->starts[i];
        const size_t first = batch->starts[i];
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
    if (e->trace)
        gte__trace_rows(e, (gte__place){-1, 0}, GTE_TRACE_POOL, batch->starts[batch->texts],
                        e->model->header->hidden_size);
}
