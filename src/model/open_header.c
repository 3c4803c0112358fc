/* The first checks of opening: header, sections, architecture. After them every section can be
 * addressed and every size of the architecture multiplied without overflow. */
#include "model/model.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static gte_status check_identity(const gte__model *m, gte_error *err)
{
    const gte__file_header *h = m->header;
    if (m->size < sizeof *h)
        return gte__fail(err, GTE_E_FORMAT, 0, "%llu bytes are too few for a model file",
                         (unsigned long long)m->size);
    if (memcmp(h->magic, GTE__HEAD_MAGIC, sizeof h->magic) == 0)
        return gte__fail(err, GTE_E_FORMAT, 0,
                         "this is a head, not a model: give the model it was trained for, and this "
                         "as its head");
    if (memcmp(h->magic, GTE__MAGIC, sizeof h->magic) != 0)
        return gte__fail(
            err, GTE_E_FORMAT, 0,
            "not a .gte model file: it does not begin with %s (make one with gte convert)",
            GTE__MAGIC);
    if (h->version != GTE__FORMAT_VERSION)
        return gte__fail(
            err, GTE_E_VERSION, offsetof(gte__file_header, version),
            "the file is of version %u, this library reads %u: convert the model again", h->version,
            GTE__FORMAT_VERSION);
    if (h->header_size != sizeof *h)
        return gte__fail(err, GTE_E_FORMAT, offsetof(gte__file_header, header_size),
                         "header size is %u, expected %zu", h->header_size, sizeof *h);
    if (h->file_size != m->size)
        return gte__fail(
            err, GTE_E_FORMAT, offsetof(gte__file_header, file_size),
            "the header says %llu bytes, the file has %llu: it was cut short or extended",
            (unsigned long long)h->file_size, (unsigned long long)m->size);
    for (size_t i = 0; i < sizeof h->reserved; i++)
        if (h->reserved[i] || h->reserved_word)
            return gte__fail(err, GTE_E_FORMAT, offsetof(gte__file_header, reserved) + i,
                             "a reserved byte of the header is not zero");
    return GTE_OK;
}

/* Section i; the last, which may be missing, is the head's. */
static const gte__section *section_at(const gte__file_header *h, unsigned i)
{
    return i < GTE__SECTION_COUNT ? &h->sections[i] : &h->head;
}

static gte_status check_sections(const gte__model *m, gte_error *err)
{
    const gte__file_header *h = m->header;
    const bool has_head = h->head.size || h->head.offset;
    for (unsigned i = 0; i < (unsigned)GTE__SECTION_COUNT + has_head; i++) {
        const gte__section *s = section_at(h, i);
        uint64_t at = (uint64_t)((const uint8_t *)s - m->data);
        if (s->offset % GTE__SECTION_ALIGN || s->offset < sizeof *h || s->offset > m->size ||
            s->size > m->size - s->offset)
            return gte__fail(err, GTE_E_FORMAT, at,
                             "section %u lies outside the file or is unaligned", i);
        for (unsigned j = 0; j < i; j++) {
            const gte__section *o = section_at(h, j);
            if (s->offset < o->offset + o->size && o->offset < s->offset + s->size)
                return gte__fail(err, GTE_E_FORMAT, at, "sections %u and %u overlap", j, i);
        }
    }
    return GTE_OK;
}

typedef struct field {
    const char *name;
    size_t offset;
    uint32_t min, max;
} field;

#define FIELD(name, min, max)                                                                      \
    {                                                                                              \
#name, offsetof(gte__file_header, name), min, max                                          \
    }

/* Bounds that stand alone; those that relate two fields follow in check_architecture. */
static const field fields[] = {
    FIELD(architecture, GTE__ARCH_BERT, GTE__ARCH_BERT),
    FIELD(activation, GTE__ACT_GELU_ERF, GTE__ACT_GELU_TANH),
    FIELD(hidden_size, 1, GTE__MAX_HIDDEN),
    FIELD(layers, 1, GTE__MAX_LAYERS),
    FIELD(heads, 1, GTE__MAX_HEADS),
    FIELD(ffn_size, 1, GTE__MAX_FFN),
    FIELD(vocab_size, 1, GTE__MAX_VOCAB),
    FIELD(max_positions, 2, GTE__MAX_POSITIONS),
    FIELD(type_vocab_size, 1, GTE__MAX_TYPES),
    FIELD(max_tokens, 2, GTE__MAX_POSITIONS),
    FIELD(pooling, GTE__POOL_MEAN, GTE__POOL_CLS),
    FIELD(normalize, 0, 1),
    FIELD(linear_dtype, GTE__DTYPE_F32, GTE__DTYPE_INT8),
    FIELD(table_dtype, GTE__DTYPE_F32, GTE__DTYPE_INT8),
};

static gte_status check_architecture(const gte__model *m, gte_error *err)
{
    const gte__file_header *h = m->header;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        uint32_t value;
        memcpy(&value, m->data + fields[i].offset, sizeof value);
        if (value < fields[i].min || value > fields[i].max)
            return gte__fail(err, GTE_E_FORMAT, fields[i].offset,
                             "%s is %u, which is not within %u .. %u", fields[i].name, value,
                             fields[i].min, fields[i].max);
    }
    if (h->hidden_size % h->heads)
        return gte__fail(err, GTE_E_FORMAT, offsetof(gte__file_header, heads),
                         "hidden_size %u is not a multiple of heads %u", h->hidden_size, h->heads);
    if (h->max_tokens > h->max_positions)
        return gte__fail(err, GTE_E_FORMAT, offsetof(gte__file_header, max_tokens),
                         "max_tokens %u is more than max_positions %u", h->max_tokens,
                         h->max_positions);
    if (!(h->layer_norm_eps > 0) || !isfinite(h->layer_norm_eps) || h->layer_norm_eps > 1)
        return gte__fail(err, GTE_E_FORMAT, offsetof(gte__file_header, layer_norm_eps),
                         "layer_norm_eps is not within 0 .. 1");
    return GTE_OK;
}

gte_status gte__open_header(gte__model *m, gte_error *err)
{
    m->header = (const gte__file_header *)(const void *)m->data;
    gte_status status = check_identity(m, err);
    if (status == GTE_OK) status = check_sections(m, err);
    if (status == GTE_OK) status = check_architecture(m, err);
    return status;
}
