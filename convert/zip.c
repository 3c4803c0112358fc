/* The zip directory: end record (found from the back), zip64 end record, central entries, and for
 * each the local header, which alone says where its bytes begin. */
#include "convert/zip.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LOCAL_SIGNATURE 0x04034b50u
#define CENTRAL_SIGNATURE 0x02014b50u
#define END_SIGNATURE 0x06054b50u
#define END64_SIGNATURE 0x06064b50u
#define LOCATOR64_SIGNATURE 0x07064b50u

enum { LOCAL_SIZE = 30, CENTRAL_SIZE = 46, END_SIZE = 22, END64_SIZE = 56, LOCATOR64_SIZE = 20 };

static uint64_t load(const uint8_t *p, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) value |= (uint64_t)p[i] << (8 * i);
    return value;
}

typedef struct reader {
    const char *file;
    const uint8_t *data;
    uint64_t size;
    uint64_t directory, directory_end, count;
    gte_error *err;
} reader;

static gte_status broken(const reader *r, uint64_t at, const char *what)
{
    return gte__fail(r->err, GTE_E_FORMAT, at, "%s: damaged zip file: %s at byte %llu", r->file,
                     what, (unsigned long long)at);
}

int convert__zip_looks_like(const uint8_t *data, size_t size)
{
    return size >= 4 && load(data, 4) == LOCAL_SIGNATURE;
}

/* The end record is the last thing in the file but for a comment of at most 64 KB. */
static gte_status find_end(const reader *r, uint64_t *at)
{
    uint64_t limit = END_SIZE + UINT16_MAX;
    for (uint64_t back = END_SIZE; back <= r->size && back <= limit; back++) {
        const uint8_t *p = r->data + (r->size - back);
        if (load(p, 4) != END_SIGNATURE || load(p + 20, 2) != back - END_SIZE) continue;
        *at = r->size - back;
        return GTE_OK;
    }
    return gte__fail(r->err, GTE_E_FORMAT, r->size,
                     "%s: a zip file without its end: the file was cut", r->file);
}

static gte_status read_end(reader *r)
{
    uint64_t at = 0;
    gte_status status = find_end(r, &at);
    if (status != GTE_OK) return status;
    const uint8_t *p = r->data + at;
    r->count = load(p + 10, 2);
    uint64_t size = load(p + 12, 4);
    r->directory = load(p + 16, 4);
    bool zip64 = at >= LOCATOR64_SIZE && load(p - LOCATOR64_SIZE, 4) == LOCATOR64_SIGNATURE;
    if (zip64) {
        uint64_t end64 = load(p - LOCATOR64_SIZE + 8, 8);
        if (end64 > r->size || r->size - end64 < END64_SIZE ||
            load(r->data + end64, 4) != END64_SIGNATURE)
            return broken(r, at - LOCATOR64_SIZE, "the zip64 end record is not where it should be");
        r->count = load(r->data + end64 + 32, 8);
        size = load(r->data + end64 + 40, 8);
        r->directory = load(r->data + end64 + 48, 8);
    }
    if (r->directory > at || size > at - r->directory)
        return broken(r, at, "a directory outside the file");
    r->directory_end = r->directory + size;
    if (r->count > size / CENTRAL_SIZE)
        return broken(r, at, "more entries than its directory holds");
    return GTE_OK;
}

/* The zip64 extra field replaces, in this order, those of the three that are all ones. */
static bool read_extra(const uint8_t *p, uint64_t size, uint64_t *fields[3])
{
    while (size >= 4) {
        uint64_t id = load(p, 2), length = load(p + 2, 2);
        p += 4;
        size -= 4;
        if (length > size) return true; /* padding that is no field: torch aligns with it */
        if (id == 1) {
            const uint8_t *q = p;
            for (int i = 0; i < 3; i++) {
                if (*fields[i] != UINT32_MAX) continue;
                if (length < (uint64_t)(q - p) + 8) return false;
                *fields[i] = load(q, 8);
                q += 8;
            }
            return true;
        }
        p += length;
        size -= length;
    }
    return true;
}

/* The central entry at *at, which then moves to the next. */
static gte_status read_entry(const reader *r, uint64_t *at, convert__zip_entry *out)
{
    const uint8_t *p = r->data + *at;
    if (r->directory_end - *at < CENTRAL_SIZE || load(p, 4) != CENTRAL_SIGNATURE)
        return broken(r, *at, "no directory entry");
    uint64_t name_size = load(p + 28, 2), extra = load(p + 30, 2), comment = load(p + 32, 2);
    uint64_t total = CENTRAL_SIZE + name_size + extra + comment;
    if (r->directory_end - *at < total) return broken(r, *at, "a directory entry that is cut");
    uint64_t packed = load(p + 20, 4), size = load(p + 24, 4), local = load(p + 42, 4);
    uint64_t *fields[3] = {&size, &packed, &local};
    if (!read_extra(p + CENTRAL_SIZE + name_size, extra, fields))
        return broken(r, *at, "a zip64 field that is cut");
    out->name = (const char *)p + CENTRAL_SIZE;
    out->name_size = (size_t)name_size;
    if (load(p + 8, 2) & 1) return broken(r, *at, "an encrypted entry");
    if (load(p + 10, 2) != 0 || packed != size)
        return gte__fail(r->err, GTE_E_UNSUPPORTED, *at,
                         "%s: entry %.*s is compressed; torch stores its weights uncompressed",
                         r->file, name_size > 100 ? 100 : (int)name_size, out->name);
    if (local > r->size || r->size - local < LOCAL_SIZE ||
        load(r->data + local, 4) != LOCAL_SIGNATURE)
        return broken(r, *at, "an entry whose local header is not where it should be");
    uint64_t start =
        local + LOCAL_SIZE + load(r->data + local + 26, 2) + load(r->data + local + 28, 2);
    if (start > r->directory || size > r->directory - start)
        return broken(r, *at, "an entry whose bytes lie outside the file");
    out->data = r->data + start;
    out->size = (size_t)size;
    *at += total;
    return GTE_OK;
}

static int compare(const char *a, size_t a_size, const char *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order ? order : a_size < b_size ? -1 : a_size > b_size;
}

static int by_name(const void *a, const void *b)
{
    const convert__zip_entry *x = a, *y = b;
    return compare(x->name, x->name_size, y->name, y->name_size);
}

gte_status convert__zip_open(convert__zip *out, const char *file, const uint8_t *data, size_t size,
                             gte_error *err)
{
    *out = (convert__zip){0};
    reader r = {.file = file, .data = data, .size = size, .err = err};
    gte_status status = read_end(&r);
    if (status != GTE_OK) return status;
    if (r.count == 0) return broken(&r, r.directory, "no entries");
    out->entries = calloc((size_t)r.count, sizeof *out->entries);
    if (!out->entries) return gte__fail(err, GTE_E_MEMORY, 0, "%s: out of memory", file);
    uint64_t at = r.directory;
    for (uint64_t i = 0; i < r.count; i++) {
        status = read_entry(&r, &at, &out->entries[i]);
        if (status != GTE_OK) return status;
        out->count++;
    }
    qsort(out->entries, out->count, sizeof *out->entries, by_name);
    for (size_t i = 1; i < out->count; i++)
        if (by_name(&out->entries[i - 1], &out->entries[i]) == 0)
            return broken(&r, r.directory, "two entries of one name");
    return gte__ok(err);
}

void convert__zip_close(convert__zip *zip)
{
    free(zip->entries);
    *zip = (convert__zip){0};
}

const convert__zip_entry *convert__zip_find(const convert__zip *zip, const char *prefix,
                                            size_t prefix_size, const char *name, size_t name_size)
{
    size_t low = 0, high = zip->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const convert__zip_entry *e = &zip->entries[middle];
        size_t head = e->name_size < prefix_size ? e->name_size : prefix_size;
        int order = compare(prefix, prefix_size, e->name, head);
        if (order == 0) order = compare(name, name_size, e->name + head, e->name_size - head);
        if (order == 0) return e;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
