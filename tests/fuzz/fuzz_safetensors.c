/* The safetensors reader: any bytes, and every element of what it accepts. */
#include <stddef.h>
#include <stdint.h>

#include "convert/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    convert__checkpoint checkpoint = {0};
    gte_error err;
    float values[256];
    if (convert__safetensors_parse(&checkpoint, "fuzz", data, size, &err) == GTE_OK &&
        convert__checkpoint_sort(&checkpoint, &err) == GTE_OK) {
        for (size_t i = 0; i < checkpoint.count; i++) {
            const convert__tensor *t = &checkpoint.tensors[i];
            if (t->dtype == CONVERT__OTHER || t->rank < 1 || t->rank > 2) continue;
            uint64_t n = t->shape[0] * (t->rank == 2 ? t->shape[1] : 1);
            for (uint64_t at = 0; at < n; at += 256)
                convert__tensor_read(t, at, n - at < 256 ? (size_t)(n - at) : 256, values);
        }
    }
    convert__checkpoint_close(&checkpoint);
    return 0;
}
