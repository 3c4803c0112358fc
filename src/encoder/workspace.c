/* The encoder's workspace: one block, planned from the architecture and the largest batch. */
#include <stdlib.h>

#include "base/memory.h"
#include "encoder/encoder.h"
#include "kernels/dispatch.h"

gte_status gte__encoder_create(gte__encoder *e, const gte__model *model, int threads,
                               size_t max_batch_tokens, gte_error *err)
{
    const gte__file_header *h = model->header;
    size_t rows = max_batch_tokens, hidden = h->hidden_size, ffn = h->ffn_size;
    size_t width = 4 * hidden > ffn ? 4 * hidden : ffn;
    *e = (gte__encoder){.model = model, .max_batch_tokens = rows};
    e->kernels = gte__kernels_for(gte__cpu_isa());
    e->linear = &gte__linear_openblas;

    gte__plan plan = {0};
    size_t at_hidden = gte__plan_add(&plan, rows, hidden * sizeof(float));
    size_t at_output = gte__plan_add(&plan, rows, hidden * sizeof(float));
    size_t at_wide = gte__plan_add(&plan, rows, width * sizeof(float));
    size_t at_scores = gte__plan_add(&plan, (size_t)threads * GTE__QUERY_BLOCK,
                                     gte__score_row(h->max_tokens) * sizeof(float));
    /* a text of n tokens has ceil(n / Q) tiles: at most one for each token of the batch */
    size_t at_tiles = gte__plan_add(&plan, rows, sizeof(gte__tile));
    char *block = plan.bad ? NULL : gte__block_alloc(plan.total);
    if (!block)
        return gte__fail(err, GTE_E_MEMORY, 0,
                         "no memory for a workspace of %zu tokens: use fewer batch_tokens", rows);
    e->block = block;
    e->workspace_size = plan.total;
    e->hidden = (float *)(void *)(block + at_hidden);
    e->output = (float *)(void *)(block + at_output);
    e->wide = (float *)(void *)(block + at_wide);
    e->scores = (float *)(void *)(block + at_scores);
    e->tiles = (gte__tile *)(void *)(block + at_tiles);

    if (!e->linear->ready(threads)) {
        gte__encoder_free(e);
        return gte__fail(err, GTE_E_MEMORY, 0,
                         "no address space for the matrix buffers of %d threads: use fewer threads "
                         "or raise the limit (ulimit -v)",
                         threads);
    }
    int before = e->linear->enter();
    e->linear->thread_start(); /* the caller's part; members do theirs as they start */
    e->linear->leave(before);
    e->team = gte__team_create(threads, e->linear->thread_start);
    if (!e->team) {
        gte__encoder_free(e);
        return gte__fail(err, GTE_E_MEMORY, 0, "%d threads could not be started", threads);
    }
    return GTE_OK;
}

void gte__encoder_free(gte__encoder *e)
{
    gte__team_free(e->team);
    free(e->block);
    *e = (gte__encoder){0};
}
