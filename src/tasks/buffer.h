/* Memory that grows and is used again. */
#ifndef GTE_TASKS_BUFFER_H
#define GTE_TASKS_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct gte__buffer {
    void *data;
    size_t capacity; /* bytes */
} gte__buffer;

/* Room for `count` elements of `size` bytes, contents kept; false: no memory, unchanged. Aligned as
 * malloc aligns. Grows by half at least. */
bool gte__buffer_reserve(gte__buffer *buffer, size_t count, size_t size);
void gte__buffer_free(gte__buffer *buffer);

#endif
