/* UTF-8 as the command needs it: replacing what is invalid, widths on a terminal, cutting. */
#ifndef GTE_CLI_UTF8_TEXT_H
#define GTE_CLI_UTF8_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLI_INVALID UINT32_MAX

/* The code point at text[0..size), size > 0, and how many bytes it takes. For invalid bytes
 * *code is CLI_INVALID and the count is what one U+FFFD replaces (Unicode's "maximal subpart"). */
size_t cli__utf8_next(const char *text, size_t size, uint32_t *code);

/* Whether a terminal would act on it instead of showing it: the controls of ASCII and of Latin-1
 * (U+009B begins what ESC [ does), and those that turn the direction of the text that follows. */
bool cli__is_control(uint32_t code);

bool cli__utf8_valid(const char *text, size_t size);

/* Copies with every invalid part replaced by U+FFFD; `out` holds 3 * size bytes. Returns the
 * size of the copy. */
size_t cli__utf8_replace(const char *text, size_t size, char *out);

/* Columns a terminal gives to a text; CJK takes two a character, and what stands for an invalid
 * part or a control takes one. */
size_t cli__columns(const char *text, size_t size);

/* How many bytes of the text fit in `columns`, whole characters only. */
size_t cli__fitting(const char *text, size_t size, size_t columns);

#endif
