/* One interface over the ways weights are stored: a name gives a typed, shaped view of mapped
 * bytes. safetensors.c and torch_bin.c fill it; pack.c reads it. Nothing is copied or converted
 * before convert__tensor_read. */
#ifndef CONVERT_CHECKPOINT_H
#define CONVERT_CHECKPOINT_H

#include "convert/source.h"

#define CONVERT__MAX_RANK 8
#define CONVERT__MAX_TENSORS 1000000u
#define CONVERT__WEIGHTS_MAX ((uint64_t)1 << 40) /* bytes of one weight file */

typedef enum convert__dtype {
    CONVERT__F32,
    CONVERT__F16,
    CONVERT__BF16,
    CONVERT__OTHER /* integers, doubles, ...: can be listed and ignored, not converted */
} convert__dtype;

typedef struct convert__tensor {
    char *name;
    const char *file;    /* the input it lies in */
    char dtype_name[16]; /* as the file says it: "F32", "HalfStorage" */
    convert__dtype dtype;
    unsigned rank;
    uint64_t shape[CONVERT__MAX_RANK];
    uint64_t strides[CONVERT__MAX_RANK]; /* in elements */
    const uint8_t *data;                 /* the first element; any alignment */
    bool used;
} convert__tensor;

typedef struct convert__checkpoint {
    convert__tensor *tensors; /* sorted by name once opened */
    size_t count, capacity;
    convert__input *inputs; /* the mapped weight files */
    size_t input_count;
} convert__checkpoint;

/* model.safetensors, model.safetensors.index.json, pytorch_model.bin or
 * pytorch_model.bin.index.json, the first that exists. *out must be closed whatever the result. */
gte_status convert__checkpoint_open(convert__checkpoint *out, const convert__source *source,
                                    gte_error *err);
void convert__checkpoint_close(convert__checkpoint *checkpoint);

/* The tensor of that name or NULL. */
convert__tensor *convert__checkpoint_find(const convert__checkpoint *checkpoint, const char *name);

/* Reads elements [first, first + count) in row-major order as f32 (exact for every dtype). The
 * range lies inside the tensor, whose dtype is not CONVERT__OTHER and whose rank is 1 or 2. */
void convert__tensor_read(const convert__tensor *tensor, uint64_t first, size_t count, float *out);

/* "[384, 384]" for messages. */
const char *convert__shape_text(const uint64_t *shape, unsigned rank, char *out, size_t size);

/* ---- for the readers ----------------------------------------------------------------------- */

/* Appends a copy of *tensor with a copy of `name`. `tensor->file` must outlive the checkpoint. */
gte_status convert__checkpoint_add(convert__checkpoint *checkpoint, const convert__tensor *tensor,
                                   const char *name, gte_error *err);

/* Sorts by name; the same name twice is GTE_E_FORMAT. */
gte_status convert__checkpoint_sort(convert__checkpoint *checkpoint, gte_error *err);

/* Appends the tensors of one file; views point into `data`, which the caller keeps, as `file`.
 * Every number in the file is checked before use. Errors: GTE_E_FORMAT, GTE_E_UNSUPPORTED,
 * GTE_E_MEMORY. */
gte_status convert__safetensors_parse(convert__checkpoint *checkpoint, const char *file,
                                      const uint8_t *data, size_t size, gte_error *err);
gte_status convert__torch_bin_parse(convert__checkpoint *checkpoint, const char *file,
                                    const uint8_t *data, size_t size, gte_error *err);

#endif
