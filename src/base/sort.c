/* Heapsort. */
#include "base/sort.h"

#include <string.h>

static void swap(char *a, char *b, size_t size)
{
    char between[GTE__SORT_SIZE_MAX];
    memcpy(between, a, size);
    memcpy(a, b, size);
    memcpy(b, between, size);
}

/* Lets the element at `at` sink until none below it in the heap of n is greater. */
static void sink(char *data, size_t at, size_t n, size_t size,
                 int (*compare)(const void *, const void *))
{
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && compare(data + child * size, data + (child + 1) * size) < 0) child++;
        if (compare(data + at * size, data + child * size) >= 0) return;
        swap(data + at * size, data + child * size, size);
    }
}

void gte__sort(void *data, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    char *bytes = data;
    for (size_t i = n / 2; i-- > 0;) sink(bytes, i, n, size, compare);
    for (size_t end = n; end-- > 1;) {
        swap(bytes, bytes + end * size, size);
        sink(bytes, 0, end, size, compare);
    }
}
