/* From requests to a head to its results. */
#include "server/infer.h"

#include <stdlib.h>

#include "server/errors.h"
#include "server/hold.h"
#include "server/query_key.h"
#include "server/routes.h"
#include "server/service.h"
#include "server/ticket.h"

#define BYTES_A_TOKEN 256 /* of a prediction: tokens, logits, spans */

void server__inference_free(server__inference *inference)
{
    for (size_t i = 0; inference->items && i < inference->count; i++)
        server__prediction_drop(&inference->items[i].prediction);
    free(inference->items);
    free(inference->ticket);
    inference->items = NULL;
    inference->ticket = NULL;
}

/* All texts within what one request may have. */
static bool fits(server__request *request, const server__inference *inference)
{
    const size_t most = (size_t)request->service->limits.max_tokens;
    size_t tokens = 0;
    for (size_t i = 0; i < inference->count; i++)
        tokens += server__tokens_about(&inference->queries[i].text);
    request->items = inference->count;
    if (tokens <= most) return server__hold(request, tokens * BYTES_A_TOKEN);
    server__fail(request, request->route->shape == SERVER__TEI ? 422 : 413, "too_many_tokens",
                 inference->param, "about %zu tokens, a request may have %zu (--max-tokens)",
                 tokens, most);
    return false;
}

static bool make_items(server__request *request, server__inference *inference)
{
    inference->items = calloc(inference->count, sizeof *inference->items);
    inference->ticket = calloc(1, sizeof *inference->ticket);
    if (!inference->items || !inference->ticket) return server__fail_memory(request);
    for (size_t i = 0; i < inference->count; i++) {
        const gte_request *query = &inference->queries[i];
        server__item *item = &inference->items[i];
        gte_cache_key key;
        if (server__query_key(request->choice, query, "", &key))
            item->prediction = server__prediction_create(request->choice->head, query, &key);
        if (!item->prediction) return server__fail_memory(request);
        item->count = item->prediction->tokens;
    }
    return true;
}

/* What it took, for the log and the metrics; then the caller's step. */
static void after_job(server__request *request)
{
    const server__inference *inference = server__ticket_owner(request);
    for (size_t i = 0; i < inference->count; i++) {
        const server__prediction *p = inference->items[i].prediction;
        gte_result_info info = {0};
        if (p->err.status != GTE_OK) continue;
        gte_result_describe(p->result, &info, sizeof info);
        request->tokens += info.tokens;
        request->truncated += info.truncated != 0;
    }
    inference->then(request);
}

void server__infer(server__request *request, server__inference *inference, server__step then)
{
    if (!fits(request, inference) || server__ticket_refused(request, inference->count) ||
        !make_items(request, inference))
        return;
    server__ticket *ticket = inference->ticket;
    ticket->request = request;
    ticket->then = after_job;
    ticket->owner = inference;
    ticket->job.items = inference->items;
    ticket->job.count = inference->count;
    inference->then = then;
    server__ticket_submit(ticket);
}

const gte_result *server__inferred(server__request *request, const server__inference *inference,
                                   size_t i)
{
    const server__prediction *p = inference->items[i].prediction;
    if (p->err.status == GTE_OK) return p->result;
    server__infer_fail(request, inference->param, &p->err);
    return NULL;
}

void server__infer_fail(server__request *request, const char *param, const gte_error *err)
{
    const bool tei = request->route->shape == SERVER__TEI;
    switch (err->status) {
    case GTE_E_ARGUMENT:
        server__fail(request, 422, "bad_request", param, "%s", err->message);
        return;
    case GTE_E_UTF8:
        server__fail(request, 400, "invalid_text", param, "%s", err->message);
        return;
    case GTE_E_TOO_LONG:
        server__fail(request, tei ? 422 : 413, "context_length_exceeded", param, "%s",
                     err->message);
        return;
    case GTE_E_UNSUPPORTED:
        server__fail(request, 503, "no_model", NULL, "no model loaded for this task: %s",
                     err->message);
        return;
    case GTE_E_MEMORY:
        server__fail_memory(request);
        return;
    default:
        server__fail(request, 500, "prediction_failed", NULL, "%s", err->message);
    }
}
