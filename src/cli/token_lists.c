/* Offsets and pieces. */
#include "token_lists.h"

#include "json_text.h"

void cli__json_offsets(cli_sink *sink, const gte_token *tokens, size_t n)
{
    cli__sink_string(sink, "[");
    for (size_t i = 0; i < n; i++) {
        cli__sink_string(sink, i ? ",[" : "[");
        cli__sink_integer(sink, tokens[i].start);
        cli__sink_string(sink, ",");
        cli__sink_integer(sink, tokens[i].end);
        cli__sink_string(sink, "]");
    }
    cli__sink_string(sink, "]");
}

void cli__json_pieces(cli_sink *sink, const gte_model *model, const gte_token *tokens, size_t n)
{
    cli__sink_string(sink, "[");
    for (size_t i = 0; i < n; i++) {
        size_t size = 0;
        const char *piece = gte_token_text(model, tokens[i].id, &size);
        if (i) cli__sink_string(sink, ",");
        cli__json_string(sink, piece ? piece : "", size);
    }
    cli__sink_string(sink, "]");
}
