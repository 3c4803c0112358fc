/* Predictions of one head, together. The library fails a whole call for one bad request: that one
 * is answered alone and the others go again, twice at most; then each goes by itself, so that
 * however many are bad, what it costs stays in proportion to how many there are. Those of pointer
 * heads share no passes: they go by themselves at once, so that no work is done twice. */
#include "server/batcher_own.h"
#include "server/prediction.h"

/* Whether the error is of the request that err->index names, and of no other. */
static bool is_of_one(gte_status status)
{
    return status == GTE_E_ARGUMENT || status == GTE_E_TOO_LONG || status == GTE_E_UTF8 ||
           status == GTE_E_UNSUPPORTED || status == GTE_E_CANCELLED;
}

/* Between the passes of an extraction. */
static int is_unwanted(void *prediction, size_t done)
{
    (void)done;
    return atomic_load(&((server__prediction *)prediction)->unwanted);
}

static void leave_out(server__worker *w, size_t at, size_t n)
{
    for (size_t i = at; i + 1 < n; i++) {
        w->requests[i] = w->requests[i + 1];
        w->results[i] = w->results[i + 1];
        w->predictions[i] = w->predictions[i + 1];
    }
}

static gte_status predict(server__worker *w, size_t from, size_t n, gte_error *err)
{
    return gte_predict(w->context, w->predictions[from]->head, w->requests + from, n,
                       w->results + from, err);
}

void server__worker_predict(server__worker *w, size_t n)
{
    gte_error err = {0};
    gte_head_info head = {.kind = GTE_HEAD_SEQUENCE};
    for (size_t i = 0; i < n; i++) {
        w->predictions[i] = w->batch[i]->prediction;
        w->predictions[i]->err = (gte_error){0};
        w->requests[i] = w->predictions[i]->request;
        w->requests[i].progress = is_unwanted;
        w->requests[i].progress_arg = w->predictions[i];
        w->results[i] = w->predictions[i]->result;
    }
    if (w->predictions[0]->head) gte_head_describe(w->predictions[0]->head, &head, sizeof head);
    for (int again = 0; again < 2 && n > 1 && head.kind != GTE_HEAD_POINTER; again++) {
        const gte_status status = predict(w, 0, n, &err);
        if (status == GTE_OK) return;
        if (!is_of_one(status) || err.index >= n) break;
        w->predictions[err.index]->err = err;
        leave_out(w, err.index, n--);
    }
    for (size_t i = 0; i < n; i++)
        if (predict(w, i, 1, &err) != GTE_OK) w->predictions[i]->err = err;
}
