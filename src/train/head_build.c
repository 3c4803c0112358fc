/* Lays a head out and computes its digest. */
#include "train/head_build.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/sha256.h"
#include "base/status.h"
#include "model/head_format.h"

/* W [k, hidden] into panels: base/panels.h. What is padding stays zero. */
static void pack(const float *w, size_t k, size_t hidden, float *out)
{
    for (size_t n = 0; n < k; n++) {
        float *panel = out + n / GTE__PANEL_COLUMNS * hidden * GTE__PANEL_COLUMNS;
        for (size_t i = 0; i < hidden; i++)
            panel[i * GTE__PANEL_COLUMNS + n % GTE__PANEL_COLUMNS] = w[n * hidden + i];
    }
}

static bool read_digest(const char *hex, uint8_t out[GTE__SHA256_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 2 * GTE__SHA256_SIZE; i++) {
        const char *digit = hex[i] ? strchr(digits, hex[i]) : NULL;
        if (!digit) return false;
        out[i / 2] = (uint8_t)(out[i / 2] << 4 | (digit - digits));
    }
    return true;
}

static size_t meta_size(const char *const *meta)
{
    size_t size = 0;
    for (; meta && *meta; meta++) size += strlen(*meta) + 1;
    return size;
}

static gte_status fill_header(const train__head *head, gte__head_header *h, gte_error *err)
{
    size_t label_bytes = 0;
    for (uint32_t i = 0; i < head->labels->count; i++)
        label_bytes += strlen(head->labels->names[i]) + 1;
    const bool token = head->kind == GTE_HEAD_TOKEN;
    *h = (gte__head_header){
        .version = GTE__HEAD_VERSION,
        .header_size = sizeof *h,
        .kind = (uint32_t)head->kind,
        .reads = token ? GTE__HEAD_READS_STATES : GTE__HEAD_READS_VECTOR,
        .flags = (head->multi_label ? GTE__HEAD_MULTI_LABEL : 0) | (head->crf ? GTE__HEAD_CRF : 0),
        .tasks = head->tasks,
        .hidden_size = (uint32_t)head->hidden,
        .labels = head->labels->count,
        .label_bytes = (uint32_t)label_bytes,
        .meta_bytes = (uint32_t)meta_size(head->meta),
    };
    memcpy(h->magic, GTE__HEAD_MAGIC, sizeof h->magic);
    if (head->hidden > GTE__MAX_HIDDEN || h->labels == 0 || h->labels > GTE__MAX_LABELS ||
        label_bytes > GTE__MAX_LABEL_BYTES || meta_size(head->meta) > GTE__MAX_META_BYTES ||
        !read_digest(head->encoder, h->encoder))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "a head cannot hold %u labels of %zu bytes",
                         h->labels, label_bytes);
    h->size = gte__head_lay_out(h).end;
    return GTE_OK;
}

static char *put_string(char *to, const char *text)
{
    const size_t size = strlen(text) + 1;
    memcpy(to, text, size);
    return to + size;
}

gte_status train__head_build(const train__head *head, void **out, size_t *size, gte_error *err)
{
    gte__head_header h;
    gte__sha256 digest;
    *out = NULL;
    gte_status status = fill_header(head, &h, err);
    if (status != GTE_OK) return status;
    const gte__head_layout at = gte__head_lay_out(&h);
    const size_t k = h.labels;
    char *bytes = gte__block_alloc((size_t)h.size);
    if (!bytes) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for a head");
    memset(bytes, 0, (size_t)h.size);
    char *to = bytes + at.labels;
    for (uint32_t i = 0; i < h.labels; i++) to = put_string(to, head->labels->names[i]);
    to = bytes + at.meta;
    for (const char *const *meta = head->meta; meta && *meta; meta++) to = put_string(to, *meta);
    pack(head->w, k, head->hidden, (float *)(void *)(bytes + at.weight));
    memcpy(bytes + at.bias, head->bias, k * sizeof *head->bias);
    if (head->crf) memcpy(bytes + at.crf, head->crf, (2 * k + k * k) * sizeof *head->crf);
    memcpy(bytes, &h, sizeof h);
    gte__sha256_init(&digest);
    gte__sha256_update(&digest, bytes, (size_t)h.size);
    gte__sha256_final(&digest, (uint8_t *)bytes + offsetof(gte__head_header, sha256));
    *out = bytes;
    *size = (size_t)h.size;
    return GTE_OK;
}
