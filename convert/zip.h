/* Reading the directory of a zip file whose entries are stored, not compressed: what torch.save
 * writes. Entries are views into the mapped file. No decompression, no checksums of entries. */
#ifndef CONVERT_ZIP_H
#define CONVERT_ZIP_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct convert__zip_entry {
    const char *name; /* not NUL-terminated */
    size_t name_size;
    const uint8_t *data;
    size_t size;
} convert__zip_entry;

typedef struct convert__zip {
    convert__zip_entry *entries; /* sorted by name */
    size_t count;
} convert__zip;

/* True when the bytes begin like a zip file. */
int convert__zip_looks_like(const uint8_t *data, size_t size);

/* Reads the central directory (zip64 too) and checks every entry: inside the file, stored, not
 * encrypted. *out must be closed whatever the result. `file` is for messages. */
gte_status convert__zip_open(convert__zip *out, const char *file, const uint8_t *data, size_t size,
                             gte_error *err);
void convert__zip_close(convert__zip *zip);

/* The entry named `prefix` followed by `name`, or NULL. */
const convert__zip_entry *convert__zip_find(const convert__zip *zip, const char *prefix,
                                            size_t prefix_size, const char *name, size_t name_size);

#endif
