/* Numbers as decimal text, faster than printf where output is mostly numbers. */
#ifndef GTE_BASE_NUMBER_TEXT_H
#define GTE_BASE_NUMBER_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define GTE__NUMBER_SIZE 32

/* The same bytes as printf's "%.9g", which a reader turns back into the same float. Not
 * NUL-terminated; returns the length. */
size_t gte__float_text(float value, char out[GTE__NUMBER_SIZE]);

size_t gte__integer_text(int64_t value, char out[GTE__NUMBER_SIZE]);

#endif
