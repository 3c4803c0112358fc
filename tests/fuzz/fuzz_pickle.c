/* pytorch_model.bin: bytes that begin like a zip file go through the zip reader, all others are a
 * pickle themselves. What is accepted is read at its first and last elements: views may be far
 * larger than the file. */
#include <stddef.h>
#include <stdint.h>

#include "convert/checkpoint.h"
#include "convert/pickle.h"
#include "convert/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gte_status ignore(void *arg, const convert__pickled *tensor, gte_error *err)
{
    (void)arg;
    (void)tensor;
    (void)err;
    return GTE_OK;
}

static void read_ends(const convert__tensor *t)
{
    float values[64];
    if (t->dtype == CONVERT__OTHER || t->rank < 1 || t->rank > 2) return;
    uint64_t n = t->shape[0];
    if (t->rank == 2 && __builtin_mul_overflow(n, t->shape[1], &n)) return;
    size_t part = n < 64 ? (size_t)n : 64;
    convert__tensor_read(t, 0, part, values);
    convert__tensor_read(t, n - part, part, values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gte_error err;
    if (!convert__zip_looks_like(data, size)) {
        (void)convert__pickle_read("fuzz", data, size, ignore, NULL, &err);
        return 0;
    }
    convert__checkpoint checkpoint = {0};
    if (convert__torch_bin_parse(&checkpoint, "fuzz", data, size, &err) == GTE_OK)
        for (size_t i = 0; i < checkpoint.count; i++) read_ends(&checkpoint.tensors[i]);
    convert__checkpoint_close(&checkpoint);
    return 0;
}
