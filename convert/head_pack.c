/* A head's bytes from its numbers. */
#include "convert/head_pack.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/sha256.h"

static gte_status measure(const convert__head *head, gte__head_header *h, gte_error *err)
{
    uint64_t bytes = 0, meta_bytes = 0;
    if (head->labels < 1 || head->labels > GTE__MAX_LABELS)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "a head of %u labels, expected 1 to %u",
                         head->labels, GTE__MAX_LABELS);
    for (uint32_t i = 0; i < head->labels; i++) {
        if (!*head->names[i]) return gte__fail(err, GTE_E_ARGUMENT, i, "label %u is empty", i);
        bytes += strlen(head->names[i]) + 1;
    }
    if (bytes > GTE__MAX_LABEL_BYTES)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "the labels have %llu bytes, more than %u",
                         (unsigned long long)bytes, GTE__MAX_LABEL_BYTES);
    for (const char *const *meta = head->meta; meta && *meta; meta++)
        meta_bytes += strlen(*meta) + 1;
    if (meta_bytes > GTE__MAX_META_BYTES)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "the metadata have %llu bytes, more than %u",
                         (unsigned long long)meta_bytes, GTE__MAX_META_BYTES);
    *h = (gte__head_header){.version = GTE__HEAD_VERSION,
                            .header_size = sizeof *h,
                            .kind = head->kind,
                            .reads = head->reads,
                            .flags = head->flags,
                            .tasks = head->tasks,
                            .hidden_size = head->hidden_size,
                            .labels = head->labels,
                            .lower_layers = head->lower_layers,
                            .label_bytes = (uint32_t)bytes,
                            .meta_bytes = (uint32_t)meta_bytes};
    memcpy(h->magic, GTE__HEAD_MAGIC, sizeof h->magic);
    h->size = gte__head_lay_out(h).end;
    return GTE_OK;
}

/* rows [n, k] to panels; what is padding stays zero */
static void pack_panels(char *out, const float *rows, size_t n, size_t k)
{
    float *panels = (float *)(void *)out;
    for (size_t row = 0; row < n; row++) {
        const size_t panel = row / GTE__PANEL_COLUMNS, column = row % GTE__PANEL_COLUMNS;
        float *to = panels + panel * k * GTE__PANEL_COLUMNS + column;
        for (size_t i = 0; i < k; i++) to[i * GTE__PANEL_COLUMNS] = rows[row * k + i];
    }
}

static void fill(const convert__head *head, const gte__head_header *h, char *out)
{
    const gte__head_layout at = gte__head_lay_out(h);
    const size_t k = head->labels, hidden = head->hidden_size;
    char *label = out + at.labels, *text = out + at.meta, *crf = out + at.crf;
    memcpy(out, h, sizeof *h);
    for (size_t i = 0; i < k; i++) label = stpcpy(label, head->names[i]) + 1;
    for (const char *const *meta = head->meta; meta && *meta; meta++)
        text = stpcpy(text, *meta) + 1;
    pack_panels(out + at.weight, head->weight, k, hidden);
    if (head->bias) memcpy(out + at.bias, head->bias, k * sizeof(float));
    if (h->flags & GTE__HEAD_POOLER) {
        pack_panels(out + at.pooler, head->pooler, hidden, hidden);
        memcpy(out + at.pooler_bias, head->pooler_bias, hidden * sizeof(float));
    }
    if (h->flags & GTE__HEAD_CRF) {
        memcpy(crf, head->crf_start, k * sizeof(float));
        memcpy(crf + k * sizeof(float), head->crf_end, k * sizeof(float));
        memcpy(crf + 2 * k * sizeof(float), head->crf_transitions, k * k * sizeof(float));
    }
}

gte_status convert__head_pack(const convert__head *head, const uint8_t *encoder, void **out,
                              size_t *size, gte_error *err)
{
    gte__head_header h = {.size = 0};
    gte_status status = measure(head, &h, err);
    if (status != GTE_OK) return status;
    if (encoder) memcpy(h.encoder, encoder, sizeof h.encoder);
    char *data = gte__block_alloc((size_t)h.size);
    if (!data) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for a head");
    memset(data, 0, (size_t)h.size);
    fill(head, &h, data);
    if (encoder) {
        uint8_t digest[GTE__SHA256_SIZE];
        gte__sha256 s;
        gte__sha256_init(&s);
        gte__sha256_update(&s, data, (size_t)h.size);
        gte__sha256_final(&s, digest);
        memcpy(data + offsetof(gte__head_header, sha256), digest, sizeof digest);
    }
    *out = data;
    *size = (size_t)h.size;
    return GTE_OK;
}
