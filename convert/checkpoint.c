/* Finds the weight files of a directory, whole or in shards, and keeps their tensors by name. */
#include "convert/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/json.h"

typedef gte_status (*parse_function)(convert__checkpoint *, const char *, const uint8_t *, size_t,
                                     gte_error *);

static const struct {
    const char *file;
    const char *index;
    parse_function parse;
} kinds[] = {
    {"model.safetensors", "model.safetensors.index.json", convert__safetensors_parse},
    {"pytorch_model.bin", "pytorch_model.bin.index.json", convert__torch_bin_parse},
};

/* Maps one weight file, keeps it in the checkpoint and adds its tensors. */
static gte_status add_file(convert__checkpoint *out, const convert__source *source,
                           const char *name, parse_function parse, bool *found, gte_error *err)
{
    convert__input input;
    gte_status status = convert__input_open(&input, source, name, CONVERT__WEIGHTS_MAX, found, err);
    if (status != GTE_OK || !input.data) return status;
    convert__input *inputs = realloc(out->inputs, (out->input_count + 1) * sizeof *inputs);
    if (!inputs) {
        convert__input_close(&input);
        return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for %s", name);
    }
    out->inputs = inputs;
    inputs[out->input_count++] = input;
    return parse(out, input.name, input.data, input.size, err);
}

static bool have_file(const convert__checkpoint *checkpoint, const char *name)
{
    for (size_t i = 0; i < checkpoint->input_count; i++)
        if (strcmp(checkpoint->inputs[i].name, name) == 0) return true;
    return false;
}

/* Every shard that the index names, once; then every tensor must lie where the index says. */
static gte_status add_shards(convert__checkpoint *out, const convert__source *source,
                             const convert__object *map, parse_function parse, gte_error *err)
{
    json_t *entries = (json_t *)(uintptr_t)map->json;
    const char *name;
    json_t *value;
    json_object_foreach(entries, name, value)
    {
        const char *file = json_string_value(value);
        if (!file || strchr(file, '/'))
            return convert__json_wrong(map, name, "the name of a file beside the index", err);
        if (have_file(out, file)) continue;
        gte_status status = add_file(out, source, file, parse, NULL, err);
        if (status != GTE_OK) return status;
    }
    gte_status status = convert__checkpoint_sort(out, err);
    if (status != GTE_OK) return status;
    json_object_foreach(entries, name, value)
    {
        const char *file = json_string_value(value);
        const convert__tensor *tensor = convert__checkpoint_find(out, name);
        if (!tensor || strcmp(tensor->file, file) != 0)
            return gte__fail(err, GTE_E_FORMAT, 0, "%s: tensor %.100s is not in %.60s", map->file,
                             name, file);
    }
    return GTE_OK;
}

static gte_status add_index(convert__checkpoint *out, const convert__source *source,
                            const char *index, parse_function parse, bool *found, gte_error *err)
{
    json_t *root;
    gte_status status = convert__json_load(&root, source, index, 0, found, err);
    if (status != GTE_OK || !*found) return status;
    convert__object object = {index, "", root}, map;
    status =
        convert__json_object(&object, "weight_map", CONVERT__REQUIRED, "weight_map.", &map, err);
    if (status == GTE_OK) status = add_shards(out, source, &map, parse, err);
    json_decref(root);
    return status;
}

gte_status convert__checkpoint_open(convert__checkpoint *out, const convert__source *source,
                                    gte_error *err)
{
    *out = (convert__checkpoint){0};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        bool found;
        gte_status status = add_file(out, source, kinds[i].file, kinds[i].parse, &found, err);
        if (status == GTE_OK && found) return convert__checkpoint_sort(out, err);
        if (status == GTE_OK)
            status = add_index(out, source, kinds[i].index, kinds[i].parse, &found, err);
        if (status != GTE_OK || found) return status;
    }
    return gte__fail(err, GTE_E_IO, 0,
                     "no weights: expected model.safetensors, pytorch_model.bin or the "
                     ".index.json of one in %.100s",
                     source->dir);
}

void convert__checkpoint_close(convert__checkpoint *checkpoint)
{
    for (size_t i = 0; i < checkpoint->count; i++) free(checkpoint->tensors[i].name);
    free(checkpoint->tensors);
    for (size_t i = 0; i < checkpoint->input_count; i++)
        convert__input_close(&checkpoint->inputs[i]);
    free(checkpoint->inputs);
    *checkpoint = (convert__checkpoint){0};
}

gte_status convert__checkpoint_add(convert__checkpoint *checkpoint, const convert__tensor *tensor,
                                   const char *name, gte_error *err)
{
    if (checkpoint->count == CONVERT__MAX_TENSORS)
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: more than %u tensors", tensor->file,
                         CONVERT__MAX_TENSORS);
    if (checkpoint->count == checkpoint->capacity) {
        size_t capacity = checkpoint->capacity ? 2 * checkpoint->capacity : 256;
        convert__tensor *tensors =
            realloc(checkpoint->tensors, capacity * sizeof *checkpoint->tensors);
        if (!tensors) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for tensor names");
        checkpoint->tensors = tensors;
        checkpoint->capacity = capacity;
    }
    char *copy = strdup(name);
    if (!copy) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for tensor names");
    convert__tensor *slot = &checkpoint->tensors[checkpoint->count++];
    *slot = *tensor;
    slot->name = copy;
    return GTE_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const convert__tensor *)a)->name, ((const convert__tensor *)b)->name);
}

gte_status convert__checkpoint_sort(convert__checkpoint *checkpoint, gte_error *err)
{
    if (checkpoint->count == 0) return GTE_OK;
    qsort(checkpoint->tensors, checkpoint->count, sizeof *checkpoint->tensors, by_name);
    for (size_t i = 1; i < checkpoint->count; i++) {
        const convert__tensor *a = &checkpoint->tensors[i - 1], *b = a + 1;
        if (strcmp(a->name, b->name) == 0)
            return gte__fail(err, GTE_E_FORMAT, 0, "tensor %.100s stands twice, in %.60s and %.60s",
                             a->name, a->file, b->file);
    }
    return GTE_OK;
}

convert__tensor *convert__checkpoint_find(const convert__checkpoint *checkpoint, const char *name)
{
    size_t low = 0, high = checkpoint->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, checkpoint->tensors[middle].name);
        if (order == 0) return &checkpoint->tensors[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *convert__shape_text(const uint64_t *shape, unsigned rank, char *out, size_t size)
{
    size_t at = 0;
    for (unsigned i = 0; i <= rank && at < size; i++) {
        int n = i == rank ? snprintf(out + at, size - at, rank ? "]" : "[]")
                          : snprintf(out + at, size - at, "%s%llu", i ? ", " : "[",
                                     (unsigned long long)shape[i]);
        if (n < 0) break;
        at += (size_t)n;
    }
    return out;
}
