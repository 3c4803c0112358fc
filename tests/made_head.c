/* Heads made in memory; see made_head.h. */
#include "made_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "handle.h"
#include "support.h"

/* A number between -scale and scale. */
static float number(uint64_t *seed, float scale)
{
    return ((float)(support_random(seed) >> 40) / (float)(1 << 23) - 1.0f) * scale;
}

static void fill(char *base, uint64_t from, size_t count, uint64_t *seed, float scale)
{
    float *out = (float *)(void *)(base + from);
    for (size_t i = 0; i < count; i++) out[i] = number(seed, scale);
}

/* [n, k], in panels whose padding is zero. */
static void fill_panels(char *base, uint64_t from, size_t n, size_t k, uint64_t *seed, float scale)
{
    float *out = (float *)(void *)(base + from);
    for (size_t row = 0; row < n; row++)
        for (size_t i = 0; i < k; i++)
            out[(row / GTE__PANEL_COLUMNS * k + i) * GTE__PANEL_COLUMNS +
                row % GTE__PANEL_COLUMNS] = number(seed, scale);
}

static size_t label_bytes(uint32_t labels)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < labels; i++) bytes += (size_t)snprintf(NULL, 0, "%u", i) + 1;
    return bytes;
}

static void sign(gte__head_header *h, const char *bytes)
{
    gte__sha256 s;
    gte__sha256_init(&s);
    gte__sha256_update(&s, bytes, (size_t)h->size);
    gte__sha256_final(&s, h->sha256);
}

void *made_head_bytes(const gte_model *model, const gte__head_header *like, uint64_t seed,
                      float scale, size_t *size)
{
    gte__head_header h = *like;
    memcpy(h.magic, GTE__HEAD_MAGIC, sizeof h.magic);
    h.version = GTE__HEAD_VERSION;
    h.header_size = sizeof h;
    h.hidden_size = model->file.header->hidden_size;
    h.label_bytes = (uint32_t)label_bytes(h.labels);
    memcpy(h.encoder, model->file.header->sha256, sizeof h.encoder);
    const gte__head_layout at = gte__head_lay_out(&h);
    h.size = at.end;
    char *bytes = aligned_alloc(64, (size_t)(at.end + 63) / 64 * 64);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    memset(bytes, 0, (size_t)at.end);
    char *label = bytes + at.labels;
    for (uint32_t i = 0; i < h.labels; i++) label += sprintf(label, "%u", i) + 1;
    fill_panels(bytes, at.weight, h.labels, h.hidden_size, &seed, scale);
    fill(bytes, at.bias, h.labels, &seed, scale);
    if (h.flags & GTE__HEAD_POOLER) {
        fill_panels(bytes, at.pooler, h.hidden_size, h.hidden_size, &seed, scale);
        fill(bytes, at.pooler_bias, h.hidden_size, &seed, scale);
    }
    if (h.flags & GTE__HEAD_CRF)
        fill(bytes, at.crf, (size_t)h.labels * (h.labels + 2), &seed, scale);
    memcpy(bytes, &h, sizeof h);
    sign((gte__head_header *)(void *)bytes, bytes);
    *size = (size_t)at.end;
    return bytes;
}

gte_head *made_head(const gte_model *model, const gte__head_header *like, uint64_t seed,
                    float scale, void **bytes)
{
    size_t size;
    gte_head *head = NULL;
    gte_error err = {0};
    *bytes = made_head_bytes(model, like, seed, scale, &size);
    const gte_status status = gte_head_open_memory(&head, model, *bytes, size, &err);
    if (status != GTE_OK) fprintf(stderr, "%s\n", err.message);
    CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
    return head;
}
