/* Which head a checkpoint has, and its numbers. */
#ifndef CONVERT_HEAD_FIND_H
#define CONVERT_HEAD_FIND_H

#include "convert/checkpoint.h"
#include "convert/config.h"

/* The head of the checkpoint as a section of the model file, NULL where there is none that is
 * known; to be freed. Its tensors are marked as used. Errors: GTE_E_FORMAT (tensors of another
 * shape, labels that do not match), GTE_E_MEMORY. */
gte_status convert__head_find(void **out, size_t *size, const convert__source *source,
                              const convert__config *config, convert__checkpoint *checkpoint,
                              gte_error *err);

#endif
