/* Extractive question answering (BertForQuestionAnswering): [CLS] question [SEP] context [SEP], in
 * windows, to the part of the context that answers.
 *
 * Windows and the choice among their spans are those of HuggingFace's run_qa: 384 tokens that
 * overlap by 128; the sum of a first and a last token's logits ranks spans of all windows alike,
 * and "no answer" is the least such sum at [CLS]. From its question-answering pipeline come the
 * question cut at 64 tokens and answers that begin and end with words. Chances are a softmax over
 * the 20 best spans and "no answer", whatever number of them is asked for. */
#include <string.h>

#include "tasks/span_best.h"
#include "tasks/tasks.h"

#define WINDOW 384
#define STRIDE 128
#define QUESTION 64
#define ANSWER 30 /* HuggingFace's 15 are words in English and characters in Chinese */
#define TEMPLATE 3

static gte_status no_memory(gte_error *err)
{
    return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for a question");
}

/* ---- plan ----------------------------------------------------------------------------------- */

/* [CLS] question [SEP] in scratch[0], with at most `most` tokens of the question. */
static gte_status read_question(const gte__run *run, size_t most, size_t *count, gte_error *err)
{
    gte_result *r = run->result;
    const unsigned flags = run->request->flags & (GTE_SPECIAL_AS_TEXT | GTE_REPLACE_INVALID);
    if (!gte__buffer_reserve(&r->scratch[0], most + TEMPLATE, sizeof(gte_token)))
        return no_memory(err);
    gte_token *prefix = r->scratch[0].data;
    gte__token_sink sink = {.out = prefix + 1, .capacity = most, .limit = SIZE_MAX};
    gte_status status =
        gte__wordpiece(run->tokenizer, r->text.pair, r->text.pair_size, flags, &sink, err);
    if (status == GTE_OK && sink.count == 0)
        status = gte__fail(err, GTE_E_ARGUMENT, 0, "the question has no tokens");
    if (status == GTE_OK && sink.count > most && run->request->flags & GTE_NO_TRUNCATE)
        status = gte__fail(err, GTE_E_TOO_LONG, 0, "the question has %zu tokens, more than %zu",
                           sink.count, most);
    if (status != GTE_OK) {
        if (err) err->part = 1;
        return status;
    }
    r->truncated = sink.count > most;
    *count = sink.count < most ? sink.count : most;
    prefix[0] = (gte_token){(int32_t)run->tokenizer->header->cls_id, 0, 0, 0};
    prefix[++*count] = (gte_token){(int32_t)run->tokenizer->header->sep_id, 0, 0, 0};
    ++*count;
    return GTE_OK;
}

static gte_status plan(const gte__run *run, gte_error *err)
{
    size_t window = WINDOW, stride = STRIDE, prefix = 0;
    gte__piece question, context;
    gte_status status = gte__result_sides(run->result, &question, &context, err);
    if (status != GTE_OK) return status;
    gte__windows_sizes(run, &window, &stride);
    const size_t half = window > TEMPLATE + 2 ? (window - TEMPLATE) / 2 : 1;
    status = read_question(run, half < QUESTION ? half : QUESTION, &prefix, err);
    if (status == GTE_OK) status = gte__run_tokenize(run, err);
    if (status != GTE_OK) return status;
    /* as much as is read anew, at least: else small windows would be read over and over */
    const size_t room = window > prefix + 1 ? window - prefix - 1 : 0;
    if (run->request->stride_tokens == 0 && stride > room / 2) stride = room / 2;
    return gte__windows_plan(run, run->result->scratch[0].data, prefix, window, stride, 1, err);
}

/* ---- decode --------------------------------------------------------------------------------- */

/* The bytes of the text that tokens first .. last stand for, their words whole. */
static gte__piece text_of(const gte__run *run, size_t first, size_t last)
{
    const gte_token *content = run->result->content.data;
    const size_t count = run->result->content_count;
    while (first > 0 && !gte__begins_word(run->tokenizer, &content[first])) first--;
    while (last + 1 < count && !gte__begins_word(run->tokenizer, &content[last + 1])) last++;
    return (gte__piece){content[first].start, content[last].end};
}

/* Spans of one window, logits [count, 2], to the best of all. A first token that could not be
 * among them even with the likeliest last one is passed over, so that most windows take one look
 * at each token. */
static void search_window(const gte__run *run, const gte__window *w, const float *logits,
                          gte__span_best *best)
{
    const int asked = run->request->max_answer_tokens;
    const size_t longest = asked > 0 ? (size_t)asked : ANSWER;
    float last_most = logits[1];
    for (size_t i = 1; i < w->count; i++)
        if (logits[2 * i + 1] > last_most) last_most = logits[2 * i + 1];
    for (size_t i = 0; i < w->count; i++) {
        const size_t end = w->count - i < longest ? w->count : i + longest;
        if (!gte__span_could_enter(best, logits[2 * i] + last_most)) continue;
        for (size_t j = i; j < end; j++) {
            const float score = logits[2 * i] + logits[2 * j + 1];
            if (gte__span_could_enter(best, score))
                gte__span_enter(best, text_of(run, w->first + i, w->first + j), score);
        }
    }
}

/* Of all windows' tokens; the context's in code points, from here on. */
static gte_status keep_logits(const gte__run *run, const float *logits, gte_error *err)
{
    gte_result *r = run->result;
    const gte__window *windows = r->windows.data;
    const size_t *starts = run->inputs->starts.data;
    const gte_token *inputs = run->inputs->tokens.data, *content = r->content.data;
    gte_status status =
        gte__result_keep_logits(r, logits, r->tokens, 2, inputs + starts[windows[0].input], err);
    if (status != GTE_OK) return status;
    gte__result_points(r, r->content.data, r->content_count);
    for (size_t w = 0; w < r->window_count; w++)
        memcpy((gte_token *)r->logit_tokens.data + windows[w].row + windows[w].prefix,
               content + windows[w].first, windows[w].count * sizeof *content);
    return GTE_OK;
}

static gte_status decode(const gte__run *run, const float *logits, gte_error *err)
{
    gte_result *r = run->result;
    const gte__window *windows = r->windows.data;
    const size_t wanted = run->request->best > 0 ? (size_t)run->request->best : 1;
    gte__span_best best = {.count = 0};
    float none = logits[0] + logits[1];
    for (size_t w = 0; w < r->window_count; w++) {
        const float *rows = logits + 2 * windows[w].row;
        if (rows[0] + rows[1] < none) none = rows[0] + rows[1];
        if (windows[w].count) search_window(run, &windows[w], rows + 2 * windows[w].prefix, &best);
    }
    gte_status status = GTE_OK;
    const bool answered = best.count && none - best.span[0].score <= run->request->null_threshold;
    r->null_score = gte__span_chances(&best, none);
    for (size_t i = 0; i < best.count && i < wanted && answered && status == GTE_OK; i++) {
        const gte__piece text = best.span[i].text;
        status = gte__result_add_span(r, "", text.begin, text.end, best.span[i].score, -1, err);
    }
    if (status == GTE_OK && run->request->flags & GTE_KEEP_LOGITS)
        status = keep_logits(run, logits, err);
    return status;
}

const gte__decoder gte__span_decoder = {"extractive-qa", plan, decode};
