/* Entities of texts longer than the model reads, and of awkward ones; on logits given. */
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "tag_passage.h"

/* ---- windows --------------------------------------------------------------------------------- */

enum { LONG_K = 5 };
static const char *const long_labels[LONG_K] = {"O", "B-P", "I-P", "B-L", "I-L"};

/* An entity every 23 tokens, 1 to 9 tokens long: of content token i. */
static uint32_t label_at(size_t i)
{
    const size_t place = i % 23, length = 1 + i / 23 % 9, type = i / 23 % 2;
    if (place >= length) return 0;
    return (uint32_t)(1 + 2 * type + (place > 0));
}

/* Every window's logits; nonsense for tokens nearer to a cut than `blind`. */
static float *window_logits(const tag_passage *p, size_t blind)
{
    const gte__window *w = p->result->windows.data;
    const size_t total = p->result->content_count;
    float *logits = calloc(p->result->tokens * LONG_K, sizeof *logits);
    CU_ASSERT_PTR_NOT_NULL_FATAL(logits);
    for (size_t n = 0; n < p->result->window_count; n++, w++)
        for (size_t i = 0; i < w->count; i++) {
            const bool left = w->first && i < blind;
            const bool right = w->first + w->count < total && w->count - i <= blind;
            const uint32_t label = left || right ? (uint32_t)(1 + i % 4) : label_at(w->first + i);
            logits[(w->row + w->prefix + i) * LONG_K + label] = 9.0f;
        }
    return logits;
}

static void check_windows(const gte_model *model, size_t characters, int window, int stride,
                          size_t blind)
{
    static const char hanzi[] = "的一是不了人我在有他这中大来上国";
    tag_passage p = {0};
    static tag_head h;
    gte_error err = {0};
    char *text = malloc(3 * characters);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    for (size_t i = 0; i < characters; i++) memcpy(text + 3 * i, hanzi + i * 7 % 16 * 3, 3);
    tag_name_labels(&h, long_labels, LONG_K, 0);
    p.request.window_tokens = window;
    p.request.stride_tokens = stride;
    p.request.flags = GTE_KEEP_LOGITS;
    const gte_text given = {text, 3 * characters, NULL, 0};
    CU_ASSERT_EQUAL_FATAL(tag_begin(&p, model, &h, given, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(p.result->content_count, characters);
    float *logits = window_logits(&p, blind);
    const gte_result_info info = tag_finish(&p, logits);
    CU_ASSERT_EQUAL(info.logit_rows, characters);
    bool same = info.span_count == (characters + 22) / 23;
    for (size_t i = 0; same && i < info.span_count; i++) {
        const gte_span *s = &info.spans[i];
        const size_t length = 1 + i % 9, end = 23 * i + length;
        same &= s->start == 23 * i && s->end == (end < characters ? end : characters) &&
                s->byte_start == 3 * s->start && s->byte_end == 3 * s->end &&
                strcmp(s->type, i % 2 ? "L" : "P") == 0;
    }
    for (uint32_t i = 0; i < info.logit_rows; i++)
        same &= info.logit_tokens[i].start == i && info.logit_tokens[i].end == i + 1 &&
                info.logits[i * LONG_K + label_at(i)] > 1.0f;
    CU_ASSERT_TRUE(same);
    free(logits);
    free(text);
    tag_end(&p);
}

static void test_windows(void)
{
    gte_model *model = tag_open_model("ner-bio");
    const int longest = (int)model->file.header->max_tokens;
    check_windows(model, 10000, 0, 0, 0);
    check_windows(model, 10000, 0, 0, (size_t)(longest / 4 < 64 ? longest / 8 : 32) - 1);
    /* the cut falls on every token of an entity and between any two */
    for (int window = 40; window < 64 && window <= longest; window++)
        check_windows(model, 1000, window, 16, 7);
    for (size_t characters = (size_t)longest - 4; characters < (size_t)longest + 8; characters++)
        check_windows(model, characters, 0, 0, 2);
    check_windows(model, 300, 8, 3, 0);
    gte_model_close(&model);
}

/* ---- awkward texts --------------------------------------------------------------------------- */

/* All tokens in one type, each beginning an entity. */
static gte_result_info all_begin(tag_passage *p, const gte_model *model, const tag_head *h,
                                 gte_text text)
{
    gte_error err = {0};
    CU_ASSERT_EQUAL_FATAL(tag_begin(p, model, h, text, &err), GTE_OK);
    float *logits = calloc(p->result->tokens * LONG_K, sizeof *logits);
    CU_ASSERT_PTR_NOT_NULL_FATAL(logits);
    for (size_t i = 0; i < p->result->tokens; i++) logits[i * LONG_K + 1] = 1.0f;
    const gte_result_info info = tag_finish(p, logits);
    free(logits);
    return info;
}

static void test_awkward(void)
{
    static tag_head h;
    tag_passage p = {0};
    gte_error err = {0};
    gte_model *model = tag_open_model("ner-bio");
    char word[2001];
    tag_name_labels(&h, long_labels, LONG_K, 0);
    CU_ASSERT_EQUAL(all_begin(&p, model, &h, gte_text_of("")).span_count, 0);
    CU_ASSERT_EQUAL(all_begin(&p, model, &h, gte_text_of(" \t\n 　")).span_count, 0);
    gte_result_info info =
        all_begin(&p, model, &h, gte_text_of(" \U0001F600 \U0001F468‍\U0001F469 "));
    for (size_t i = 0; i < info.span_count; i++)
        CU_ASSERT_TRUE(info.spans[i].end > info.spans[i].start);
    memset(word, 'a', 2000);
    word[2000] = 0;
    info = all_begin(&p, model, &h, gte_text_of(word));
    CU_ASSERT_EQUAL_FATAL(info.span_count, 1);
    CU_ASSERT_TRUE(info.spans[0].start == 0 && info.spans[0].end == 2000);
    info = all_begin(&p, model, &h, gte_text_of("在 iPhone 15 上，é北京 abc北d"));
    uint32_t at = 0;
    for (size_t i = 0; i < info.span_count; i++) {
        CU_ASSERT_TRUE(info.spans[i].start >= at && info.spans[i].end > info.spans[i].start);
        at = info.spans[i].end;
    }
    CU_ASSERT_TRUE(info.span_count > 5 && at == 23);
    const gte_text broken = {"\xe5\x8c\x97\xff\xe4\xba\xac", 7, NULL, 0};
    CU_ASSERT_EQUAL(tag_begin(&p, model, &h, broken, &err), GTE_E_UTF8);
    p.request.flags = GTE_REPLACE_INVALID;
    info = all_begin(&p, model, &h, broken);
    CU_ASSERT_TRUE_FATAL(info.span_count >= 2);
    CU_ASSERT_TRUE(info.spans[0].end == 1 && info.spans[info.span_count - 1].start == 2 &&
                   info.spans[info.span_count - 1].byte_start == 4);
    p.request.flags = 0;
    const gte_text pair = {"a", 1, "b", 1};
    CU_ASSERT_EQUAL(tag_begin(&p, model, &h, pair, &err), GTE_E_ARGUMENT);
    tag_end(&p);
    gte_model_close(&model);
}

int main(void)
{
    static const support_case cases[] = {
        {"entities across windows", test_windows},
        {"awkward texts", test_awkward},
    };
    return SUPPORT_MAIN("tag windows", cases);
}
