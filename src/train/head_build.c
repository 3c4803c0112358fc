/* A trained head in the converter's terms: convert/head_pack.c lays it out and signs it. */
#include "train/head_build.h"

#include <string.h>

#include "base/status.h"
#include "convert/head_pack.h"

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

gte_status train__head_build(const train__head *head, void **out, size_t *size, gte_error *err)
{
    const size_t k = head->labels->count;
    const bool token = head->kind == GTE_HEAD_TOKEN;
    uint8_t encoder[GTE__SHA256_SIZE] = {0};
    *out = NULL;
    if (!read_digest(head->encoder, encoder))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "'%.80s' is no model's digest", head->encoder);
    const convert__head packed = {
        .kind = (uint32_t)head->kind,
        .reads = token ? GTE__HEAD_READS_STATES : GTE__HEAD_READS_VECTOR,
        .flags = (head->multi_label ? GTE__HEAD_MULTI_LABEL : 0) | (head->crf ? GTE__HEAD_CRF : 0),
        .tasks = head->tasks,
        .hidden_size = (uint32_t)head->hidden,
        .labels = head->labels->count,
        .names = (const char *const *)head->labels->names,
        .meta = head->meta,
        .weight = head->w,
        .bias = head->bias,
        .crf_start = head->crf,
        .crf_end = head->crf ? head->crf + k : NULL,
        .crf_transitions = head->crf ? head->crf + 2 * k : NULL,
    };
    return convert__head_pack(&packed, encoder, out, size, err);
}
