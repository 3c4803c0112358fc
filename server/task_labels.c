/* Classification and sentiment without a trained head: the label whose text is most like the input.
 * score = softmax(cosine / temperature) over the labels, as CLIP (Radford et al., 2021) reads
 * likenesses out; the temperature is fixed, so scores rank labels and are no calibrated chances. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "server/errors.h"
#include "server/json_in.h"
#include "server/label_sets.h"
#include "server/predict.h"
#include "server/service.h"

#define TEMPERATURE 0.05f /* the one that GTE models are trained near (Li et al., 2023: 0.01) */

bool server__is_chinese(const char *text, size_t size)
{
    size_t wide = 0, letters = 0;
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        wide += c >= 0xE3 && c <= 0xE9; /* lead bytes of U+3000 .. U+9FFF */
        letters += (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    }
    return 3 * wide > letters; /* a word of English has some four to five letters */
}

/* Room for the text and `count` labels. */
static bool reserve(server__request *request, server__predict *predict, size_t count)
{
    predict->inputs = calloc(count + 1, sizeof *predict->inputs);
    predict->labels = calloc(count, sizeof *predict->labels);
    if (!predict->inputs || !predict->labels) return server__fail_memory(request);
    predict->label_count = count;
    predict->embedding.count = count + 1;
    predict->inputs[0].data = predict->text;
    predict->inputs[0].size = predict->size;
    return true;
}

static void set_label(server__predict *predict, size_t i, const char *name, const char *text,
                      size_t size)
{
    predict->labels[i] = name;
    predict->inputs[i + 1].data = text;
    predict->inputs[i + 1].size = size;
}

/* The request's own labels. */
static bool take_labels(server__request *request, server__predict *predict, const json_t *labels)
{
    const size_t count = json_array_size(labels);
    if (!json_is_array(labels) || count == 0 || count > SERVER__LABELS_MOST) {
        server__fail(request, 422, "bad_labels", "labels",
                     "'labels' must be a list of 1 to %d strings", SERVER__LABELS_MOST);
        return false;
    }
    if (!reserve(request, predict, count)) return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *label = json_array_get(labels, i);
        if (!json_is_string(label) || json_string_length(label) == 0) {
            server__fail(request, 422, "bad_labels", "labels",
                         "'labels' must hold strings that are not empty");
            return false;
        }
        for (size_t j = 0; j < i; j++)
            if (strcmp(predict->labels[j], json_string_value(label)) == 0) {
                server__fail(request, 422, "bad_labels", "labels",
                             "'labels' holds one label twice");
                return false;
            }
        set_label(predict, i, json_string_value(label), json_string_value(label),
                  json_string_length(label));
    }
    return true;
}

static bool prepare(server__request *request, server__predict *predict, server__label_task task)
{
    const json_t *labels = json_object_get(predict->json, "labels");
    if (labels && !json_is_null(labels)) return take_labels(request, predict, labels);
    predict->label_sets = server__labels_hold(request->service->labels);
    const server__label_set set = server__label_sets_of(
        predict->label_sets, task, server__is_chinese(predict->text, predict->size));
    if (!reserve(request, predict, set.count)) return false;
    for (size_t i = 0; i < set.count; i++)
        set_label(predict, i, set.labels[i].name, set.labels[i].text, strlen(set.labels[i].text));
    return true;
}

bool server__classification_prepare(server__request *request, server__predict *predict)
{
    return prepare(request, predict, SERVER__CLASSIFICATION);
}

bool server__sentiment_prepare(server__request *request, server__predict *predict)
{
    return prepare(request, predict, SERVER__SENTIMENT);
}

typedef struct scored {
    size_t label;
    float score;
} scored;

static int by_score(const void *a, const void *b)
{
    const scored *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    return (x->label > y->label) - (x->label < y->label);
}

/* Labels from the likeliest on, in predict->own; NULL when answered. */
static const scored *rank(server__request *request, server__predict *predict)
{
    const size_t n = predict->label_count, dims = (size_t)predict->embedding.options.dims;
    scored *order = predict->own = malloc(n * sizeof *order);
    if (!order) {
        server__fail_memory(request);
        return NULL;
    }
    float best = -1.0f, sum = 0.0f;
    for (size_t i = 0; i < n; i++) {
        order[i].label = i;
        gte_similarity(predict->inputs[0].vector, 1, predict->inputs[i + 1].vector, 1, dims,
                       &order[i].score, NULL);
        best = fmaxf(best, order[i].score);
    }
    for (size_t i = 0; i < n; i++)
        sum += order[i].score = expf((order[i].score - best) / TEMPERATURE);
    for (size_t i = 0; i < n; i++) order[i].score /= sum;
    qsort(order, n, sizeof *order, by_score);
    return order;
}

static void write_best(server__text *out, const server__predict *predict, const scored *order)
{
    server__text_string(out, "{\"label\":");
    server__json_c_string(out, predict->labels[order[0].label]);
    server__text_string(out, ",\"score\":");
    server__json_float(out, order[0].score);
}

bool server__classification_write(server__request *request, server__predict *predict,
                                  server__text *out)
{
    const scored *order = rank(request, predict);
    if (!order) return false;
    write_best(out, predict, order);
    for (size_t i = 0; i < predict->label_count; i++) {
        server__text_string(out, i ? "," : ",\"labels\":[");
        server__json_c_string(out, predict->labels[order[i].label]);
    }
    for (size_t i = 0; i < predict->label_count; i++) {
        server__text_string(out, i ? "," : "],\"scores\":[");
        server__json_float(out, order[i].score);
    }
    server__text_string(out, "],\"engine\":\"zero-shot\"}");
    return true;
}

bool server__sentiment_write(server__request *request, server__predict *predict, server__text *out)
{
    const scored *order = rank(request, predict);
    if (!order) return false;
    write_best(out, predict, order);
    for (size_t i = 0; i < predict->label_count; i++) {
        server__text_string(out, i ? "," : ",\"scores\":{");
        server__json_c_string(out, predict->labels[order[i].label]);
        server__text_string(out, ":");
        server__json_float(out, order[i].score);
    }
    server__text_string(out, "},\"aspects\":[],\"engine\":\"zero-shot\"}");
    return true;
}
