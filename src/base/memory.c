/* Aligned blocks and the plans that cut them into parts. */
#include "base/memory.h"

#include <stdlib.h>

size_t gte__plan_add(gte__plan *plan, size_t count, size_t size)
{
    size_t at = plan->total;
    size_t bytes;
    if (plan->bad || !gte__mul(count, size, &bytes) ||
        !gte__round_up(bytes, GTE_ALIGNMENT, &bytes) || !gte__add(at, bytes, &plan->total)) {
        plan->bad = true;
        return 0;
    }
    return at;
}

void *gte__block_alloc(size_t size)
{
    size_t rounded;
    if (!gte__round_up(size ? size : 1, GTE_ALIGNMENT, &rounded)) return NULL;
    return aligned_alloc(GTE_ALIGNMENT, rounded);
}
