/* "context|question": how POST /predict and gte predict write the two as one text. */
#ifndef GTE_BASE_QUESTION_H
#define GTE_BASE_QUESTION_H

#include <stdbool.h>

#include "gte.h"

/* Splits at the last bar, "|" or U+FF5C, because contexts may hold some; the question becomes the
 * pair. False, and *out unspecified, without a bar or with a side of nothing but spaces. */
bool gte__question_split(gte_text text, gte_text *out);

#endif
