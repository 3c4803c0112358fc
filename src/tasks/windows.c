/* Texts longer than a model reads, in overlapping windows; their logits as one sequence again. */
#include <string.h>

#include "base/memory.h"
#include "tasks/tasks.h"

bool gte__begins_word(const gte__tokenizer *tokenizer, const gte_token *token)
{
    const uint32_t *index = tokenizer->string_index + token->id;
    return index[1] - index[0] < 2 || memcmp(tokenizer->string_bytes + index[0], "##", 2) != 0;
}

static gte_status no_memory(gte_error *err)
{
    return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for the text's tokens");
}

gte_status gte__run_tokenize(const gte__run *run, gte_error *err)
{
    const gte_text text = run->result->text;
    const unsigned flags =
        (run->request->flags & (GTE_SPECIAL_AS_TEXT | GTE_REPLACE_INVALID)) | GTE_OFFSETS_BYTES;
    gte__buffer *content = &run->result->content;
    /* a token covers a byte of the text at least, or nearly: what does not fit is counted */
    for (size_t room = text.size / 2 + 16;;) {
        if (!gte__buffer_reserve(content, room, sizeof(gte_token))) return no_memory(err);
        gte__token_sink sink = {.out = content->data, .capacity = room, .limit = SIZE_MAX};
        gte_status status = gte__wordpiece(run->tokenizer, text.data, text.size, flags, &sink, err);
        if (status != GTE_OK) return status;
        run->result->content_count = sink.count;
        if (sink.count <= room) return GTE_OK;
        room = sink.count;
    }
}

gte_status gte__inputs_begin(gte__inputs *inputs, gte_error *err)
{
    if (!gte__buffer_reserve(&inputs->starts, inputs->count + 2, sizeof(size_t)))
        return no_memory(err);
    size_t *starts = inputs->starts.data;
    starts[inputs->count++] = inputs->token_count;
    starts[inputs->count] = inputs->token_count;
    return GTE_OK;
}

gte_status gte__inputs_add(gte__inputs *inputs, const gte_token *tokens, size_t count,
                           gte_error *err)
{
    size_t total;
    if (!gte__add(inputs->token_count, count, &total) ||
        !gte__buffer_reserve(&inputs->tokens, total, sizeof *tokens))
        return no_memory(err);
    if (count)
        memcpy((gte_token *)inputs->tokens.data + inputs->token_count, tokens,
               count * sizeof *tokens);
    inputs->token_count = total;
    ((size_t *)inputs->starts.data)[inputs->count] = total;
    return GTE_OK;
}

void gte__windows_sizes(const gte__run *run, size_t *window, size_t *stride)
{
    const size_t longest = run->model->header->max_tokens;
    const gte_request *r = run->request;
    if (r->window_tokens > 0) *window = (size_t)r->window_tokens;
    if (*window > longest) *window = longest;
    if (r->stride_tokens > 0) *stride = (size_t)r->stride_tokens;
}

/* Prefix, content and [SEP] of one window as an input. */
static gte_status add_window(const gte__run *run, gte__window *w, const gte_token *prefix,
                             int32_t type, gte_error *err)
{
    const gte_token end = {(int32_t)run->tokenizer->header->sep_id, type, 0, 0};
    gte_token *content = (gte_token *)run->result->content.data + w->first;
    w->input = run->inputs->count;
    if (type)
        for (size_t i = 0; i < w->count; i++) content[i].type = type;
    gte_status status = gte__inputs_begin(run->inputs, err);
    if (status == GTE_OK) status = gte__inputs_add(run->inputs, prefix, w->prefix, err);
    if (status == GTE_OK) status = gte__inputs_add(run->inputs, content, w->count, err);
    if (status == GTE_OK) status = gte__inputs_add(run->inputs, &end, 1, err);
    return status;
}

/* Where the window after [first, end) begins: `stride` before its end, moved back to the beginning
 * of a word unless that would bring it no further. */
static size_t next_first(const gte__run *run, size_t first, size_t end, size_t stride)
{
    const gte_token *content = run->result->content.data;
    const size_t wanted = end - stride;
    size_t at = wanted;
    while (at > first + 1 && !gte__begins_word(run->tokenizer, &content[at])) at--;
    return at > first + 1 ? at : wanted;
}

gte_status gte__windows_plan(const gte__run *run, const gte_token *prefix, size_t prefix_count,
                             size_t window, size_t stride, int32_t type, gte_error *err)
{
    gte_result *result = run->result;
    const size_t total = result->content_count;
    if (window < prefix_count + 2)
        return gte__fail(err, GTE_E_ARGUMENT, 0,
                         "a window of %zu tokens leaves no room for text beside the %zu before it",
                         window, prefix_count + 1);
    const size_t room = window - prefix_count - 1;
    if (stride >= room) stride = room - 1;
    if (total > room && run->request->flags & GTE_NO_TRUNCATE)
        return gte__fail(err, GTE_E_TOO_LONG, 0, "the text has %zu tokens, a window holds %zu",
                         total, room);
    size_t row = 0, count = 0;
    for (size_t first = 0;;) {
        const size_t end = total - first < room ? total : first + room;
        gte__window w = {first, end - first, prefix_count, 0, row};
        gte_status status = add_window(run, &w, prefix, type, err);
        if (status != GTE_OK) return status;
        if (!gte__buffer_reserve(&result->windows, count + 1, sizeof w)) return no_memory(err);
        ((gte__window *)result->windows.data)[count++] = w;
        row += prefix_count + w.count + 1;
        if (end == total) break;
        first = next_first(run, first, end, stride);
    }
    result->window_count = count;
    result->tokens += row;
    return GTE_OK;
}

/* How far token i of the text stands from where a window cuts it; where the text itself begins or
 * ends nothing is cut. */
static size_t distance_to_cut(const gte__window *w, size_t i, size_t total)
{
    const size_t left = w->first ? i - w->first : SIZE_MAX;
    const size_t right = w->first + w->count < total ? w->first + w->count - 1 - i : SIZE_MAX;
    return left < right ? left : right;
}

gte_status gte__windows_merge(const gte__run *run, const float *logits, size_t columns,
                              gte_error *err)
{
    gte_result *result = run->result;
    const gte__window *windows = result->windows.data;
    const size_t total = result->content_count;
    size_t cells;
    if (!gte__mul(total, columns, &cells) ||
        !gte__buffer_reserve(&result->merged, cells + 1, sizeof *logits))
        return no_memory(err);
    for (size_t i = 0, w = 0; i < total; i++) {
        while (
            w + 1 < result->window_count && windows[w + 1].first <= i &&
            (windows[w].first + windows[w].count <= i ||
             distance_to_cut(&windows[w + 1], i, total) > distance_to_cut(&windows[w], i, total)))
            w++;
        const size_t row = windows[w].row + windows[w].prefix + i - windows[w].first;
        memcpy((float *)result->merged.data + i * columns, logits + row * columns,
               columns * sizeof *logits);
    }
    return GTE_OK;
}
