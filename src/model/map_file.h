/* A file as bytes in memory. */
#ifndef GTE_MODEL_MAP_FILE_H
#define GTE_MODEL_MAP_FILE_H

#include "base/status.h"

/* Maps a regular file of at least `least` bytes read-only. `what` names it in messages: "a model
 * file (make one with gte convert)". Errors: GTE_E_IO, GTE_E_FORMAT, GTE_E_UNSUPPORTED. */
gte_status gte__map_file(const char *path, size_t least, const char *what, const uint8_t **data,
                         uint64_t *size, gte_error *err);
void gte__unmap_file(const uint8_t *data, uint64_t size);

#endif
