/* Tasks without a head: what an embedding model can honestly say. The label whose text is most like
 * the input; the sentence most like a question, and what it says that the question does not. */
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "kernels/dispatch.h"
#include "tasks/default_labels.h"
#include "tasks/sentences.h"
#include "tasks/tasks.h"

#define TEMPERATURE 0.05f /* GTE models are trained near it (Li et al., 2023: 0.01) */
#define SENTENCES 1024

static gte_status no_memory(gte_error *err)
{
    return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for the texts of a request");
}

/* ---- the texts ------------------------------------------------------------------------------ */

static gte_status take_labels(gte_result *r, gte_error *err)
{
    if (r->own_label_count == 0) {
        const gte__default_labels set = gte__default_labels_of(r->task, r->text.data, r->text.size);
        if (!gte__buffer_reserve(&r->own_labels, set.count, sizeof *set.labels))
            return no_memory(err);
        memcpy(r->own_labels.data, set.labels, set.count * sizeof *set.labels);
        r->own_label_count = set.count;
    }
    const gte_label *labels = r->own_labels.data;
    if (!gte__buffer_reserve(&r->texts, r->own_label_count + 1, sizeof(gte_text)))
        return no_memory(err);
    gte_text *texts = r->texts.data;
    texts[0] = (gte_text){r->text.data, r->text.size, NULL, 0};
    for (size_t i = 0; i < r->own_label_count; i++) texts[i + 1] = gte_text_of(labels[i].text);
    return GTE_OK;
}

static gte_status take_sentences(gte_result *r, size_t most, gte_error *err)
{
    const gte_text text = r->text;
    gte__piece question, context;
    gte_status status = gte__result_sides(r, &question, &context, err);
    if (status != GTE_OK) return status;
    const char *from = text.data + context.begin;
    const size_t size = context.end - context.begin;
    const size_t count = gte__sentences(from, size, NULL, most);
    if (!gte__buffer_reserve(&r->scratch[0], count, sizeof(gte__piece)) ||
        !gte__buffer_reserve(&r->texts, count + 1, sizeof(gte_text)))
        return no_memory(err);
    gte__piece *pieces = r->scratch[0].data;
    gte_text *texts = r->texts.data;
    gte__sentences(from, size, pieces, most);
    texts[0] = (gte_text){text.pair + question.begin, question.end - question.begin, NULL, 0};
    for (size_t i = 0; i < count; i++) {
        pieces[i].begin += context.begin;
        pieces[i].end += context.begin;
        texts[i + 1] =
            (gte_text){text.data + pieces[i].begin, pieces[i].end - pieces[i].begin, NULL, 0};
    }
    r->window_count = count;
    return GTE_OK;
}

static gte_status check_utf8(const gte_result *r, gte_error *err)
{
    size_t at = gte__utf8_invalid(r->text.data, r->text.size);
    bool bad = at != r->text.size;
    if (!bad && r->text.pair) {
        at = gte__utf8_invalid(r->text.pair, r->text.pair_size);
        bad = at != r->text.pair_size;
        if (bad && err) err->part = 1;
    }
    return bad ? gte__fail(err, GTE_E_UTF8, at, "text is not valid UTF-8 at byte %zu", at) : GTE_OK;
}

gte_status gte__likeness_texts(const gte_request *request, gte_result *result,
                               const gte_text **texts, size_t *count, gte_error *err)
{
    const bool qa = request->task == GTE_TASK_QA;
    if (!qa && request->task != GTE_TASK_SENTIMENT && request->task != GTE_TASK_CLASSIFICATION)
        return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                         "the task needs a model trained for it; without one there are sentiment, "
                         "classification and qa");
    gte_status status = gte__result_begin(result, request, qa ? "retrieval" : "zero-shot", err);
    if (status == GTE_OK) status = check_utf8(result, err);
    if (status != GTE_OK) return status;
    const size_t most = request->max_texts > 0 ? (size_t)request->max_texts : SENTENCES;
    status = qa ? take_sentences(result, most, err) : take_labels(result, err);
    if (status != GTE_OK) return status;
    *texts = result->texts.data;
    *count = 1 + (qa ? result->window_count : result->own_label_count);
    result->awaits_vectors = true;
    return gte__ok(err);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static gte_status answer_labels(gte_result *r, const float *const *vectors, size_t dims,
                                gte_error *err)
{
    const gte_label *labels = r->own_labels.data;
    if (!gte__buffer_reserve(&r->scratch[1], r->own_label_count, sizeof(float)))
        return no_memory(err);
    float *scores = r->scratch[1].data;
    for (size_t i = 0; i < r->own_label_count; i++) {
        gte_status status = gte_similarity(vectors[0], 1, vectors[i + 1], 1, dims, &scores[i], err);
        if (status != GTE_OK) return status;
        scores[i] /= TEMPERATURE;
    }
    gte__scores_softmax(scores, r->own_label_count);
    for (size_t i = 0; i < r->own_label_count; i++) {
        gte_status status = gte__result_add_label(r, labels[i].name, scores[i], err);
        if (status != GTE_OK) return status;
    }
    gte__result_sort_labels(r);
    r->window_count = 1;
    return GTE_OK;
}

static gte_status answer_question(gte_result *r, const float *const *vectors, size_t dims,
                                  gte_error *err)
{
    const gte__piece *pieces = r->scratch[0].data;
    size_t best = 0;
    float score = -1.0f;
    for (size_t i = 0; i < r->window_count; i++) {
        float cosine = 0.0f;
        gte_status status = gte_similarity(vectors[0], 1, vectors[i + 1], 1, dims, &cosine, err);
        if (status != GTE_OK) return status;
        if (cosine > score) {
            score = cosine;
            best = i;
        }
    }
    gte__piece answer = pieces[best];
    if (!gte__news(r->text.data, pieces[best], r->text.pair, r->text.pair_size, &r->scratch[1],
                   &answer))
        return no_memory(err);
    r->sentence = pieces[best];
    return gte__result_add_span(r, "", answer.begin, answer.end, score < 0.0f ? 0.0f : score, -1,
                                err);
}

gte_status gte_likeness_answer(gte_result *result, const float *const *vectors, size_t dims,
                               gte_error *err)
{
    if (!result || !vectors || !dims)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "result or vectors is NULL, or dims is 0");
    if (!result->awaits_vectors)
        return gte__fail(err, GTE_E_ARGUMENT, 0,
                         "the result awaits no vectors: gte_likeness_texts comes before");
    result->awaits_vectors = false;
    gte_status status = result->task == GTE_TASK_QA ? answer_question(result, vectors, dims, err)
                                                    : answer_labels(result, vectors, dims, err);
    if (status != GTE_OK) return status;
    gte__result_end(result);
    return gte__ok(err);
}
