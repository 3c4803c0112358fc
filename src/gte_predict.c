/* The public API of gte_task.h, predict side: requests to inputs, inputs through the encoder and
 * the head, logits to results. What is particular to a task is in tasks/. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "handle.h"

#define BEST_MOST 20
#define NUMBERS_MOST 65535 /* of tokens or texts that a request may ask for */

static gte_status no_memory(gte_error *err)
{
    return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for the inputs of a task");
}

/* ---- what goes with what -------------------------------------------------------------------- */

/* NULL: a POINTER head, which needs the encoder between its steps. */
static const gte__decoder *decoder_of(const gte_head *head)
{
    switch (head->header->kind) {
    case GTE__HEAD_SEQUENCE:
        return &gte__classify_decoder;
    case GTE__HEAD_TOKEN:
        return &gte__tag_decoder;
    case GTE__HEAD_SPAN:
        return &gte__span_decoder;
    default:
        return NULL;
    }
}

static unsigned tasks_of_kind(uint32_t kind)
{
    static const unsigned labels =
        GTE_TASK_BIT(GTE_TASK_SENTIMENT) | GTE_TASK_BIT(GTE_TASK_CLASSIFICATION);
    static const unsigned schema = GTE_TASK_BIT(GTE_TASK_NER) | GTE_TASK_BIT(GTE_TASK_RELATION) |
                                   GTE_TASK_BIT(GTE_TASK_EVENT) | GTE_TASK_BIT(GTE_TASK_SENTIMENT);
    switch (kind) {
    case GTE__HEAD_SEQUENCE:
        return labels;
    case GTE__HEAD_TOKEN:
        return GTE_TASK_BIT(GTE_TASK_NER);
    case GTE__HEAD_SPAN:
        return GTE_TASK_BIT(GTE_TASK_QA);
    default:
        return schema;
    }
}

/* What to load for a task. */
static const char *needed_for(gte_task task)
{
    switch (task) {
    case GTE_TASK_NER:
        return "a token classifier (BertForTokenClassification, RaNER) or SiameseUIE";
    case GTE_TASK_QA:
        return "a BertForQuestionAnswering";
    case GTE_TASK_RELATION:
    case GTE_TASK_EVENT:
        return "a SiameseUIE";
    default:
        return "a BertForSequenceClassification, or a head of gte train";
    }
}

gte_status gte_predict_check(const gte_model *model, const gte_head *head, gte_task task,
                             gte_error *err)
{
    static const unsigned without = GTE_TASK_BIT(GTE_TASK_SENTIMENT) |
                                    GTE_TASK_BIT(GTE_TASK_CLASSIFICATION) |
                                    GTE_TASK_BIT(GTE_TASK_QA);
    const char *name = gte_task_name(task);
    if (!model) return gte__fail(err, GTE_E_ARGUMENT, 0, "model is NULL");
    if (!name) return gte__fail(err, GTE_E_ARGUMENT, 0, "unknown task %d", (int)task);
    const unsigned can = head ? tasks_of_kind(head->header->kind) : without;
    if (!(can & GTE_TASK_BIT(task)))
        return gte__fail(err, GTE_E_UNSUPPORTED, 0, "%s cannot do %s: convert and load %s",
                         head ? "this head" : "an embedding model", name, needed_for(task));
    return gte__ok(err);
}

static gte_status check_request(const gte_request *r, gte_error *err)
{
    const unsigned known =
        GTE_SPECIAL_AS_TEXT | GTE_REPLACE_INVALID | GTE_NO_TRUNCATE | GTE_KEEP_LOGITS;
    const int numbers[] = {r->max_texts, r->max_answer_tokens, r->window_tokens, r->stride_tokens};
    if (r->flags & ~known)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "flags 0x%x are not for gte_predict", r->flags);
    if ((unsigned)r->aggregation > GTE_AGGREGATION_MAX)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "unknown aggregation %d", (int)r->aggregation);
    if (r->best < 0 || r->best > BEST_MOST)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "best is %d, which is not within 0 .. %d", r->best,
                         BEST_MOST);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i] < 0 || numbers[i] > NUMBERS_MOST)
            return gte__fail(err, GTE_E_ARGUMENT, 0,
                             "a number of tokens or texts is %d, which is not within 0 .. %d",
                             numbers[i], NUMBERS_MOST);
    if (!isfinite(r->null_threshold))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "null_threshold is not a number");
    return GTE_OK;
}

/* A caller's request as this library's version of the struct. */
static gte_status read_request(gte_request *own, const gte_request *given, gte_error *err)
{
    const gte_request standard = GTE_REQUEST_INIT;
    *own = standard;
    gte_status status = GTE__READ_OPTIONS(gte_request, *own, given, err);
    return status == GTE_OK ? check_request(own, err) : status;
}

/* ---- with a head ---------------------------------------------------------------------------- */

static gte__run run_of(const gte_context *ctx, const gte_head *head, const gte_request *request,
                       gte_result *result, gte__inputs *inputs)
{
    return (gte__run){.model = &ctx->model->file,
                      .tokenizer = &ctx->model->tokenizer,
                      .head = head,
                      .request = request,
                      .result = result,
                      .inputs = inputs};
}

/* Requests that share passes, for their `progress`. */
typedef struct sharers {
    const gte_request *requests;
    size_t n;
} sharers;

/* Passes go on as long as one of those who share them wants what comes of it. */
static int all_stop(void *arg, size_t done)
{
    const sharers *s = arg;
    for (size_t i = 0; i < s->n; i++) {
        const gte_request *r = &s->requests[i];
        if (!r->progress || !r->progress(r->progress_arg, done)) return 0;
    }
    return 1;
}

/* Logits of all inputs, in ctx->logits. */
static gte_status run_inputs(gte_context *ctx, const gte_head *head, sharers *of, gte_error *err)
{
    const gte__inputs *in = &ctx->inputs;
    gte_embed_options options = GTE_EMBED_OPTIONS_INIT;
    options.progress = all_stop;
    options.progress_arg = of;
    const size_t rows = head->header->kind == GTE__HEAD_SEQUENCE ? in->count : in->token_count;
    size_t cells;
    if (!gte__mul(rows, head->header->labels, &cells) ||
        !gte__buffer_reserve(&ctx->logits, cells + 1, sizeof(float)))
        return no_memory(err);
    if (all_stop(of, 0)) return gte__fail(err, GTE_E_CANCELLED, 0, "stopped by the caller");
    gte_status status = gte__context_run(ctx, head, in->tokens.data, in->starts.data, in->count,
                                         &options, ctx->logits.data, cells, err);
    const float *logits = ctx->logits.data;
    for (size_t i = 0; i < cells && status == GTE_OK; i++)
        if (!isfinite(logits[i]))
            status = gte__fail(err, GTE_E_FORMAT, 0,
                               "the model gave a logit that is not finite: see gte verify");
    return status;
}

/* A step of the caller's, over so many tokens. */
static void trace_step(const gte_context *ctx, gte_trace_operation operation)
{
    const gte_trace_span span = {
        .operation = operation, .layer = -1, .rows = (uint32_t)ctx->inputs.token_count};
    if (ctx->encoder.trace) gte__trace_lap(ctx->encoder.trace, 0, span);
}

/* Requests that go through the encoder together. */
static gte_status predict_together(gte_context *ctx, const gte_head *head,
                                   const gte_request *requests, size_t n,
                                   gte_result *const *results, size_t *at, gte_error *err)
{
    const gte__decoder *decoder = decoder_of(head);
    gte__inputs *in = &ctx->inputs;
    gte_status status = GTE_OK;
    in->count = in->token_count = 0;
    if (ctx->encoder.trace) gte__trace_mark(ctx->encoder.trace, 0);
    for (*at = 0; *at < n && status == GTE_OK; ++*at) {
        const gte__run run = run_of(ctx, head, &requests[*at], results[*at], in);
        status = gte__result_begin(run.result, run.request, decoder->engine, err);
        if (status == GTE_OK) status = decoder->plan(&run, err);
        if (status != GTE_OK) return status;
    }
    trace_step(ctx, GTE_TRACE_TOKENIZE);
    if (n) status = run_inputs(ctx, head, &(sharers){requests, n}, err);
    const float *logits = ctx->logits.data;
    for (*at = 0; *at < n && status == GTE_OK; ++*at) {
        gte__run run = run_of(ctx, head, &requests[*at], results[*at], in);
        const size_t rows = head->header->kind == GTE__HEAD_SEQUENCE ? run.result->window_count
                                                                     : run.result->tokens;
        status = decoder->decode(&run, logits, err);
        if (status != GTE_OK) return status;
        gte__result_end(run.result);
        logits += rows * head->header->labels;
    }
    if (status == GTE_OK) trace_step(ctx, GTE_TRACE_DECODE);
    return status;
}

/* Each by itself: a text's hints fill the encoder. */
static gte_status predict_pointers(gte_context *ctx, const gte_head *head,
                                   const gte_request *requests, size_t n,
                                   gte_result *const *results, size_t *at, gte_error *err)
{
    for (*at = 0; *at < n; ++*at) {
        const gte__run run = run_of(ctx, head, &requests[*at], results[*at], &ctx->inputs);
        gte_status status = gte__result_begin(run.result, run.request, "siamese-uie", err);
        if (status == GTE_OK) status = gte__extract(&run, &ctx->extraction, &ctx->encoder, err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}

/* ---- without one ---------------------------------------------------------------------------- */

static gte_status embed_texts(gte_context *ctx, const gte_request *request, const gte_text *texts,
                              size_t count, gte_result *result, gte_error *err)
{
    const size_t hidden = ctx->model->file.header->hidden_size;
    const gte_embed_options options = {
        .struct_size = sizeof options,
        .flags = request->flags & (GTE_SPECIAL_AS_TEXT | GTE_REPLACE_INVALID | GTE_NO_TRUNCATE)};
    size_t cells;
    int truncated = 0;
    if (!gte__mul(count, hidden, &cells) ||
        !gte__buffer_reserve(&ctx->logits, cells, sizeof(float)) ||
        !gte__buffer_reserve(&ctx->rows, count, sizeof(float *)))
        return no_memory(err);
    float *vectors = ctx->logits.data;
    const float **rows = ctx->rows.data;
    for (size_t i = 0; i < count; i++) rows[i] = vectors + i * hidden;
    /* its own text's number of tokens; labels and sentences are what they are */
    gte_status status = gte_tokenize(ctx->model, texts[0], options.flags & ~GTE_NO_TRUNCATE, 0,
                                     NULL, 0, &result->tokens, &truncated, err);
    if (status == GTE_OK || status == GTE_E_CAPACITY)
        status = gte_embed(ctx, texts, count, &options, vectors, cells, err);
    if (status == GTE_OK) status = gte_likeness_answer(result, rows, hidden, err);
    result->truncated = truncated;
    return status;
}

static gte_status predict_likeness(gte_context *ctx, const gte_request *request, gte_result *result,
                                   gte_error *err)
{
    const gte_text *texts;
    size_t count;
    gte_status status = gte__likeness_texts(request, result, &texts, &count, err);
    if (status != GTE_OK) return status;
    return embed_texts(ctx, request, texts, count, result, err);
}

gte_status gte_likeness_texts(const gte_request *request, gte_result *result,
                              const gte_text **texts, size_t *count, gte_error *err)
{
    gte_request own;
    if (!request || !result || !texts || !count)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "request, result, texts or count is NULL");
    gte_status status = read_request(&own, request, err);
    return status == GTE_OK ? gte__likeness_texts(&own, result, texts, count, err) : status;
}

/* ---- predict -------------------------------------------------------------------------------- */

/* All requests, as an array of this library's. */
static gte_status read_requests(gte_context *ctx, const gte_head *head, const gte_request *requests,
                                size_t n, gte_result *const *results, size_t *at, gte_error *err)
{
    const size_t size = n ? requests[0].struct_size : 0;
    if (!gte__buffer_reserve(&ctx->requests, n + 1, sizeof *requests)) return no_memory(err);
    gte_request *own = ctx->requests.data;
    for (*at = 0; *at < n; ++*at) {
        const gte_request *given =
            (const gte_request *)(const void *)((const char *)requests + *at * size);
        if (!results[*at]) return gte__fail(err, GTE_E_ARGUMENT, 0, "a result is NULL");
        gte_status status = read_request(&own[*at], given, err);
        if (status == GTE_OK && given->struct_size != size)
            status = gte__fail(err, GTE_E_ARGUMENT, 0, "requests of different struct_size");
        if (status == GTE_OK) status = gte_predict_check(ctx->model, head, own[*at].task, err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}

gte_status gte_predict(gte_context *ctx, const gte_head *head, const gte_request *requests,
                       size_t n, gte_result *const *results, gte_error *err)
{
    size_t at = 0;
    if (!ctx || (n && (!requests || !results)))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "ctx, requests or results is NULL");
    if (head && head->model != &ctx->model->file)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "the head belongs to another model");
    gte__trace *trace = head ? ctx->encoder.trace : NULL; /* without one it is gte_embed's call */
    const int64_t begin = trace ? gte__trace_now() : 0;
    gte_status status = read_requests(ctx, head, requests, n, results, &at, err);
    const gte_request *own = ctx->requests.data;
    if (status == GTE_OK && head && decoder_of(head))
        status = predict_together(ctx, head, own, n, results, &at, err);
    else if (status == GTE_OK && head)
        status = predict_pointers(ctx, head, own, n, results, &at, err);
    else if (status == GTE_OK)
        for (at = 0; at < n; at++) {
            status = predict_likeness(ctx, &own[at], results[at], err);
            if (status != GTE_OK) break;
        }
    if (trace) gte__trace_enclose(trace, GTE_TRACE_CALL, begin, (uint32_t)n);
    if (status == GTE_OK) return gte__ok(err);
    if (err) err->index = at < n ? at : 0;
    return status;
}
