/* Heads of a whole text or pair (BertForSequenceClassification, and gte train's linear ones).
 *
 * A text longer than the model reads goes through in windows that overlap no more than a word's
 * beginning, unless the request says so; its logits are the mean of the windows', each weighed by
 * its tokens. A pair is cut as HuggingFace cuts it. One
 * label alone is a score: sigmoid(logit), as cross-encoders give it, or of a regression the
 * logit. */
#include <string.h>

#include "tasks/tasks.h"

static gte_status plan_pair(const gte__run *run, gte_error *err)
{
    gte_result *r = run->result;
    const size_t most = run->model->header->max_tokens;
    const unsigned flags =
        run->request->flags & (GTE_SPECIAL_AS_TEXT | GTE_REPLACE_INVALID | GTE_NO_TRUNCATE);
    size_t count;
    int truncated = 0;
    if (!gte__buffer_reserve(&r->content, most, sizeof(gte_token)))
        return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for the text's tokens");
    gte_status status = gte__tokenize(run->tokenizer, r->text, flags, most, r->content.data, most,
                                      &count, &truncated, err);
    if (status == GTE_OK) status = gte__inputs_begin(run->inputs, err);
    if (status == GTE_OK) status = gte__inputs_add(run->inputs, r->content.data, count, err);
    if (status != GTE_OK) return status;
    r->truncated = truncated;
    r->tokens = r->content_count = count;
    r->window_count = 1;
    return GTE_OK;
}

static gte_status plan(const gte__run *run, gte_error *err)
{
    const gte_token first = {(int32_t)run->tokenizer->header->cls_id, 0, 0, 0};
    size_t window = SIZE_MAX, stride = 0;
    if (run->result->text.pair) return plan_pair(run, err);
    gte__windows_sizes(run, &window, &stride);
    gte_status status = gte__run_tokenize(run, err);
    if (status != GTE_OK) return status;
    return gte__windows_plan(run, &first, 1, window, stride, 0, err);
}

/* The windows' logits as one row, in scratch[0]. */
static const float *join_windows(const gte__run *run, const float *logits)
{
    gte_result *r = run->result;
    const size_t k = run->head->header->labels;
    const gte__window *windows = r->windows.data;
    if (!gte__buffer_reserve(&r->scratch[0], k, sizeof(float))) return NULL;
    float *row = r->scratch[0].data;
    if (r->window_count == 1) return memcpy(row, logits, k * sizeof *row);
    size_t total = 0; /* tokens that windows share count in each */
    for (size_t w = 0; w < r->window_count; w++) total += windows[w].count;
    memset(row, 0, k * sizeof *row);
    for (size_t w = 0; w < r->window_count; w++) {
        const float share = (float)windows[w].count / (float)total;
        for (size_t j = 0; j < k; j++) row[j] += share * logits[w * k + j];
    }
    return row;
}

static gte_status decode(const gte__run *run, const float *logits, gte_error *err)
{
    gte_result *r = run->result;
    const size_t k = run->head->header->labels;
    const float *row = join_windows(run, logits);
    if (!row) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for logits");
    gte_status status = GTE_OK;
    if (run->request->flags & GTE_KEEP_LOGITS)
        status = gte__result_keep_logits(r, row, 1, k, NULL, err);
    if (run->head->header->reads == GTE__HEAD_READS_VECTOR) r->engine = "linear";
    float *scores = r->scratch[0].data;
    const uint32_t flags = run->head->header->flags;
    if (flags & GTE__HEAD_RAW)
        ; /* the logits are the scores */
    else if (k == 1 || flags & GTE__HEAD_MULTI_LABEL)
        for (size_t j = 0; j < k; j++) scores[j] = gte__scores_sigmoid(scores[j]);
    else
        gte__scores_softmax(scores, k);
    for (size_t j = 0; j < k && status == GTE_OK; j++)
        status = gte__result_add_label(r, run->head->labels[j], scores[j], err);
    gte__result_sort_labels(r);
    return status;
}

const gte__decoder gte__classify_decoder = {"classifier", plan, decode};
