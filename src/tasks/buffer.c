/* Memory that grows and is used again. */
#include "tasks/buffer.h"

#include <stdlib.h>

#include "base/memory.h"

bool gte__buffer_reserve(gte__buffer *buffer, size_t count, size_t size)
{
    size_t bytes;
    if (!gte__mul(count, size, &bytes)) return false;
    if (bytes <= buffer->capacity) return true;
    size_t more = buffer->capacity + buffer->capacity / 2;
    if (more < bytes) more = bytes;
    void *data = realloc(buffer->data, more);
    if (!data) return false;
    buffer->data = data;
    buffer->capacity = more;
    return true;
}

void gte__buffer_free(gte__buffer *buffer)
{
    free(buffer->data);
    *buffer = (gte__buffer){0};
}
