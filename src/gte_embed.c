/* The public API of gte.h, context side: gather texts into ragged batches, encode, pool.
 *
 * A batch takes texts in order until the next one does not fit; since nothing is padded, order and
 * mix of lengths cost nothing. Nothing here allocates after gte_context_create. */
#include <stdlib.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "handle.h"

#define DEFAULT_BATCH_TOKENS 1024
#define MOST_BATCH_TOKENS (1 << 20)
#define MOST_THREADS 1024

static int default_threads(void)
{
    int threads = gte__cpu_threads();
    return threads < MOST_THREADS ? threads : MOST_THREADS;
}

static gte_status allocate(gte_context *ctx, const gte_context_options *options,
                           size_t batch_tokens, gte_error *err)
{
    const int threads = options->threads ? options->threads : default_threads();
    gte_status status = gte__encoder_create(&ctx->encoder, &ctx->model->file, options->backend,
                                            threads, batch_tokens, err);
    if (status != GTE_OK) return status;
    gte__plan plan = {0};
    size_t at_tokens = gte__plan_add(&plan, batch_tokens, sizeof *ctx->tokens);
    size_t at_starts = gte__plan_add(&plan, batch_tokens + 1, sizeof *ctx->starts);
    char *block = plan.bad ? NULL : gte__block_alloc(plan.total);
    if (!block) return gte__fail(err, GTE_E_MEMORY, 0, "no memory for %zu tokens", batch_tokens);
    ctx->block = block;
    ctx->tokens = (gte_token *)(void *)(block + at_tokens);
    ctx->starts = (size_t *)(void *)(block + at_starts);
    return GTE_OK;
}

gte_status gte_context_create(gte_context **out, const gte_model *model,
                              const gte_context_options *options, gte_error *err)
{
    if (!out) return gte__fail(err, GTE_E_ARGUMENT, 0, "out is NULL");
    *out = NULL;
    if (!model) return gte__fail(err, GTE_E_ARGUMENT, 0, "model is NULL");
    gte_context_options known = GTE_CONTEXT_OPTIONS_INIT;
    gte_status status = GTE__READ_OPTIONS(gte_context_options, known, options, err);
    if (status != GTE_OK) return status;
    if (known.threads < 0 || known.threads > MOST_THREADS)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "threads is %d, which is not within 0 .. %d",
                         known.threads, MOST_THREADS);
    if (known.batch_tokens < 0 || known.batch_tokens > MOST_BATCH_TOKENS)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "batch_tokens is %d, which is not within 0 .. %d",
                         known.batch_tokens, MOST_BATCH_TOKENS);
    size_t batch_tokens = known.batch_tokens ? (size_t)known.batch_tokens : DEFAULT_BATCH_TOKENS;
    size_t longest = model->file.header->max_tokens;
    if (batch_tokens < longest) batch_tokens = longest;

    gte_context *ctx = calloc(1, sizeof *ctx);
    if (!ctx) return gte__fail(err, GTE_E_MEMORY, 0, "no memory for a context");
    ctx->model = model;
    status = allocate(ctx, &known, batch_tokens, err);
    if (status != GTE_OK) {
        gte_context_free(&ctx);
        return status;
    }
    *out = ctx;
    return gte__ok(err);
}

void gte_context_free(gte_context **ctx)
{
    if (!ctx || !*ctx) return;
    gte__encoder_free(&(*ctx)->encoder);
    free((*ctx)->block);
    free((*ctx)->trace);
    gte__buffer_free(&(*ctx)->inputs.tokens);
    gte__buffer_free(&(*ctx)->inputs.starts);
    gte__buffer_free(&(*ctx)->logits);
    gte__buffer_free(&(*ctx)->rows);
    gte__buffer_free(&(*ctx)->requests);
    gte__extraction_free(&(*ctx)->extraction);
    free(*ctx);
    *ctx = NULL;
}

void gte_context_describe(const gte_context *ctx, gte_context_info *out, size_t size)
{
    if (!ctx) return;
    const gte_context_info info = {
        .threads = gte__team_threads(ctx->encoder.team),
        .batch_tokens = (int)ctx->encoder.max_batch_tokens,
        .workspace_size = ctx->encoder.workspace_size,
        .backend = ctx->encoder.backend->name,
    };
    gte__describe(out, size, &info, sizeof info);
}

/* ---- embed --------------------------------------------------------------------------------- */

/* What a call embeds: texts, or when that is NULL tokens: input i is starts[i] .. starts[i + 1];
 * and what reads the states, where it is not pooling. */
typedef struct inputs {
    const gte_text *texts;
    const gte_token *tokens;
    const size_t *starts;
    const gte_head *head;
} inputs;

static gte_status check_options(const gte_context *ctx, const inputs *in, size_t n,
                                gte_embed_options *o, size_t capacity, gte_error *err)
{
    const gte__file_header *h = ctx->model->file.header;
    size_t needed, rows = n;
    if (in->head) { /* gte_logits_tokens reads neither */
        o->dims = 0;
        o->pooling = GTE_POOLING_MODEL;
    }
    if (o->dims < 0 || (uint32_t)o->dims > h->hidden_size)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "dims is %d, the model's vectors have %u", o->dims,
                         h->hidden_size);
    if (o->dims == 0) o->dims = (int)h->hidden_size;
    if (o->pooling == GTE_POOLING_MODEL)
        o->pooling = h->pooling == GTE__POOL_CLS ? GTE_POOLING_CLS : GTE_POOLING_MEAN;
    if (o->pooling == GTE_POOLING_NONE && in->texts)
        return gte__fail(err, GTE_E_ARGUMENT, 0,
                         "GTE_POOLING_NONE is for gte_embed_tokens, whose caller knows how many");
    if (in->head) o->dims = (int)in->head->header->labels;
    if (in->head ? in->head->header->kind != GTE__HEAD_SEQUENCE : o->pooling == GTE_POOLING_NONE)
        rows = n ? in->starts[n] - in->starts[0] : 0;
    else if (o->pooling != GTE_POOLING_MEAN && o->pooling != GTE_POOLING_CLS)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "unknown pooling %d", (int)o->pooling);
    if (o->flags & ~(GTE_SPECIAL_AS_TEXT | GTE_REPLACE_INVALID | GTE_NO_TRUNCATE))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "flags 0x%x are not for gte_embed", o->flags);
    if (!gte__mul(rows, (size_t)o->dims, &needed) || needed > capacity)
        return gte__fail(err, GTE_E_CAPACITY, 0,
                         "out holds %zu floats, %zu vectors of %d need more", capacity, rows,
                         o->dims);
    return GTE_OK;
}

static gte_status at_text(gte_error *err, size_t index, gte_status status)
{
    if (err) err->index = index;
    return status;
}

/* The tokens of one input into `out`; GTE_E_CAPACITY when they are more than `room`. */
static gte_status take_text(const gte_context *ctx, gte_text text, unsigned flags, gte_token *out,
                            size_t room, size_t *count, gte_error *err)
{
    size_t longest = ctx->model->file.header->max_tokens;
    int truncated;
    gte_status status = gte__tokenize(&ctx->model->tokenizer, text, flags & ~GTE_NO_TRUNCATE,
                                      longest, out, room, count, &truncated, err);
    if (status == GTE_OK && truncated && (flags & GTE_NO_TRUNCATE))
        return gte__fail(err, GTE_E_TOO_LONG, 0, "the text has more than the model's %zu tokens",
                         longest);
    return status;
}

static gte_status take_tokens(const gte_context *ctx, const gte_token *tokens, size_t n,
                              gte_token *out, size_t room, size_t *count, gte_error *err)
{
    const gte__file_header *h = ctx->model->file.header;
    if (n == 0) return gte__fail(err, GTE_E_ARGUMENT, 0, "an input has no tokens");
    if (n > h->max_tokens)
        return gte__fail(err, GTE_E_TOO_LONG, 0, "%zu tokens, the model reads %u", n,
                         h->max_tokens);
    if (n > room) return gte__fail(err, GTE_E_CAPACITY, 0, "the batch is full");
    for (size_t i = 0; i < n; i++) {
        if (tokens[i].id < 0 || (uint32_t)tokens[i].id >= h->vocab_size)
            return gte__fail(err, GTE_E_ARGUMENT, i, "token %d is not within 0 .. %u", tokens[i].id,
                             h->vocab_size - 1);
        if (tokens[i].type != 0 && tokens[i].type != 1)
            return gte__fail(err, GTE_E_ARGUMENT, i, "token type %d is not 0 or 1", tokens[i].type);
        out[i] = tokens[i];
    }
    *count = n;
    return GTE_OK;
}

/* Appends inputs from `first` on to the batch until one does not fit. GTE_OK with none added
 * cannot happen: an empty batch has room for the longest input. */
static gte_status gather(gte_context *ctx, const inputs *in, size_t first, size_t n,
                         const gte_embed_options *o, gte__batch *batch, gte_error *err)
{
    size_t room = ctx->encoder.max_batch_tokens, used = 0;
    *batch = (gte__batch){.tokens = ctx->tokens, .starts = ctx->starts};
    ctx->starts[0] = 0;
    for (size_t i = first; i < n && used < room; i++) {
        size_t count;
        gte_token *out = ctx->tokens + used;
        gte_status status =
            in->texts
                ? take_text(ctx, in->texts[i], o->flags, out, room - used, &count, err)
                : take_tokens(ctx, in->tokens + in->starts[i], in->starts[i + 1] - in->starts[i],
                              out, room - used, &count, err);
        if (status == GTE_E_CAPACITY && batch->texts) return GTE_OK;
        if (status != GTE_OK) return at_text(err, i, status);
        if (o->token_counts) o->token_counts[i] = (uint32_t)count;
        used += count;
        ctx->starts[++batch->texts] = used;
    }
    return GTE_OK;
}

/* A pair's second text has type 1; a model with one row of types gives it the only one. */
static void clamp_types(gte_context *ctx, const gte__batch *batch)
{
    if (ctx->model->file.header->type_vocab_size > 1) return;
    for (size_t i = 0; i < batch->starts[batch->texts]; i++) ctx->tokens[i].type = 0;
}

/* `texts` is NULL where the inputs are tokens. */
static void trace_tokenize(gte__trace *trace, const gte__batch *batch, const gte_text *texts)
{
    gte_trace_span span = {.operation = GTE_TRACE_TOKENIZE,
                           .layer = -1,
                           .rows = (uint32_t)batch->starts[batch->texts]};
    for (size_t i = 0; texts && i < batch->texts; i++)
        span.bytes += texts[i].size + (texts[i].pair ? texts[i].pair_size : 0);
    span.bytes += span.rows * sizeof(gte_token);
    gte__trace_lap(trace, 0, span);
}

static gte_status embed(gte_context *ctx, const inputs *in, size_t n,
                        const gte_embed_options *options, float *out, size_t capacity,
                        gte_error *err)
{
    gte_embed_options o = GTE_EMBED_OPTIONS_INIT;
    gte_status status = GTE__READ_OPTIONS(gte_embed_options, o, options, err);
    if (status == GTE_OK) status = check_options(ctx, in, n, &o, capacity, err);
    if (status != GTE_OK) return status;

    gte__trace *trace = ctx->encoder.trace;
    const int64_t begin = trace ? gte__trace_now() : 0;
    gte__pool_options pool = {o.pooling, (size_t)o.dims, !o.no_normalize};
    for (size_t done = 0; done < n;) {
        gte__batch batch;
        if (trace) gte__trace_mark(trace, 0);
        status = gather(ctx, in, done, n, &o, &batch, err);
        if (status != GTE_OK) break;
        clamp_types(ctx, &batch);
        if (trace) trace_tokenize(trace, &batch, in->texts ? in->texts + done : NULL);
        gte__encoder_forward(&ctx->encoder, &batch);
        if (trace) gte__trace_mark(trace, 0);
        const size_t vectors = in->head ? gte__head_logits(in->head, &ctx->encoder, &batch, out)
                                        : gte__encoder_pool(&ctx->encoder, &batch, &pool, out);
        if (trace && in->head)
            gte__trace_lap(trace, 0,
                           (gte_trace_span){.operation = GTE_TRACE_HEAD,
                                            .layer = -1,
                                            .rows = (uint32_t)vectors});
        out += vectors * pool.dims;
        done += batch.texts;
        if (o.progress && o.progress(o.progress_arg, done) && done < n) {
            status = gte__fail(err, GTE_E_CANCELLED, 0, "stopped by the caller");
            at_text(err, done, status);
            break;
        }
    }
    /* with a head this is a part of gte_predict's call */
    if (trace && !in->head) gte__trace_enclose(trace, GTE_TRACE_CALL, begin, (uint32_t)n);
    return status == GTE_OK ? gte__ok(err) : status;
}

gte_status gte_embed(gte_context *ctx, const gte_text *texts, size_t n,
                     const gte_embed_options *options, float *out, size_t capacity, gte_error *err)
{
    if (!ctx || (n && (!texts || !out)))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "ctx, texts or out is NULL");
    const inputs in = {texts, NULL, NULL, NULL};
    return embed(ctx, &in, n, options, out, capacity, err);
}

gte_status gte__context_run(gte_context *ctx, const gte_head *head, const gte_token *tokens,
                            const size_t *starts, size_t n, const gte_embed_options *options,
                            float *out, size_t capacity, gte_error *err)
{
    if (!ctx || (n && (!tokens || !starts || !out)))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "ctx, tokens, starts or out is NULL");
    for (size_t i = 0; i < n; i++)
        if (starts[i] > starts[i + 1])
            return at_text(err, i, gte__fail(err, GTE_E_ARGUMENT, 0, "starts must not fall"));
    const inputs in = {NULL, tokens, starts, head};
    return embed(ctx, &in, n, options, out, capacity, err);
}

gte_status gte_embed_tokens(gte_context *ctx, const gte_token *tokens, const size_t *starts,
                            size_t n, const gte_embed_options *options, float *out, size_t capacity,
                            gte_error *err)
{
    return gte__context_run(ctx, NULL, tokens, starts, n, options, out, capacity, err);
}
