/* Questions about odd texts: what is refused, what is cut, and where an answer is found when the
 * logits say it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "handle.h"
#include "span_fixture.h"
#include "support.h"

/* ---- refused, cut --------------------------------------------------------------------------- */

static gte_status refused(span_fixture *f, const gte_request *request, gte_error *err)
{
    *err = (gte_error){0};
    return gte_predict(f->ctx, f->head, request, 1, &f->result, err);
}

static void test_refused(void)
{
    static const char *const empty[] = {"", " \n\t ", "\xe2\x80\x8b\xe2\x80\x8d"};
    span_fixture *f = span_open();
    gte_error err;
    gte_request request = span_ask(NULL, span_place);
    CU_ASSERT_EQUAL(refused(f, &request, &err), GTE_E_ARGUMENT);
    for (size_t i = 0; i < 3; i++) {
        request = span_ask(empty[i], span_place);
        CU_ASSERT_EQUAL(refused(f, &request, &err), GTE_E_ARGUMENT);
    }
    for (size_t i = 0; i < 2; i++) {
        request = span_ask("谁?", empty[i]);
        CU_ASSERT_EQUAL(refused(f, &request, &err), GTE_E_ARGUMENT);
    }
    request = span_ask("\xff?", span_place);
    CU_ASSERT_EQUAL(refused(f, &request, &err), GTE_E_UTF8);
    CU_ASSERT_EQUAL(err.part, 1);
    request = span_ask("谁?", "北\xe4京");
    CU_ASSERT_EQUAL(refused(f, &request, &err), GTE_E_UTF8);
    CU_ASSERT(err.part == 0 && err.offset == 3);
    request = span_ask("谁?", span_place);
    request.window_tokens = 4;
    CU_ASSERT_EQUAL(refused(f, &request, &err), GTE_E_ARGUMENT);
    request.window_tokens = 5;
    CU_ASSERT_EQUAL(refused(f, &request, &err), GTE_OK);
    span_close(f);
}

static void test_long_question(void)
{
    span_fixture *f = span_open();
    char *question = span_repeated("谁", 600);
    gte_error err;
    gte_request request = span_ask(question, "张三在北京大学工作");
    const gte_result_info info = span_answer(f, f->head, &request);
    CU_ASSERT(info.truncated);
    /* half of 64 tokens are the question's, less what the template takes */
    CU_ASSERT_EQUAL(info.tokens, 30 + 9 + 3);
    request.flags = GTE_NO_TRUNCATE;
    CU_ASSERT_EQUAL(refused(f, &request, &err), GTE_E_TOO_LONG);
    CU_ASSERT_EQUAL(err.part, 1);
    free(question);
    request = span_ask("谁?", span_place);
    request.flags = GTE_NO_TRUNCATE;
    CU_ASSERT_EQUAL(refused(f, &request, &err), GTE_E_TOO_LONG);
    span_close(f);
}

/* Nothing to read, although the context is not empty: no answer, and no doubt about it. */
static void test_no_tokens(void)
{
    span_fixture *f = span_open();
    const gte_request request = span_ask("谁?", "\xe2\x80\x8b\xe2\x80\x8b");
    const gte_result_info info = span_answer(f, f->head, &request);
    CU_ASSERT_EQUAL(info.span_count, 0);
    CU_ASSERT_EQUAL(info.null_score, 1.0f);
    span_close(f);
}

static void test_batch(void)
{
    enum { N = 4 };
    span_fixture *f = span_open();
    char *longer = span_repeated(span_place, 4);
    const gte_request requests[N] = {span_ask("谁?", span_place), span_ask("谁?", "好"),
                                     span_ask("第一位校长是谁?", longer),
                                     span_ask("Is OpenAI in New York?", span_place)};
    gte_result *results[N];
    for (size_t i = 0; i < N; i++)
        CU_ASSERT_EQUAL_FATAL(gte_result_create(&results[i], NULL), GTE_OK);
    CU_ASSERT_EQUAL(gte_predict(f->ctx, f->head, requests, N, results, NULL), GTE_OK);
    for (size_t i = 0; i < N; i++) {
        gte_result_info one = span_answer(f, f->head, &requests[i]), many;
        gte_result_describe(results[i], &many, sizeof many);
        CU_ASSERT_EQUAL(one.span_count, many.span_count);
        CU_ASSERT_DOUBLE_EQUAL(one.null_score, many.null_score, 1e-5);
        if (one.span_count && many.span_count) {
            CU_ASSERT_EQUAL(one.spans[0].start, many.spans[0].start);
            CU_ASSERT_EQUAL(one.spans[0].end, many.spans[0].end);
            CU_ASSERT_DOUBLE_EQUAL(one.spans[0].score, many.spans[0].score, 1e-5);
        }
        gte_result_free(&results[i]);
    }
    free(longer);
    span_close(f);
}

/* ---- logits put in by hand ------------------------------------------------------------------ */

/* What the decoder makes of logits that are 0 but for the first and last token of the bytes
 * [begin, end) of the context, in every window that has them, and at [CLS]. */
static gte_result_info decoded(span_fixture *f, const gte_request *request, size_t begin,
                               size_t end, float none)
{
    gte__inputs *in = &f->ctx->inputs;
    gte_result *r = f->result;
    const gte__run run = {&f->model->file, &f->model->tokenizer, f->head, request, r, in};
    gte_result_info info;
    in->count = in->token_count = 0;
    CU_ASSERT_EQUAL_FATAL(gte__result_begin(r, request, "", NULL), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte__span_decoder.plan(&run, NULL), GTE_OK);
    float *logits = calloc(2 * r->tokens, sizeof *logits);
    CU_ASSERT_PTR_NOT_NULL_FATAL(logits);
    const gte__window *windows = r->windows.data;
    const gte_token *content = r->content.data;
    for (size_t w = 0; w < r->window_count; w++) {
        float *rows = logits + 2 * windows[w].row;
        rows[0] = rows[1] = none / 2;
        for (size_t i = 0; i < windows[w].count; i++) {
            float *row = rows + 2 * (windows[w].prefix + i);
            row[0] = content[windows[w].first + i].start == begin ? 5.0f : 0.0f;
            row[1] = content[windows[w].first + i].end == end ? 5.0f : 0.0f;
        }
    }
    CU_ASSERT_EQUAL_FATAL(gte__span_decoder.decode(&run, logits, NULL), GTE_OK);
    gte__result_end(r);
    free(logits);
    gte_result_describe(r, &info, sizeof info);
    return info;
}

static gte_result_info looked_up(span_fixture *f, const gte_request *request, const char *words,
                                 float none)
{
    const char *at = strstr(request->text.data, words);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    const size_t begin = (size_t)(at - request->text.data);
    return decoded(f, request, begin, begin + strlen(words), none);
}

/* 10,000 characters; the answer stands on the first cut, at the end, at the very beginning. */
static void test_ten_thousand(void)
{
    static const char filler[] = "天津泰达在德比战中负于天津天海,教练说球员们都很努力。";
    static const char answer[] = "张三和李四";
    span_fixture *f = span_open();
    const size_t unit = sizeof filler - 1, points = 27;
    for (size_t where = 0; where < 4; where++) {
        /* a window of 64 tokens holds 57 of the context behind this question */
        const size_t before = (const size_t[]){2, 0, 190, 385}[where];
        char *context = span_repeated(filler, 387);
        const size_t at = before * unit + (where ? 0 : 9);
        memcpy(context + at, answer, sizeof answer - 1);
        gte_request request = span_ask("谁?", context);
        request.best = 20;
        const gte_result_info info = looked_up(f, &request, answer, -20.0f);
        CU_ASSERT(info.windows > 10000 / 57 && info.span_count == 20);
        CU_ASSERT_EQUAL(info.spans[0].byte_start, at);
        CU_ASSERT_EQUAL(info.spans[0].byte_end, at + sizeof answer - 1);
        CU_ASSERT_EQUAL(info.spans[0].start, before * points + (where ? 0 : 3));
        CU_ASSERT_EQUAL(info.spans[0].end, info.spans[0].start + 5);
        for (size_t i = 1; i < info.span_count; i++)
            CU_ASSERT(info.spans[i].start != info.spans[0].start ||
                      info.spans[i].end != info.spans[0].end);
        request = span_ask("谁?", context);
        (void)span_answer(f, f->head, &request); /* and all the way through */
        free(context);
    }
    span_close(f);
}

static void test_code_points(void)
{
    span_fixture *f = span_open();
    const gte_request request = span_ask("Is it good?", "😀好😀 Café的 OpenAI😀 魑魅 playing.");
    static const struct {
        const char *words;
        uint32_t start, end;
    } wanted[] = {{"好", 1, 2}, {"Café", 4, 8}, {"😀 Café", 2, 8}, {"魑", 18, 19}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const gte_result_info info = looked_up(f, &request, wanted[i].words, 0.0f);
        CU_ASSERT_EQUAL_FATAL(info.span_count, 1);
        CU_ASSERT_EQUAL(info.spans[0].start, wanted[i].start);
        CU_ASSERT_EQUAL(info.spans[0].end, wanted[i].end);
    }
    span_close(f);
}

/* A part of a word stands for the word. */
static void test_whole_words(void)
{
    span_fixture *f = span_open();
    const gte_request request = span_ask("Is it good?", "the OpenAI playing is unworkable.");
    char json[256];
    size_t size = 0;
    const gte_result_info info = looked_up(f, &request, "play", 0.0f);
    CU_ASSERT_EQUAL_FATAL(info.span_count, 1);
    CU_ASSERT(info.spans[0].start == 11 && info.spans[0].end == 18);
    CU_ASSERT_EQUAL(gte_result_json(f->result, 0, json, sizeof json, &size, NULL), GTE_OK);
    static const char begin[] = "{\"answer\":\"playing\",\"start\":11,\"end\":18,\"score\":0.9";
    CU_ASSERT(size > sizeof begin && memcmp(json, begin, sizeof begin - 1) == 0);
    span_close(f);
}

static void test_no_answer(void)
{
    span_fixture *f = span_open();
    gte_request request = span_ask("谁?", "张三在北京大学工作");
    char json[256];
    size_t size = 0;
    CU_ASSERT_EQUAL(looked_up(f, &request, "张三", 9.0f).span_count, 1);
    const gte_result_info info = looked_up(f, &request, "张三", 11.0f);
    CU_ASSERT_EQUAL(info.span_count, 0);
    CU_ASSERT(info.null_score > 0.7f && info.null_score < 0.74f);
    CU_ASSERT_EQUAL(gte_result_json(f->result, 0, json, sizeof json, &size, NULL), GTE_OK);
    static const char begin[] = "{\"answer\":\"\",\"start\":0,\"end\":0,\"score\":0.7";
    CU_ASSERT(size > sizeof begin && memcmp(json, begin, sizeof begin - 1) == 0);
    request.null_threshold = 1.5f;
    CU_ASSERT_EQUAL(looked_up(f, &request, "张三", 11.0f).span_count, 1);
    request.null_threshold = -1.5f;
    CU_ASSERT_EQUAL(looked_up(f, &request, "张三", 9.0f).span_count, 0);
    /* no longer than what is asked for */
    request = span_ask("谁?", "张三在北京大学工作");
    request.max_answer_tokens = 1;
    const gte_result_info longest = looked_up(f, &request, "张三", -20.0f);
    CU_ASSERT_EQUAL(longest.spans[0].end - longest.spans[0].start, 1);
    span_close(f);
}

int main(void)
{
    static const support_case cases[] = {
        {"refused", test_refused},           {"long question", test_long_question},
        {"no tokens", test_no_tokens},       {"batch", test_batch},
        {"ten thousand", test_ten_thousand}, {"code points", test_code_points},
        {"whole words", test_whole_words},   {"no answer", test_no_answer},
    };
    return SUPPORT_MAIN("span text", cases);
}
