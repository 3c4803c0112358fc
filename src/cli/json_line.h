/* One line of JSON from outside, parsed with bounds. */
#ifndef GTE_CLI_JSON_LINE_H
#define GTE_CLI_JSON_LINE_H

#include <jansson.h>
#include <stdbool.h>

/* NULL: reported, `place` ("FILE: line 7") in front. The caller releases it with json_decref. With
 * `replace_invalid` invalid UTF-8 is U+FFFD instead of an error. */
json_t *cli__json_line(const char *place, const char *text, size_t size, bool replace_invalid);

#endif
