/* Question answering without a trained head: "context|question". The sentence of the context whose
 * vector is most like the question's holds the answer; of it, the answer is the longest run of
 * words that the question does not hold already. A retrieval, and the result says so. */
#include <stdlib.h>
#include <string.h>

#include "server/errors.h"
#include "server/predict.h"
#include "server/service.h"
#include "server/spans.h"

typedef struct answer {
    const char *context, *question;
    size_t context_size, question_size;
    server__span sentences[]; /* of the context, in bytes */
} answer;

/* The last bar, "|" or U+FF5C: contexts may hold some. Its size in *size; NULL without one. */
static const char *last_bar(const char *text, size_t text_size, size_t *size)
{
    static const char wide[] = "\xef\xbd\x9c";
    for (const char *p = text + text_size; p > text; p--) {
        if (p[-1] == '|') {
            *size = 1;
            return p - 1;
        }
        if (p - text >= 3 && memcmp(p - 3, wide, 3) == 0) {
            *size = 3;
            return p - 3;
        }
    }
    return NULL;
}

bool server__answer_prepare(server__request *request, server__predict *predict)
{
    const size_t most = (size_t)request->service->limits.max_items - 1;
    size_t bar_size = 0;
    const char *bar = last_bar(predict->text, predict->size, &bar_size);
    const char *end = predict->text + predict->size;
    server__span context = {0, bar ? (size_t)(bar - predict->text) : 0};
    server__span question = {context.end + bar_size, (size_t)(end - predict->text)};
    context = server__trim(predict->text, context);
    question = server__trim(predict->text, question);
    if (!bar || context.begin == context.end || question.begin == question.end) {
        server__fail(request, 400, "bad_question", "input_text",
                     "for qa 'input_text' is 'context|question', neither of them empty");
        return false;
    }
    const char *text = predict->text + context.begin;
    const size_t size = context.end - context.begin;
    const size_t count = server__sentences(text, size, NULL, most);
    answer *own = predict->own = malloc(sizeof *own + count * sizeof *own->sentences);
    predict->inputs = calloc(count + 1, sizeof *predict->inputs);
    if (!own || !predict->inputs) return server__fail_memory(request);
    own->context = text;
    own->context_size = size;
    own->question = predict->text + question.begin;
    own->question_size = question.end - question.begin;
    server__sentences(text, size, own->sentences, most);
    predict->inputs[0].data = own->question;
    predict->inputs[0].size = own->question_size;
    for (size_t i = 0; i < count; i++) {
        predict->inputs[i + 1].data = text + own->sentences[i].begin;
        predict->inputs[i + 1].size = own->sentences[i].end - own->sentences[i].begin;
    }
    predict->embedding.count = count + 1;
    return true;
}

/* Code points of the context before byte `at`, counted from the start of input_text. */
static size_t code_points(const char *text, const char *at)
{
    size_t n = 0;
    for (; text < at; text++) n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

bool server__answer_write(server__request *request, server__predict *predict, server__text *out)
{
    const answer *own = predict->own;
    const server__embedding *e = &predict->embedding;
    size_t best = 0;
    float score = -1.0f;
    for (size_t i = 0; i + 1 < e->count; i++) {
        float cosine = 0.0f;
        gte_similarity(e->inputs[0].vector, 1, e->inputs[i + 1].vector, 1, (size_t)e->options.dims,
                       &cosine, NULL);
        if (cosine > score) {
            score = cosine;
            best = i;
        }
    }
    const server__span sentence = own->sentences[best];
    server__span span = sentence;
    if (!server__news(own->context, sentence, own->question, own->question_size, &span))
        return server__fail_memory(request);
    const char *from = own->context + span.begin, *to = own->context + span.end;
    server__text_string(out, "{\"answer\":");
    server__json_string(out, from, span.end - span.begin);
    server__text_printf(out,
                        ",\"start\":%zu,\"end\":%zu,\"score\":", code_points(predict->text, from),
                        code_points(predict->text, to));
    server__json_float(out, score < 0.0f ? 0.0f : score);
    server__text_string(out, ",\"sentence\":");
    server__json_string(out, own->context + sentence.begin, sentence.end - sentence.begin);
    server__text_string(out, ",\"engine\":\"retrieval\"}");
    return true;
}
