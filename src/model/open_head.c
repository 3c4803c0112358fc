/* Opening a head: its header against the bounds and the model, then views of its parts. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "base/utf8.h"
#include "model/head.h"
#include "model/model.h"

#define AT(field) offsetof(gte__head_header, field)

static gte_status check_identity(const gte__head_header *h, uint64_t size, gte_error *err)
{
    if (size < sizeof *h)
        return gte__fail(err, GTE_E_FORMAT, 0, "%llu bytes are too few for a head",
                         (unsigned long long)size);
    if (memcmp(h->magic, GTE__HEAD_MAGIC, sizeof h->magic) != 0)
        return gte__fail(err, GTE_E_FORMAT, 0, "not a head: it does not begin with %s%s",
                         GTE__HEAD_MAGIC,
                         memcmp(h->magic, GTE__MAGIC, sizeof h->magic) == 0
                             ? " (this is a model: give it as the model)"
                             : " (make one with gte train)");
    if (h->version != GTE__HEAD_VERSION || h->header_size != sizeof *h)
        return gte__fail(err, GTE_E_VERSION, AT(version),
                         "the head is of version %u, this library reads %u: make it again",
                         h->version, GTE__HEAD_VERSION);
    if (h->size != size)
        return gte__fail(err, GTE_E_FORMAT, AT(size),
                         "the head says %llu bytes and has %llu: it was cut short or extended",
                         (unsigned long long)h->size, (unsigned long long)size);
    for (size_t i = 0; i < sizeof h->reserved; i++)
        if (h->reserved[i])
            return gte__fail(err, GTE_E_FORMAT, AT(reserved) + i,
                             "a reserved byte of the head is not zero");
    return GTE_OK;
}

static gte_status wrong(gte_error *err, size_t at, const char *field, uint32_t value)
{
    return gte__fail(err, GTE_E_FORMAT, at, "%s of the head is %u, which cannot be", field, value);
}

/* What each kind may have. */
static gte_status check_fields(const gte__head_header *h, const gte__model *model, gte_error *err)
{
    const bool pairs = h->kind == GTE__HEAD_SPAN || h->kind == GTE__HEAD_POINTER;
    const uint32_t all = GTE_TASK_BIT(GTE_TASK_QA + 1) - 2;
    if (h->kind < GTE__HEAD_SEQUENCE || h->kind > GTE__HEAD_POINTER)
        return wrong(err, AT(kind), "kind", h->kind);
    if (h->hidden_size != model->header->hidden_size)
        return gte__fail(
            err, GTE_E_FORMAT, AT(hidden_size),
            "this head was made for another model: it is for a hidden size of %u, this "
            "model's is %u",
            h->hidden_size, model->header->hidden_size);
    if (h->reads > GTE__HEAD_READS_VECTOR ||
        (h->reads == GTE__HEAD_READS_STATES) == (h->kind == GTE__HEAD_SEQUENCE))
        return wrong(err, AT(reads), "reads", h->reads);
    if (h->flags & ~GTE__HEAD_FLAGS ||
        (h->flags & (GTE__HEAD_POOLER | GTE__HEAD_MULTI_LABEL | GTE__HEAD_RAW) &&
         h->kind != GTE__HEAD_SEQUENCE) ||
        (h->flags & GTE__HEAD_CRF && h->kind != GTE__HEAD_TOKEN))
        return wrong(err, AT(flags), "flags", h->flags);
    if (h->tasks & ~all) return wrong(err, AT(tasks), "tasks", h->tasks);
    if (h->labels < 1 || h->labels > GTE__MAX_LABELS || (pairs && h->labels != 2))
        return wrong(err, AT(labels), "labels", h->labels);
    if (h->label_bytes > GTE__MAX_LABEL_BYTES)
        return wrong(err, AT(label_bytes), "label_bytes", h->label_bytes);
    if (h->meta_bytes > GTE__MAX_META_BYTES)
        return wrong(err, AT(meta_bytes), "meta_bytes", h->meta_bytes);
    if (h->kind == GTE__HEAD_POINTER
            ? h->lower_layers < 1 || h->lower_layers >= model->header->layers
            : h->lower_layers != 0)
        return wrong(err, AT(lower_layers), "lower_layers", h->lower_layers);
    if (gte__head_lay_out(h).end != h->size)
        return gte__fail(err, GTE_E_FORMAT, AT(size), "the head has %llu bytes, its parts %llu",
                         (unsigned long long)h->size, (unsigned long long)gte__head_lay_out(h).end);
    return GTE_OK;
}

/* A file names the model it is for, and its own content. */
static gte_status check_digests(gte_head *head, const gte__model *model, bool is_file,
                                gte_error *err)
{
    static const uint8_t zero[GTE__SHA256_SIZE];
    const gte__head_header *h = head->header;
    const uint8_t *data = (const uint8_t *)h;
    gte__sha256 s;
    memcpy(head->sha256, is_file ? h->sha256 : model->header->sha256, sizeof head->sha256);
    if (!is_file) return GTE_OK;
    if (memcmp(h->encoder, model->header->sha256, sizeof h->encoder) != 0)
        return gte__fail(
            err, GTE_E_ARGUMENT, AT(encoder),
            "the head was made for another model (%02x%02x%02x%02x...): train it again "
            "with this one",
            h->encoder[0], h->encoder[1], h->encoder[2], h->encoder[3]);
    gte__sha256_init(&s);
    gte__sha256_update(&s, data, AT(sha256));
    gte__sha256_update(&s, zero, sizeof zero);
    gte__sha256_update(&s, data + AT(encoder), (size_t)h->size - AT(encoder));
    uint8_t digest[GTE__SHA256_SIZE];
    gte__sha256_final(&s, digest);
    if (memcmp(digest, h->sha256, sizeof digest) != 0)
        return gte__fail(err, GTE_E_CHECKSUM, AT(sha256),
                         "the head does not match its SHA-256: make or copy it again");
    return GTE_OK;
}

/* K strings, each with its NUL, and nothing else. */
static gte_status view_labels(gte_head *head, const char *text, gte_error *err)
{
    const gte__head_header *h = head->header;
    const char *end = text + h->label_bytes;
    head->labels = calloc(h->labels, sizeof *head->labels);
    if (!head->labels) return gte__fail(err, GTE_E_MEMORY, 0, "no memory for the labels");
    for (uint32_t i = 0; i < h->labels; i++) {
        const char *nul = memchr(text, '\0', (size_t)(end - text));
        if (!nul || nul == text)
            return gte__fail(err, GTE_E_FORMAT, AT(label_bytes), "label %u of the head is %s", i,
                             nul ? "empty" : "missing");
        if (gte__utf8_invalid(text, (size_t)(nul - text)) != (size_t)(nul - text))
            return gte__fail(err, GTE_E_FORMAT, AT(label_bytes),
                             "label %u of the head is not valid UTF-8", i);
        head->labels[i] = text;
        text = nul + 1;
    }
    if (text != end)
        return gte__fail(err, GTE_E_FORMAT, AT(label_bytes), "the head has bytes after its labels");
    return GTE_OK;
}

/* The name alone is used of the metadata. */
static gte_status view_meta(gte_head *head, const char *text, gte_error *err)
{
    const char *end = text + head->header->meta_bytes;
    head->name = "";
    if (text < end && end[-1] != '\0')
        return gte__fail(err, GTE_E_FORMAT, AT(meta_bytes), "the head's metadata has no end");
    while (text < end) {
        const char *value = text + strlen(text) + 1;
        if (value >= end)
            return gte__fail(err, GTE_E_FORMAT, AT(meta_bytes), "the head's metadata has no pairs");
        if (strcmp(text, "name") == 0) head->name = value;
        text = value + strlen(value) + 1;
    }
    return GTE_OK;
}

static void view_weights(gte_head *head, const gte__head_layout *at)
{
    const gte__head_header *h = head->header;
    const char *data = (const char *)h;
    head->weight = data + at->weight;
    head->bias = (const float *)(const void *)(data + at->bias);
    if (h->flags & GTE__HEAD_POOLER) {
        head->pooler = data + at->pooler;
        head->pooler_bias = (const float *)(const void *)(data + at->pooler_bias);
    }
    if (h->flags & GTE__HEAD_CRF) {
        head->crf_start = (const float *)(const void *)(data + at->crf);
        head->crf_end = head->crf_start + h->labels;
        head->crf_transitions = head->crf_end + h->labels;
    }
}

gte_status gte__head_verify(const gte_head *head, gte_error *err)
{
    const gte__head_layout at = gte__head_lay_out(head->header);
    const uint8_t *data = (const uint8_t *)head->header;
    for (uint64_t i = at.weight; i < at.end; i += sizeof(float)) {
        float value;
        memcpy(&value, data + i, sizeof value);
        if (!isfinite(value))
            return gte__fail(err, GTE_E_FORMAT, i, "a weight of the head is not finite");
    }
    return GTE_OK;
}

gte_status gte__head_view(gte_head *head, const struct gte__model *model, const void *data,
                          uint64_t size, bool is_file, gte_error *err)
{
    *head = (gte_head){.header = data, .model = model, .size = size};
    if ((uintptr_t)data % GTE__TENSOR_ALIGN)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "the head's memory must be aligned to %u bytes",
                         GTE__TENSOR_ALIGN);
    gte_status status = check_identity(head->header, size, err);
    if (status == GTE_OK) status = check_fields(head->header, model, err);
    if (status != GTE_OK) return status;
    const gte__head_layout at = gte__head_lay_out(head->header);
    status = check_digests(head, model, is_file, err);
    if (status == GTE_OK) status = view_labels(head, (const char *)data + at.labels, err);
    if (status == GTE_OK) status = view_meta(head, (const char *)data + at.meta, err);
    view_weights(head, &at);
    /* a model's own is verified with the model, on request */
    if (status == GTE_OK && is_file) status = gte__head_verify(head, err);
    if (status != GTE_OK) gte__head_close(head);
    return status;
}

void gte__head_close(gte_head *head)
{
    free(head->labels);
    *head = (gte_head){0};
}
