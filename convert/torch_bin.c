/* pytorch_model.bin: a zip file with one pickle (PREFIX/data.pkl) that describes the tensors and
 * one entry per storage (PREFIX/data/KEY) with their bytes. The format before torch 1.6, a bare
 * sequence of pickles, is refused. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "convert/checkpoint.h"
#include "convert/pickle.h"
#include "convert/zip.h"

typedef struct archive {
    convert__checkpoint *checkpoint;
    const char *file;
    convert__zip zip;
    char prefix[256]; /* "archive/data/", not NUL-terminated */
    size_t prefix_size;
} archive;

/* One past the last element that the tensor reaches in its storage; false on overflow. */
static bool reach(const convert__pickled *t, uint64_t *end)
{
    uint64_t last = t->offset;
    for (unsigned i = 0; i < t->rank; i++) {
        uint64_t span;
        if (t->shape[i] == 0) {
            *end = 0;
            return true;
        }
        if (__builtin_mul_overflow(t->shape[i] - 1, t->strides[i], &span) ||
            __builtin_add_overflow(last, span, &last))
            return false;
    }
    return !__builtin_add_overflow(last, (uint64_t)1, end);
}

static gte_status add_tensor(void *arg, const convert__pickled *t, gte_error *err)
{
    archive *a = arg;
    char name[256];
    if (t->name_size >= sizeof name || memchr(t->name, '\0', t->name_size))
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: a tensor name of %zu bytes or with NUL",
                         a->file, t->name_size);
    memcpy(name, t->name, t->name_size);
    name[t->name_size] = '\0';
    const convert__zip_entry *entry =
        convert__zip_find(&a->zip, a->prefix, a->prefix_size, t->key, t->key_size);
    if (!entry)
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: tensor %.80s: its storage %.*s is missing",
                         a->file, name, t->key_size > 40 ? 40 : (int)t->key_size, t->key);
    if (t->storage_count > entry->size / t->element_size)
        return gte__fail(err, GTE_E_FORMAT, 0,
                         "%s: tensor %.80s: its storage should hold %llu elements of %u bytes, "
                         "found %zu bytes",
                         a->file, name, (unsigned long long)t->storage_count, t->element_size,
                         entry->size);
    uint64_t end;
    if (!reach(t, &end) || end > t->storage_count)
        return gte__fail(err, GTE_E_FORMAT, 0,
                         "%s: tensor %.80s: reaches outside its storage of %llu elements", a->file,
                         name, (unsigned long long)t->storage_count);
    convert__tensor tensor = {.file = a->file, .dtype = t->dtype, .rank = t->rank};
    strncpy(tensor.dtype_name, t->storage, sizeof tensor.dtype_name - 1);
    memcpy(tensor.shape, t->shape, sizeof tensor.shape);
    memcpy(tensor.strides, t->strides, sizeof tensor.strides);
    tensor.data = entry->data + (end ? t->offset * t->element_size : 0);
    return convert__checkpoint_add(a->checkpoint, &tensor, name, err);
}

/* PREFIX/data.pkl is the only entry of that last name; PREFIX is the saved file's name. */
static const convert__zip_entry *find_pickle(const convert__zip *zip)
{
    static const char last[] = "data.pkl";
    const convert__zip_entry *found = NULL;
    for (size_t i = 0; i < zip->count; i++) {
        const convert__zip_entry *e = &zip->entries[i];
        if (e->name_size < sizeof last ||
            memcmp(e->name + e->name_size - (sizeof last - 1), last, sizeof last - 1) != 0 ||
            e->name[e->name_size - sizeof last] != '/')
            continue;
        if (found) return NULL;
        found = e;
    }
    return found;
}

static gte_status read_archive(archive *a, gte_error *err)
{
    const convert__zip_entry *pickle = find_pickle(&a->zip);
    if (!pickle)
        return gte__fail(err, GTE_E_FORMAT, 0,
                         "%s: a zip file without one data.pkl: not saved by torch", a->file);
    size_t root = pickle->name_size - 8; /* "archive/" */
    const convert__zip_entry *order =
        convert__zip_find(&a->zip, pickle->name, root, "byteorder", 9);
    if (order && (order->size != 6 || memcmp(order->data, "little", 6) != 0))
        return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                         "%s: byteorder: saved on a big-endian machine, expected \"little\"",
                         a->file);
    if (root + 5 > sizeof a->prefix)
        return gte__fail(err, GTE_E_FORMAT, 0, "%s: entry names too long", a->file);
    memcpy(a->prefix, pickle->name, root);
    memcpy(a->prefix + root, "data/", 5);
    a->prefix_size = root + 5;
    return convert__pickle_read(a->file, pickle->data, pickle->size, add_tensor, a, err);
}

gte_status convert__torch_bin_parse(convert__checkpoint *checkpoint, const char *file,
                                    const uint8_t *data, size_t size, gte_error *err)
{
    if (!convert__zip_looks_like(data, size))
        return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                         size > 0 && data[0] == 0x80
                             ? "%s: the format of torch before 1.6; load and save it with a newer "
                               "torch"
                             : "%s: not a zip file as torch.save writes it",
                         file);
    archive a = {.checkpoint = checkpoint, .file = file};
    gte_status status = convert__zip_open(&a.zip, file, data, size, err);
    if (status == GTE_OK) status = read_archive(&a, err);
    convert__zip_close(&a.zip);
    return status;
}
