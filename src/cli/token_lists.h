/* Tokens as JSON lists. */
#ifndef GTE_CLI_TOKEN_LISTS_H
#define GTE_CLI_TOKEN_LISTS_H

#include "gte.h"
#include "sink.h"

/* [[start,end],...] */
void cli__json_offsets(cli_sink *sink, const gte_token *tokens, size_t n);
/* ["piece",...] */
void cli__json_pieces(cli_sink *sink, const gte_model *model, const gte_token *tokens, size_t n);

#endif
