/* TEI's POST /tokenize and POST /decode. Answered inline: the tokenizer takes microseconds. */
#include <stdlib.h>
#include <string.h>

#include "server/hold.h"
#include "server/choose.h"
#include "server/inputs.h"
#include "server/json_in.h"
#include "server/json_out.h"
#include "server/routes.h"
#include "server/service.h"

/* A token is some sixty bytes of the answer, and some four letters of a text. */
#define BYTES_A_LETTER 16

/* A token of the template stands for no text. */
static bool is_special(const gte_token *token)
{
    return token->start == 0 && token->end == 0;
}

static void write_token(server__text *out, const gte_model *model, const gte_token *token)
{
    size_t size = 0;
    const char *text = gte_token_text(model, token->id, &size);
    server__text_printf(out, "{\"id\":%d,\"text\":", (int)token->id);
    server__json_string(out, text ? text : "", size);
    if (is_special(token))
        server__text_string(out, ",\"special\":true,\"start\":null,\"stop\":null}");
    else
        server__text_printf(out, ",\"special\":false,\"start\":%u,\"stop\":%u}",
                            (unsigned)token->start, (unsigned)token->end);
}

/* An answer has some sixty bytes a token: so many tokens a request as any other may have. */
static bool count_tokens(server__request *request, size_t more)
{
    const size_t most = (size_t)request->service->limits.max_tokens;
    request->tokens += more;
    if (request->tokens <= most) return true;
    server__fail(request, 422, "too_many_tokens", "inputs",
                 "the request has more than %zu tokens (--max-tokens)", most);
    return false;
}

/* One text, uncut: the tokens of a text are at most its bytes, and the template's. */
static bool write_text(server__request *request, server__text *out, const json_t *text,
                       unsigned flags)
{
    const gte_model *model = request->choice->model->model;
    const size_t room = json_string_length(text) + 8;
    const gte_text input = {json_string_value(text), json_string_length(text), NULL, 0};
    gte_token *tokens = malloc(room * sizeof *tokens);
    size_t count = 0;
    gte_error err;
    if (!tokens) {
        server__fail_memory(request);
        return false;
    }
    bool good = gte_tokenize(model, input, flags, (size_t)1 << 30, tokens, room, &count, NULL,
                             &err) == GTE_OK;
    if (!good)
        server__fail(request, 422, "invalid_text", "inputs", "tokenizer error %s", err.message);
    good = good && count_tokens(request, count);
    for (size_t i = 0; good && i < count; i++) {
        server__text_string(out, i ? "," : "[");
        write_token(out, model, &tokens[i]);
    }
    server__text_string(out, count ? "]" : "[]");
    free(tokens);
    return good;
}

static bool write_all(server__request *request, server__text *out, const json_t *inputs,
                      unsigned flags)
{
    const size_t count = json_is_array(inputs) ? json_array_size(inputs) : 1;
    if (count == 0) {
        server__fail(request, 400, "invalid_input", "inputs", "`inputs` cannot be empty");
        return false;
    }
    if (!server__inputs_fit(request, "inputs", count)) return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *text = json_is_array(inputs) ? json_array_get(inputs, i) : inputs;
        if (!json_is_string(text)) {
            server__fail(request, 422, "invalid_input", "inputs",
                         "`inputs` must be a string or a list of strings");
            return false;
        }
        server__text_string(out, i ? "," : "[");
        if (!write_text(request, out, text, flags)) return false;
    }
    server__text_string(out, "]");
    return true;
}

static void tokenize_handle(server__request *request)
{
    if (!server__hold(request, request->body_size * BYTES_A_LETTER)) return;
    json_t *json = server__choose_tokenizer(request) ? server__json_body(request) : NULL;
    if (!json) return;
    server__text out = {0};
    bool special = true;
    request->task = "tokenize";
    bool good = server__json_get_bool(request, json, "add_special_tokens", &special) &&
                write_all(request, &out, json_object_get(json, "inputs"),
                          GTE_OFFSETS_BYTES | (special ? 0 : GTE_NO_SPECIAL));
    json_decref(json);
    if (good)
        server__answer_json(request, 200, &out);
    else
        server__text_free(&out);
}

/* ---- /decode --------------------------------------------------------------------------------- */

/* [CLS] and its like: in square brackets as BERT's vocabularies have them. */
static bool is_marker(const char *text, size_t size)
{
    return size > 2 && text[0] == '[' && text[size - 1] == ']';
}

/* Whether a piece is set without a space before it when HuggingFace cleans up what WordPiece's
 * decoder put together. */
static bool joins(const char *text, size_t size)
{
    return size == 1 && strchr(".?!,", text[0]) != NULL;
}

static bool wrong_list(server__request *request)
{
    server__fail(request, 422, "invalid_input", "ids",
                 "`ids` must be a list of token ids or a list of such lists");
    return false;
}

static bool decode_list(server__request *request, server__text *out, const json_t *ids,
                        bool skip_special)
{
    server__text text = {0};
    if (!json_is_array(ids)) return wrong_list(request);
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const json_t *id = json_array_get(ids, i);
        size_t size = 0;
        const char *piece = json_is_integer(id) && json_integer_value(id) >= 0 &&
                                    json_integer_value(id) <= INT32_MAX
                                ? gte_token_text(request->choice->model->model,
                                                 (int32_t)json_integer_value(id), &size)
                                : NULL;
        if (!piece) {
            server__fail(request, 422, "invalid_token", "ids",
                         "`ids` must be ids of this model's vocabulary, 0 .. %d",
                         request->choice->model->info.vocab_size - 1);
            server__text_free(&text);
            return false;
        }
        if (skip_special && is_marker(piece, size)) continue;
        const bool suffix = size > 2 && memcmp(piece, "##", 2) == 0;
        if (text.size && !suffix && !joins(piece, size)) server__text_string(&text, " ");
        server__text_add(&text, piece + (suffix ? 2 : 0), size - (suffix ? 2 : 0));
    }
    server__json_string(out, text.data ? text.data : "", text.size);
    out->failed |= text.failed;
    server__text_free(&text);
    return true;
}

static void decode_handle(server__request *request)
{
    json_t *json = server__choose_tokenizer(request) ? server__json_body(request) : NULL;
    if (!json) return;
    server__text out = {0};
    const json_t *ids = json_object_get(json, "ids");
    const bool batch = json_is_array(json_array_get(ids, 0));
    const size_t count = batch ? json_array_size(ids) : 1;
    bool skip = true, good = server__json_get_bool(request, json, "skip_special_tokens", &skip);
    request->task = "decode";
    if (good && json_array_size(ids) == 0) good = wrong_list(request);
    good = good && server__inputs_fit(request, "ids", count);
    for (size_t i = 0; good && i < count; i++) {
        server__text_string(&out, i ? "," : "[");
        good = decode_list(request, &out, batch ? json_array_get(ids, i) : ids, skip);
    }
    json_decref(json);
    server__text_string(&out, "]");
    if (good)
        server__answer_json(request, 200, &out);
    else
        server__text_free(&out);
}

const server__route server__token_routes[] = {
    {"POST", "/tokenize", tokenize_handle, SERVER__TEI, 0, 0},
    {"POST", "/decode", decode_handle, SERVER__TEI, 0, 0},
    {0},
};
