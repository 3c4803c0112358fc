/* Where the converter reads from: files of one model directory, mapped read-only, and the door
 * through which it talks to its caller (notes, warnings, cancel). Knows nothing of what the files
 * mean. */
#ifndef CONVERT_SOURCE_H
#define CONVERT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "convert/convert.h"

#define CONVERT__TEXT_MAX (64u << 20) /* configs and vocabularies; the largest known is 17 MB */

typedef struct convert__source {
    const char *dir;
    const gte_convert_options *options; /* never NULL here */
} convert__source;

/* One mapped file. `name` is relative to the directory: what error messages say. */
typedef struct convert__input {
    char *name;
    const uint8_t *data; /* not NULL after a successful open, even for an empty file */
    size_t size;
    void *map; /* NULL for an empty file */
} convert__input;

/* Maps dir/name. `found` NULL: the file must exist; else a missing file is GTE_OK and *found
 * false. A file above `max_size` bytes, a directory or a pipe is an error. Names with ".." or a
 * leading '/' are refused: they may come out of a file. */
gte_status convert__input_open(convert__input *out, const convert__source *source, const char *name,
                               uint64_t max_size, bool *found, gte_error *err);
void convert__input_close(convert__input *input);

/* One line for --verbose, when the caller listens. */
void convert__note(const convert__source *source, const char *format, ...) GTE__PRINTF(2, 3);

/* The same for what the caller should see unasked. */
void convert__warn(const convert__source *source, const char *format, ...) GTE__PRINTF(2, 3);

/* GTE_E_CANCELLED when the caller asks to stop. */
gte_status convert__poll(const convert__source *source, gte_error *err);

#endif
