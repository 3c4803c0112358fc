/* A head: the layers behind the encoder that one task needs. The same bytes stand as the HEAD
 * section of a model file or as a file of their own (.gte too; the magic tells them apart):
 *
 *     gte__head_header   256 bytes
 *     labels             label count NUL-terminated strings
 *     meta               pairs of NUL-terminated strings
 *     weight [K, H]      f32, in panels (base/panels.h)
 *     bias [K]
 *     pooler [H, H]      with GTE__HEAD_POOLER: f32, in panels
 *     pooler bias [H]
 *     crf                with GTE__HEAD_CRF: start [K], end [K], transitions [K, K] from row to
 *                        column
 *
 * in this order, each beginning on GTE__TENSOR_ALIGN bytes, nothing between but zeros: where a part
 * lies follows from the header (gte__head_lay_out). Heads are f32 whatever the encoder is: they are
 * small, and labels hang on their last bits. */
#ifndef GTE_MODEL_HEAD_FORMAT_H
#define GTE_MODEL_HEAD_FORMAT_H

#include "model/format.h"

#define GTE__HEAD_MAGIC "GTEHEAD1" /* 8 bytes, no NUL */
#define GTE__HEAD_VERSION 1u
#define GTE__MAX_LABELS 65536u
#define GTE__MAX_LABEL_BYTES (1u << 24) /* of all labels */

enum gte__head_kind { /* = enum gte_head_kind */
                      GTE__HEAD_SEQUENCE = 1,
                      GTE__HEAD_TOKEN = 2,
                      GTE__HEAD_SPAN = 3,
                      GTE__HEAD_POINTER = 4
};

/* What a SEQUENCE head reads of a text. */
enum gte__head_reads {
    GTE__HEAD_READS_STATES = 0, /* every token's: the other kinds */
    GTE__HEAD_READS_FIRST = 1,  /* the state of [CLS] */
    GTE__HEAD_READS_VECTOR = 2  /* the text's vector: the model's pooling, then L2 */
};

#define GTE__HEAD_POOLER 1u      /* tanh(x P^T + p) first, as BertPooler */
#define GTE__HEAD_MULTI_LABEL 2u /* sigmoid of each label, else softmax over all */
#define GTE__HEAD_CRF 4u
#define GTE__HEAD_RAW 8u /* of one label: its score is the logit itself, as of a regression */
#define GTE__HEAD_FLAGS 15u

typedef struct gte__head_header {
    char magic[8];
    uint32_t version;
    uint32_t header_size;              /* sizeof(gte__head_header) */
    uint64_t size;                     /* of the whole, this header included */
    uint8_t sha256[GTE__SHA256_SIZE];  /* of the whole, these bytes as zero; in a section zero */
    uint8_t encoder[GTE__SHA256_SIZE]; /* the digest of the model it was made for; in a section 0 */
    uint32_t kind;
    uint32_t reads;
    uint32_t flags;
    uint32_t tasks;        /* a bit for each, 1 << gte_task */
    uint32_t hidden_size;  /* H, the model's */
    uint32_t labels;       /* K */
    uint32_t lower_layers; /* POINTER: 1 .. the model's layers - 1; else 0 */
    uint32_t label_bytes;
    uint32_t meta_bytes;
    uint8_t reserved[132]; /* zero */
} gte__head_header;
static_assert(sizeof(gte__head_header) == 256, "layout");

/* Where the parts lie, in bytes from the header; a part that is not there has the next one's. */
typedef struct gte__head_layout {
    uint64_t labels, meta, weight, bias, pooler, pooler_bias, crf, end;
} gte__head_layout;

/* The fields are within the bounds above. */
static inline gte__head_layout gte__head_lay_out(const gte__head_header *h)
{
    const uint64_t align = GTE__TENSOR_ALIGN, k = h->labels, hidden = h->hidden_size;
    const uint64_t pooler = (h->flags & GTE__HEAD_POOLER) != 0,
                   crf = (h->flags & GTE__HEAD_CRF) != 0;
    gte__head_layout at;
#define GTE__HEAD_AFTER(offset, bytes) (((offset) + (bytes) + align - 1) / align * align)
    at.labels = sizeof *h;
    at.meta = GTE__HEAD_AFTER(at.labels, h->label_bytes);
    at.weight = GTE__HEAD_AFTER(at.meta, h->meta_bytes);
    at.bias = GTE__HEAD_AFTER(at.weight, gte__panels_bytes(GTE__ELEMENT_F32, k, hidden));
    at.pooler = GTE__HEAD_AFTER(at.bias, k * 4);
    at.pooler_bias =
        GTE__HEAD_AFTER(at.pooler, pooler * gte__panels_bytes(GTE__ELEMENT_F32, hidden, hidden));
    at.crf = GTE__HEAD_AFTER(at.pooler_bias, pooler * hidden * 4);
    at.end = GTE__HEAD_AFTER(at.crf, crf * (2 * k + k * k) * 4);
#undef GTE__HEAD_AFTER
    return at;
}

#endif
