/* The safetensors format: u64 header size, JSON header {name: {dtype, shape, data_offsets}}, then
 * the bytes. As the format asks: the tensors cover the bytes after the header exactly, without
 * overlap or hole; so a file that was cut, padded or patched is refused as a whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "convert/checkpoint.h"
#include "convert/json.h"

#define HEADER_MAX 100000000u /* the format's own limit */

static const struct {
    const char *name;
    convert__dtype dtype;
    unsigned size; /* bytes of an element; 0: not checked, such a tensor can only be ignored */
} dtypes[] = {{"F32", CONVERT__F32, 4},   {"F16", CONVERT__F16, 2},   {"BF16", CONVERT__BF16, 2},
              {"F64", CONVERT__OTHER, 8}, {"I64", CONVERT__OTHER, 8}, {"U64", CONVERT__OTHER, 8},
              {"I32", CONVERT__OTHER, 4}, {"U32", CONVERT__OTHER, 4}, {"I16", CONVERT__OTHER, 2},
              {"U16", CONVERT__OTHER, 2}, {"I8", CONVERT__OTHER, 1},  {"U8", CONVERT__OTHER, 1},
              {"BOOL", CONVERT__OTHER, 1}};

/* Bytes [begin, end) after the header. */
typedef struct extent {
    uint64_t begin, end;
    const char *name;
} extent;

static gte_status read_u64s(const convert__object *object, const char *key, size_t max,
                            uint64_t *out, size_t *count, gte_error *err)
{
    const json_t *list = NULL;
    gte_status status = convert__json_array(object, key, CONVERT__REQUIRED, &list, err);
    if (status != GTE_OK) return status;
    *count = json_array_size(list);
    if (*count > max) return convert__json_wrong(object, key, "a shorter list", err);
    for (size_t i = 0; i < *count; i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_integer(value) || json_integer_value(value) < 0)
            return gte__fail(err, GTE_E_FORMAT, 0, "%s: %s%s: expected whole numbers from 0",
                             object->file, object->path, key);
        out[i] = (uint64_t)json_integer_value(value);
    }
    return GTE_OK;
}

/* Elements of the shape, and the strides of row-major order. */
static bool count_elements(convert__tensor *tensor, size_t *elements)
{
    *elements = 1;
    for (unsigned i = tensor->rank; i-- > 0;) {
        tensor->strides[i] = *elements;
        if (tensor->shape[i] > SIZE_MAX || !gte__mul(*elements, (size_t)tensor->shape[i], elements))
            return false;
    }
    return true;
}

static gte_status check_size(convert__tensor *tensor, const convert__object *object,
                             unsigned element, uint64_t bytes, gte_error *err)
{
    size_t elements = 0, expected = 0;
    char text[128];
    convert__shape_text(tensor->shape, tensor->rank, text, sizeof text);
    if (!count_elements(tensor, &elements) || !gte__mul(elements, element, &expected))
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: %sshape: %s has more bytes than memory",
                         object->file, object->path, text);
    if (element != 0 && expected != bytes)
        return gte__fail(err, GTE_E_FORMAT, 0,
                         "%s: %sdata_offsets: %s %s needs %zu bytes, found %llu", object->file,
                         object->path, tensor->dtype_name, text, expected,
                         (unsigned long long)bytes);
    return GTE_OK;
}

static gte_status read_entry(const convert__object *object, uint64_t body_size,
                             convert__tensor *tensor, extent *span, gte_error *err)
{
    const char *dtype = NULL;
    gte_status status = convert__json_string(object, "dtype", CONVERT__REQUIRED, &dtype, err);
    if (status != GTE_OK) return status;
    unsigned element = 0;
    tensor->dtype = CONVERT__OTHER;
    strncpy(tensor->dtype_name, dtype, sizeof tensor->dtype_name - 1);
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        if (strcmp(dtype, dtypes[i].name) != 0) continue;
        tensor->dtype = dtypes[i].dtype;
        element = dtypes[i].size;
    }
    size_t n;
    status = read_u64s(object, "shape", CONVERT__MAX_RANK, tensor->shape, &n, err);
    if (status != GTE_OK) return status;
    tensor->rank = (unsigned)n;
    uint64_t offsets[2];
    status = read_u64s(object, "data_offsets", 2, offsets, &n, err);
    if (status != GTE_OK) return status;
    if (n != 2 || offsets[0] > offsets[1] || offsets[1] > body_size)
        return gte__fail(err, GTE_E_FORMAT, 0,
                         "%s: %sdata_offsets: expected begin <= end <= %llu, the bytes after the "
                         "header",
                         object->file, object->path, (unsigned long long)body_size);
    span->begin = offsets[0];
    span->end = offsets[1];
    return check_size(tensor, object, element, span->end - span->begin, err);
}

static int by_begin(const void *a, const void *b)
{
    const extent *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static gte_status check_cover(const char *file, extent *spans, size_t n, uint64_t body_size,
                              gte_error *err)
{
    uint64_t at = 0;
    if (n > 0) qsort(spans, n, sizeof *spans, by_begin);
    for (size_t i = 0; i < n; i++) {
        if (spans[i].begin != at)
            return gte__fail(err, GTE_E_FORMAT, spans[i].begin,
                             "%s: %.100s: data_offsets begin at %llu, %s the tensor before it, "
                             "which ends at %llu",
                             file, spans[i].name, (unsigned long long)spans[i].begin,
                             spans[i].begin < at ? "inside" : "with a hole after",
                             (unsigned long long)at);
        at = spans[i].end;
    }
    if (at != body_size)
        return gte__fail(err, GTE_E_FORMAT, at,
                         "%s: %llu bytes after the header, its tensors name %llu", file,
                         (unsigned long long)body_size, (unsigned long long)at);
    return GTE_OK;
}

static gte_status add_entries(convert__checkpoint *checkpoint, const char *file, json_t *header,
                              const uint8_t *body, uint64_t body_size, extent *spans,
                              gte_error *err)
{
    size_t n = 0;
    const char *name;
    json_t *value;
    json_object_foreach(header, name, value)
    {
        if (strcmp(name, "__metadata__") == 0) continue;
        char path[120];
        snprintf(path, sizeof path, "%.100s.", name);
        convert__object object = {file, path, value};
        if (!json_is_object(value))
            return gte__fail(err, GTE_E_FORMAT, 0, "%s: %.100s: expected an object", file, name);
        convert__tensor tensor = {.file = file};
        gte_status status = read_entry(&object, body_size, &tensor, &spans[n], err);
        if (status != GTE_OK) return status;
        spans[n].name = name;
        tensor.data = body + spans[n].begin;
        status = convert__checkpoint_add(checkpoint, &tensor, name, err);
        if (status != GTE_OK) return status;
        n++;
    }
    return check_cover(file, spans, n, body_size, err);
}

gte_status convert__safetensors_parse(convert__checkpoint *checkpoint, const char *file,
                                      const uint8_t *data, size_t size, gte_error *err)
{
    if (size < 8)
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: %zu bytes, too short for a header", file, size);
    uint64_t header_size = 0;
    for (unsigned i = 0; i < 8; i++) header_size |= (uint64_t)data[i] << (8 * i);
    if (header_size > HEADER_MAX)
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: a header of %llu bytes; the limit is %u", file,
                         (unsigned long long)header_size, HEADER_MAX);
    if (header_size > size - 8)
        return gte__fail(err, GTE_E_FORMAT, 0,
                         "%s: a header of %llu bytes in a file of %zu: the file was cut", file,
                         (unsigned long long)header_size, size);
    json_t *header;
    gte_status status = convert__json_parse(&header, file, data + 8, (size_t)header_size, 0, err);
    if (status != GTE_OK) return status;
    extent *spans = calloc(json_object_size(header) + 1, sizeof *spans);
    if (!spans)
        status = gte__fail(err, GTE_E_MEMORY, 0, "%s: out of memory", file);
    else
        status = add_entries(checkpoint, file, header, data + 8 + header_size,
                             size - 8 - (size_t)header_size, spans, err);
    free(spans);
    json_decref(header);
    return status;
}
