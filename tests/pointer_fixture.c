/* The head in memory that pointer_fixture.h promises. */
#include "pointer_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "support.h"

/* A number between -1 and 1. */
static float number(uint64_t *seed)
{
    return (float)(support_random(seed) >> 40) / (float)(1 << 23) - 1.0f;
}

pointer_fixture *pointer_open(gte_model *model, int threads, int batch_tokens, float bias)
{
    pointer_fixture *f = calloc(1, sizeof *f);
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    uint64_t seed = 5;
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    f->model = model;
    options.threads = threads;
    options.batch_tokens = batch_tokens;
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&f->ctx, f->model, &options, NULL), GTE_OK);
    const gte__file_header *h = f->model->file.header;
    float *weight = gte__block_alloc(gte__panels_bytes(GTE__ELEMENT_F32, 2, h->hidden_size));
    CU_ASSERT_PTR_NOT_NULL_FATAL(weight);
    memset(weight, 0, gte__panels_bytes(GTE__ELEMENT_F32, 2, h->hidden_size));
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < h->hidden_size; i++)
            weight[i * GTE__PANEL_COLUMNS + k] = number(&seed) * 2 / sqrtf((float)h->hidden_size);
    f->bias[0] = bias;
    f->bias[1] = bias + 0.1f;
    f->header = (gte__head_header){.kind = GTE__HEAD_POINTER,
                                   .hidden_size = h->hidden_size,
                                   .labels = 2,
                                   .lower_layers = h->layers / 2};
    f->head = (gte_head){
        .header = &f->header, .model = &f->model->file, .weight = weight, .bias = f->bias};
    return f;
}

void pointer_close(pointer_fixture *f)
{
    free((void *)(uintptr_t)f->head.weight);
    gte_context_free(&f->ctx);
    gte_model_close(&f->model);
    free(f);
}

char *pointer_words(size_t n, uint64_t seed)
{
    char *out = malloc(6 * n + 1), *at = out;
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    *out = '\0';
    for (size_t i = 0; i < n; i++)
        at += sprintf(at, "%sw%d", i ? " " : "", (int)(5 + support_random(&seed) % 195));
    return out;
}
