/* From the texts of a request to their vectors. */
#include "server/embed.h"

#include <stdlib.h>
#include <string.h>

#include "server/embed_key.h"
#include "server/errors.h"
#include "server/hold.h"
#include "server/routes.h"
#include "server/service.h"
#include "server/ticket.h"

/* Tokens of a request for states: 16,384 states of 1,024 floats are 64 MB, and 200 MB as JSON. */
#define STATES_MOST 16384

typedef struct server__embed_work {
    server__request *request;
    server__embedding *embedding;
    server__step then;
    gte_cache_key *keys; /* [count] where there is a cache */
    float *vectors;      /* [count, dims]; of GTE_POOLING_NONE [tokens, dims] */
    gte_token *tokens;   /* of what is to be computed, back to back */
    size_t token_count, token_capacity;
    server__item *items; /* [misses] */
    size_t misses;
    server__ticket ticket;
} work;

void server__embedding_free(server__embedding *embedding)
{
    work *w = embedding->work;
    if (!w) return;
    embedding->work = NULL;
    free(w->keys);
    free(w->vectors);
    free(w->tokens);
    free(w->items);
    free(w);
}

/* What is too much to ask is told in the way of each family: OpenAI 400, TEI 422, else 413. */
static int too_much(const server__request *request)
{
    switch (request->route->shape) {
    case SERVER__OPENAI:
        return 400;
    case SERVER__TEI:
        return 422;
    case SERVER__PLAIN:
        break;
    }
    return 413;
}

static bool too_long(server__request *request, const server__embedding *e, size_t index,
                     size_t tokens)
{
    server__fail(request, too_much(request), "context_length_exceeded", e->param,
                 "%s %zu has %zu tokens; this model's maximum context length is %d tokens",
                 e->param, index, tokens, request->choice->model->info.max_tokens);
    return false;
}

static bool reserve(work *w, size_t more)
{
    if (more <= w->token_capacity - w->token_count) return true;
    size_t capacity = w->token_capacity ? w->token_capacity : 256;
    while (capacity - w->token_count < more) capacity *= 2;
    gte_token *tokens = realloc(w->tokens, capacity * sizeof *tokens);
    if (!tokens) return false;
    w->tokens = tokens;
    w->token_capacity = capacity;
    return true;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static bool tokenize_text(work *w, size_t index)
{
    server__embedding *e = w->embedding;
    server__input *input = &e->inputs[index];
    const server__model *model = w->request->choice->model;
    const gte_text text = {input->data, input->size, NULL, 0};
    size_t count, room = (size_t)model->info.max_tokens;
    unsigned flags = e->flags & ~GTE_NO_TRUNCATE;
    int truncated;
    gte_error err;
    if (!reserve(w, room)) return server__fail_memory(w->request);
    gte_status status = gte_tokenize(model->model, text, flags, 0, w->tokens + w->token_count, room,
                                     &count, &truncated, &err);
    if (status != GTE_OK) {
        server__fail(w->request, server__invalid(w->request), "invalid_text", e->param,
                     "%s %zu: %s", e->param, index, err.message);
        return false;
    }
    if (truncated && (e->flags & GTE_NO_TRUNCATE)) {
        status = gte_tokenize(model->model, text, e->flags, 1u << 30, NULL, 0, &count, NULL, NULL);
        return too_long(w->request, e, index, count);
    }
    input->tokens = (uint32_t)count;
    input->truncated = truncated != 0;
    return true;
}

/* Ids as they are where they begin like the template, else between its special tokens. */
static bool take_ids(work *w, size_t index)
{
    server__embedding *e = w->embedding;
    server__input *input = &e->inputs[index];
    const server__model *model = w->request->choice->model;
    bool whole = input->ids[0] == model->first.id;
    size_t most = (size_t)model->info.max_tokens, special = whole ? 0 : 2;
    size_t n = input->id_count < most - special ? input->id_count : most - special;
    if (!reserve(w, n + special)) return server__fail_memory(w->request);
    if (n < input->id_count && (e->flags & GTE_NO_TRUNCATE))
        return too_long(w->request, e, index, input->id_count + special);
    gte_token *out = w->tokens + w->token_count;
    if (!whole) *out++ = model->first;
    for (size_t i = 0; i < n; i++) {
        if (input->ids[i] < 0 || input->ids[i] >= model->info.vocab_size) {
            server__fail(w->request, server__invalid(w->request), "invalid_token", e->param,
                         "%s %zu: token %d is not within 0 .. %d", e->param, index,
                         (int)input->ids[i], model->info.vocab_size - 1);
            return false;
        }
        *out++ = (gte_token){input->ids[i], 0, 0, 0};
    }
    if (!whole) *out++ = model->last;
    if (whole && n < input->id_count) out[-1] = model->last;
    input->tokens = (uint32_t)(n + special);
    input->truncated = n < input->id_count;
    return true;
}

/* Tokens of all inputs; those of misses stay, in order. */
static bool tokenize_all(work *w)
{
    server__embedding *e = w->embedding;
    server__request *request = w->request;
    size_t total = 0, most = (size_t)request->service->limits.max_tokens;
    for (size_t i = 0; i < e->count; i++) {
        server__input *input = &e->inputs[i];
        if (!(input->ids ? take_ids(w, i) : tokenize_text(w, i))) return false;
        if (!input->cached) w->token_count += input->tokens;
        total += input->tokens;
        request->truncated += input->truncated;
        if (total <= most) continue;
        server__fail(request, too_much(request), "too_many_tokens", e->param,
                     "the request has more than %zu tokens (--max-tokens)", most);
        return false;
    }
    request->tokens = total;
    return true;
}

/* ---- the cache ------------------------------------------------------------------------------- */

static void look_up(work *w)
{
    server__embedding *e = w->embedding;
    server__service *service = w->request->service;
    const size_t dims = (size_t)e->options.dims, bytes = dims * sizeof(float);
    size_t size, hits = 0;
    if (e->options.pooling == GTE_POOLING_NONE) return; /* large, and rarely asked for again */
    if (!service->cache || !(w->keys = calloc(e->count ? e->count : 1, sizeof *w->keys))) return;
    for (size_t i = 0; i < e->count; i++) {
        server__embed_key(w->request->choice->model, e, i, &w->keys[i]);
        gte_cache_answer answer =
            gte_cache_get(service->cache, &w->keys[i], w->vectors + i * dims, bytes, &size);
        e->inputs[i].cached = answer == GTE_CACHE_HIT && size == bytes;
        hits += e->inputs[i].cached;
    }
    server__metrics_cache(service->metrics, SERVER__CACHE_HIT, hits);
    server__metrics_cache(service->metrics, SERVER__CACHE_MISS, e->count - hits);
}

/* What was computed; the batcher lets no vector through that is not finite. */
static void store(work *w)
{
    const server__embedding *e = w->embedding;
    for (size_t i = 0; w->keys && i < e->count; i++)
        if (!e->inputs[i].cached)
            gte_cache_put(w->request->service->cache, &w->keys[i], e->inputs[i].vector,
                          (size_t)e->options.dims * sizeof(float));
}

/* ---- the queue ------------------------------------------------------------------------------- */

/* Back on the connection's thread. */
static void after_job(server__request *request)
{
    work *w = server__ticket_owner(request);
    store(w);
    w->then(request);
}

/* One item a miss, in order of the inputs. */
static void fill_items(work *w)
{
    server__embedding *e = w->embedding;
    const gte_token *tokens = w->tokens;
    size_t n = 0;
    for (size_t i = 0; i < e->count; i++) {
        if (e->inputs[i].cached) continue;
        float *out = w->vectors + (e->inputs[i].vector - w->vectors);
        w->items[n++] = (server__item){.tokens = tokens, .count = e->inputs[i].tokens, .out = out};
        tokens += e->inputs[i].tokens;
    }
}

static void submit(work *w)
{
    server__request *request = w->request;
    if (!(w->items = calloc(w->misses, sizeof *w->items))) {
        server__fail_memory(request);
        return;
    }
    fill_items(w);
    w->ticket.request = request;
    w->ticket.then = after_job;
    w->ticket.owner = w;
    w->ticket.job.items = w->items;
    w->ticket.job.count = w->misses;
    w->ticket.job.options = w->embedding->options;
    server__ticket_submit(&w->ticket);
}

static void choose_options(server__embedding *e, const gte_model_info *info)
{
    if (e->options.dims == 0) e->options.dims = info->hidden_size;
    if (e->options.pooling == GTE_POOLING_MODEL) e->options.pooling = info->pooling;
    e->options.no_normalize = e->options.no_normalize != 0;
}

/* Room for the results: a vector an input, or one a token, once the tokens are known. */
static bool place_vectors(work *w)
{
    server__embedding *e = w->embedding;
    const size_t dims = (size_t)e->options.dims;
    const bool states = e->options.pooling == GTE_POOLING_NONE;
    size_t rows = 0;
    if (states && w->token_count > STATES_MOST) {
        server__fail(w->request, too_much(w->request), "too_many_tokens", e->param,
                     "%zu tokens, the states of at most %d are given at once", w->token_count,
                     STATES_MOST);
        return false;
    }
    for (size_t i = 0; i < e->count; i++) rows += states ? e->inputs[i].tokens : 1;
    if (!server__hold(w->request, rows * dims * (sizeof *w->vectors + e->number_size)))
        return false;
    float *at = w->vectors = calloc(rows ? rows * dims : 1, sizeof *w->vectors);
    if (!at) return server__fail_memory(w->request);
    for (size_t i = 0; i < e->count; i++) {
        e->inputs[i].vector = at;
        at += (states ? e->inputs[i].tokens : 1) * dims;
    }
    return true;
}

void server__embed(server__request *request, server__embedding *e, server__step then)
{
    work *w = e->work = calloc(1, sizeof *w);
    if (!w) {
        server__fail_memory(request);
        return;
    }
    choose_options(e, &request->choice->model->info);
    w->request = request;
    w->embedding = e;
    w->then = then;
    request->items = e->count;
    const bool states = e->options.pooling == GTE_POOLING_NONE;
    if (states ? !server__hold_ask(request) : !place_vectors(w)) return;
    look_up(w);
    for (size_t i = 0; i < e->count; i++) w->misses += !e->inputs[i].cached;
    request->cached = e->count - w->misses;
    if (w->misses && server__ticket_refused(request, w->misses)) return;
    if (!tokenize_all(w)) return;
    if (states && !place_vectors(w)) return;
    if (w->misses)
        submit(w);
    else
        then(request);
}
