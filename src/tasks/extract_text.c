/* A text that is asked: its tokens in windows, and their states below the upper layers.
 *
 * Windows are those of ModelScope's pipeline: the text has one [CLS] and one [SEP], is cut where a
 * window ends, and each window's positions begin at 0. */
#include <string.h>

#include "tasks/extract.h"
#include "tasks/tasks.h"

/* The recipe's lengths are of 512 positions: 384 of text, a step of 352, 128 of hint. A model with
 * fewer shares them out in the same way. */
#define POSITIONS 512u

/* What a text may leave behind in the context, a buffer each. */
#define KEEP_BYTES ((size_t)8 << 20)

static gte_status no_memory(gte_error *err)
{
    return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for the states of a text");
}

static gte_token special(uint32_t id)
{
    return (gte_token){(int32_t)id, 0, 0, 0};
}

static gte_status tokenize(gte__extraction *x, gte_error *err)
{
    const gte__run *run = x->run;
    gte_status status = gte__run_tokenize(run, err);
    if (status != GTE_OK) return status;
    const size_t count = run->result->content_count;
    x->tokens = count + 2;
    if (x->tokens > GTE__EXTRACT_TOKENS)
        return gte__fail(err, GTE_E_TOO_LONG, 0, "the text has %zu tokens, more than %u", x->tokens,
                         GTE__EXTRACT_TOKENS);
    if (!gte__buffer_reserve(&x->text, x->tokens, sizeof(gte_token))) return no_memory(err);
    gte_token *text = x->text.data;
    text[0] = special(run->tokenizer->header->cls_id);
    if (count) memcpy(text + 1, run->result->content.data, count * sizeof *text);
    text[count + 1] = special(run->tokenizer->header->sep_id);
    return GTE_OK;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The request may ask for shorter windows, and for more overlap, up to half of one. */
static void plan_windows(gte__extraction *x)
{
    const gte_request *request = x->run->request;
    const size_t positions = least(x->run->model->header->max_tokens, POSITIONS);
    x->hint = positions / 4;
    x->window = positions - x->hint;
    if (request->window_tokens) x->window = least(x->window, (size_t)request->window_tokens);
    size_t overlap = x->window / 12;
    if (request->stride_tokens) overlap = least((size_t)request->stride_tokens, x->window / 2);
    x->step = x->window - overlap;
    x->windows = x->tokens <= x->window ? 1 : (x->tokens - x->window + x->step - 1) / x->step + 1;
    /* of several windows the last is as if it were padded */
    for (size_t i = 0; i < GTE__EXTRACT_TOGETHER; i++)
        x->positions[i] = (uint32_t)(x->windows > 1 ? x->window : x->tokens);
}

static gte_status reserve(gte__extraction *x, gte_error *err)
{
    const gte__encoder *e = x->encoder;
    const size_t rows = x->tokens + (x->windows - 1) * (x->window - x->step);
    const size_t longest = least(x->tokens, x->window);
    if (!gte__buffer_reserve(&x->states, rows, gte__state_bytes(e, gte__extraction_below(x))) ||
        !gte__buffer_reserve(&x->projected, longest,
                             gte__state_bytes(e, gte__extraction_projected(x))) ||
        !gte__buffer_reserve(&x->inputs, least(rows, e->max_batch_tokens), sizeof(gte_token)) ||
        !gte__buffer_reserve(&x->rows, longest, 2 * sizeof(float)))
        return no_memory(err);
    return GTE_OK;
}

/* Where a window's states begin: all before it have as many rows. */
static char *states_of(const gte__extraction *x, size_t window)
{
    return (char *)x->states.data +
           window * x->window * gte__state_bytes(x->encoder, gte__extraction_below(x));
}

/* As many windows together as the workspace holds. */
static gte_status run_lower(gte__extraction *x, gte_error *err)
{
    const gte_token *text = x->text.data;
    gte_token *inputs = x->inputs.data;
    const gte__leg leg = {{0, false}, gte__extraction_below(x)};
    for (size_t done = 0, first = 0; done < x->windows; first = done) {
        gte__batch batch = {.tokens = inputs, .starts = x->starts};
        size_t rows = 0;
        if (gte__extraction_stops(x))
            return gte__fail(err, GTE_E_CANCELLED, 0, "stopped by the caller");
        for (x->starts[0] = 0; done < x->windows && batch.texts < GTE__EXTRACT_TOGETHER; done++) {
            const size_t more = gte__window_rows(x, done);
            if (rows + more > x->encoder->max_batch_tokens) break;
            memcpy(inputs + rows, text + gte__window_first(x, done), more * sizeof *inputs);
            x->starts[++batch.texts] = rows += more;
        }
        gte__encoder_run(x->encoder, &batch, leg);
        gte__states_save(x->encoder, leg.to, 0, rows, states_of(x, first));
    }
    return GTE_OK;
}

gte_status gte__extraction_read(gte__extraction *x, gte_error *err)
{
    x->projected_window = SIZE_MAX;
    gte__extraction_mark(x);
    gte_status status = tokenize(x, err);
    if (status != GTE_OK) return status;
    gte__extraction_lap(x, GTE_TRACE_TOKENIZE, x->tokens);
    plan_windows(x);
    if (x->windows > 1 && x->run->request->flags & GTE_NO_TRUNCATE)
        return gte__fail(err, GTE_E_TOO_LONG, 0, "the text has %zu tokens, a window holds %zu",
                         x->tokens, x->window);
    status = reserve(x, err);
    return status == GTE_OK ? run_lower(x, err) : status;
}

void gte__extraction_project(gte__extraction *x, size_t window)
{
    const gte__leg leg = {gte__extraction_below(x), gte__extraction_projected(x)};
    const size_t starts[2] = {0, gte__window_rows(x, window)};
    const gte__batch batch = {.starts = starts, .texts = 1};
    if (x->projected_window == window) return;
    gte__states_load(x->encoder, leg.from, 0, starts[1], states_of(x, window));
    gte__encoder_run(x->encoder, &batch, leg);
    gte__states_save(x->encoder, leg.to, 0, starts[1], x->projected.data);
    x->projected_window = window;
}

/* ---- memory -------------------------------------------------------------------------------- */

static void shrink(gte__extraction *x, size_t most)
{
    gte__buffer *const buffers[] = {&x->text,       &x->inputs,      &x->states,      &x->projected,
                                    &x->hint_bytes, &x->hint_tokens, &x->hint_states, &x->logits,
                                    &x->rows,       &x->found};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        if (buffers[i]->capacity > most) gte__buffer_free(buffers[i]);
}

void gte__extraction_trim(gte__extraction *x)
{
    shrink(x, KEEP_BYTES);
}

void gte__extraction_free(gte__extraction *x)
{
    shrink(x, 0);
}
