/* Heads made in memory, for tests of what stands behind their logits. */
#ifndef TESTS_MADE_HEAD_H
#define TESTS_MADE_HEAD_H

#include "gte_task.h"
#include "model/head_format.h"

/* Bytes of a head file for a model, to be freed with free: `like` tells kind, reads, flags, tasks
 * and labels, and everything else follows. Its labels are "0", "1", ...; its numbers, CRF and
 * pooler included, are seeded, between -scale and scale. */
void *made_head_bytes(const gte_model *model, const gte__head_header *like, uint64_t seed,
                      float scale, size_t *size);

/* The same, opened; fatal assertions. *bytes must be freed after the head is closed. */
gte_head *made_head(const gte_model *model, const gte__head_header *like, uint64_t seed,
                    float scale, void **bytes);

#endif
