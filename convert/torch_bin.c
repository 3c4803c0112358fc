/* pytorch_model.bin: placeholder */
#include "convert/checkpoint.h"

gte_status convert__torch_bin_parse(convert__checkpoint *checkpoint, const char *file,
                                    const uint8_t *data, size_t size, gte_error *err)
{
    (void)checkpoint;
    (void)data;
    (void)size;
    return gte__fail(err, GTE_E_UNSUPPORTED, 0, "%s: not supported yet", file);
}
