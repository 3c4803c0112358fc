/* Hints to logits: the lower layers over the hints, the upper ones over each window of the text
 * with each hint, as many together as the workspace holds, then the head's products. */
#include <math.h>
#include <string.h>

#include "tasks/extract.h"
#include "tasks/tasks.h"

static size_t hint_rows(const gte__extraction *x, size_t hint)
{
    return x->hint_token[hint + 1] - x->hint_token[hint];
}

static gte_status no_memory(gte_error *err)
{
    return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for hints");
}

/* [CLS] hint [SEP], cut to its length, all of type 1 where the model has one. */
static gte_status tokenize(gte__extraction *x, gte_error *err)
{
    const gte__run *run = x->run;
    const unsigned flags = run->request->flags & (GTE_SPECIAL_AS_TEXT | GTE_REPLACE_INVALID);
    const int32_t type = run->model->header->type_vocab_size > 1;
    size_t used = 0;
    if (!gte__buffer_reserve(&x->hint_tokens, x->hints * x->hint, sizeof(gte_token)))
        return no_memory(err);
    gte_token *tokens = x->hint_tokens.data;
    for (size_t i = 0; i < x->hints; i++) {
        const gte_text hint = {(const char *)x->hint_bytes.data + x->hint_byte[i],
                               x->hint_byte[i + 1] - x->hint_byte[i], NULL, 0};
        size_t count;
        gte_status status = gte__tokenize(run->tokenizer, hint, flags, x->hint, tokens + used,
                                          x->hint, &count, NULL, err);
        if (status != GTE_OK) return status;
        for (size_t t = 0; t < count; t++) tokens[used + t].type = type;
        x->hint_token[i] = used;
        used += count;
    }
    x->hint_token[x->hints] = used;
    return GTE_OK;
}

static gte_status reserve(gte__extraction *x, gte_error *err)
{
    const size_t bytes = gte__state_bytes(x->encoder, gte__extraction_projected(x));
    if (!gte__buffer_reserve(&x->hint_states, x->hint_token[x->hints], bytes) ||
        !gte__buffer_reserve(&x->logits, x->hints * x->tokens, 2 * sizeof(float)))
        return no_memory(err);
    return GTE_OK;
}

/* The hints through the lower layers. */
static void run_lower(gte__extraction *x)
{
    const gte__leg leg = {{0, false}, gte__extraction_projected(x)};
    const size_t bytes = gte__state_bytes(x->encoder, leg.to);
    for (size_t done = 0; done < x->hints;) {
        const size_t first = x->hint_token[done];
        gte__batch batch = {.tokens = (const gte_token *)x->hint_tokens.data + first,
                            .starts = x->starts,
                            .positions = x->positions};
        size_t rows = 0;
        for (x->starts[0] = 0; done < x->hints; done++) {
            if (rows + hint_rows(x, done) > x->encoder->max_batch_tokens) break;
            x->starts[++batch.texts] = rows += hint_rows(x, done);
        }
        gte__encoder_run(x->encoder, &batch, leg);
        gte__states_save(x->encoder, leg.to, 0, rows, (char *)x->hint_states.data + first * bytes);
    }
}

/* Two logits of every row of a window; where windows overlap, the mean. */
static void take_logits(gte__extraction *x, size_t row, size_t window, size_t hint)
{
    const gte__encoder *e = x->encoder;
    const size_t rows = gte__window_rows(x, window);
    const size_t known = window ? 2 * (x->window - x->step) : 0;
    const float *from = x->rows.data;
    float *logits = (float *)x->logits.data + 2 * (hint * x->tokens + gte__window_first(x, window));
    gte__head_product(x->run->head, gte__hidden_row(e, row), e->hidden_stride, rows, x->rows.data);
    for (size_t i = 0; i < 2 * rows; i++)
        logits[i] = i < known ? (logits[i] + from[i]) / 2 : from[i];
}

bool gte__extraction_stops(const gte__extraction *x)
{
    const gte_request *request = x->run->request;
    return request->progress && request->progress(request->progress_arg, x->asked - x->hints);
}

/* Each hint beside the window through the upper layers. */
static gte_status run_upper(gte__extraction *x, size_t window, gte_error *err)
{
    gte__encoder *e = x->encoder;
    const gte__leg leg = {gte__extraction_projected(x), {e->model->header->layers, false}};
    const size_t bytes = gte__state_bytes(e, leg.from), text = gte__window_rows(x, window);
    gte__extraction_project(x, window);
    for (size_t first = 0, done = 0; done < x->hints; first = done) {
        gte__batch batch = {.starts = x->starts};
        size_t rows = 0;
        if (gte__extraction_stops(x))
            return gte__fail(err, GTE_E_CANCELLED, 0, "stopped by the caller");
        for (x->starts[0] = 0; done < x->hints; done++) {
            const size_t hint = hint_rows(x, done);
            if (rows + text + hint > e->max_batch_tokens) break;
            gte__states_load(e, leg.from, rows, text, x->projected.data);
            gte__states_load(e, leg.from, rows + text, hint,
                             (char *)x->hint_states.data + x->hint_token[done] * bytes);
            x->starts[++batch.texts] = rows += text + hint;
        }
        gte__encoder_run(e, &batch, leg);
        gte__extraction_mark(x);
        for (size_t i = first; i < done; i++) take_logits(x, x->starts[i - first], window, i);
        gte__extraction_lap(x, GTE_TRACE_HEAD, (done - first) * text);
    }
    return GTE_OK;
}

gte_status gte__extraction_ask(gte__extraction *x, gte_error *err)
{
    gte__extraction_mark(x);
    gte_status status = tokenize(x, err);
    if (status == GTE_OK) gte__extraction_lap(x, GTE_TRACE_TOKENIZE, x->hint_token[x->hints]);
    if (status == GTE_OK) status = reserve(x, err);
    if (status != GTE_OK) return status;
    run_lower(x);
    for (size_t window = 0; window < x->windows && status == GTE_OK; window++)
        status = run_upper(x, window, err);
    if (status != GTE_OK) return status;
    const float *logits = x->logits.data;
    for (size_t i = 0; i < 2 * x->hints * x->tokens; i++)
        if (!isfinite(logits[i]))
            return gte__fail(err, GTE_E_FORMAT, 0,
                             "the model gave a logit that is not finite: see gte verify");
    return GTE_OK;
}
