/* The checks that read the whole file: its digest, and every weight finite. */
#include "model/model.h"

#include <stddef.h>
#include <string.h>

#include "base/sha256.h"

static gte_status verify_digest(const gte__model *m, gte_error *err)
{
    static const uint8_t zero[GTE__SHA256_SIZE];
    const size_t at = offsetof(gte__file_header, sha256);
    uint8_t digest[GTE__SHA256_SIZE];
    gte__sha256 s;
    gte__sha256_init(&s);
    gte__sha256_update(&s, m->data, at);
    gte__sha256_update(&s, zero, sizeof zero);
    gte__sha256_update(&s, m->data + at + sizeof zero, (size_t)m->size - at - sizeof zero);
    gte__sha256_final(&s, digest);
    if (memcmp(digest, m->header->sha256, sizeof digest) != 0)
        return gte__fail(err, GTE_E_CHECKSUM, at,
                         "the content does not match its SHA-256: convert or copy the model again");
    return GTE_OK;
}

/* Whether number `i` of a tensor is: an exponent of all ones is infinity or NaN. */
static bool is_finite(const uint8_t *data, uint32_t dtype, uint64_t i)
{
    uint32_t bits = 0;
    if (dtype == GTE__DTYPE_BF16) {
        uint16_t half;
        memcpy(&half, data + i * sizeof half, sizeof half);
        bits = (uint32_t)half << 16;
    } else {
        memcpy(&bits, data + i * sizeof bits, sizeof bits);
    }
    return (bits & 0x7f800000u) != 0x7f800000u;
}

gte_status gte__model_verify(const gte__model *m, gte_error *err)
{
    gte_status status = verify_digest(m, err);
    if (status != GTE_OK) return status;
    const uint64_t base = m->header->sections[GTE__SECTION_DATA].offset;
    for (size_t i = 0; i < m->tensor_count; i++) {
        const gte__tensor_record *t = &m->tensors[i];
        if (t->dtype == GTE__DTYPE_INT8) continue; /* all are numbers */
        const size_t element = t->dtype == GTE__DTYPE_BF16 ? 2 : 4;
        for (uint64_t j = 0; j < t->size / element; j++)
            if (!is_finite(m->data + base + t->offset, t->dtype, j))
                return gte__fail(err, GTE_E_FORMAT, base + t->offset + j * element,
                                 "tensor %s of layer %u: weight %llu is not finite",
                                 gte__role_name(t->role), t->layer, (unsigned long long)j);
    }
    return m->head.header ? gte__head_verify(&m->head, err) : GTE_OK;
}
