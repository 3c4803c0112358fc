/* Numbers as decimal text, faster than printf where output is mostly numbers. */
#ifndef GTE_CLI_NUMBER_TEXT_H
#define GTE_CLI_NUMBER_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define CLI_NUMBER_SIZE 32

/* The same bytes as printf's "%.9g", which a reader turns back into the same float. Not
 * NUL-terminated; returns the length. */
size_t cli__float_text(float value, char out[CLI_NUMBER_SIZE]);

size_t cli__integer_text(int64_t value, char out[CLI_NUMBER_SIZE]);

#endif
