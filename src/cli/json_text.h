/* JSON on the way out. Numbers are in sink.h; JSON on the way in is json_line.h's. */
#ifndef GTE_CLI_JSON_TEXT_H
#define GTE_CLI_JSON_TEXT_H

#include "sink.h"

/* A string with its quotes; invalid UTF-8 becomes U+FFFD, so that the output is always JSON. */
void cli__json_string(cli_sink *sink, const char *text, size_t size);
/* The same from a C string; NULL becomes null. */
void cli__json_c_string(cli_sink *sink, const char *text);
/* [v0,v1,...] */
void cli__json_floats(cli_sink *sink, const float *values, size_t n);

#endif
