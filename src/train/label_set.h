/* Names to numbers, in the order in which names first appear. */
#ifndef GTE_TRAIN_LABEL_SET_H
#define GTE_TRAIN_LABEL_SET_H

#include <stddef.h>
#include <stdint.h>

#include "gte.h"

#define TRAIN__MOST_LABELS 65536u
#define TRAIN__LABEL_BYTES 1024u /* of one name */
#define TRAIN__NO_LABEL UINT32_MAX

typedef struct train__label_set {
    char **names; /* NUL-terminated */
    uint32_t count, capacity;
    uint32_t *table; /* by hash: number + 1, 0 where there is none */
    uint32_t slots;  /* a power of two, or 0 */
} train__label_set;

/* The number of a name, which is added if it is new. Refused (GTE_E_ARGUMENT, err->message without
 * the place): an empty name, one with a NUL or a control character in it, invalid UTF-8, one longer
 * than TRAIN__LABEL_BYTES, more than TRAIN__MOST_LABELS names. Errors: those, GTE_E_MEMORY. */
gte_status train__label_add(train__label_set *set, const char *name, size_t size, uint32_t *out,
                            gte_error *err);

/* The number of a name, or TRAIN__NO_LABEL. */
uint32_t train__label_find(const train__label_set *set, const char *name, size_t size);

void train__label_set_free(train__label_set *set);

#endif
