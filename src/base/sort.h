/* Sorting in place: qsort of the C library may ask for memory. */
#ifndef GTE_BASE_SORT_H
#define GTE_BASE_SORT_H

#include <stddef.h>

#define GTE__SORT_SIZE_MAX 64u /* bytes of an element */

/* As qsort; not stable, so `compare` should tell all elements apart that differ. O(n log n) always
 * (heapsort: Williams, 1964). `size` is at most GTE__SORT_SIZE_MAX. */
void gte__sort(void *data, size_t n, size_t size, int (*compare)(const void *, const void *));

#endif
