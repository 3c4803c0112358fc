/* The shipped model, models/nano/nano.gte: that it is whole, small, and means something. Figures on
 * held-out text are those of models/nano/evaluate.py. */
#include <string.h>
#include <sys/stat.h>

#include "gte_task.h"
#include "support.h"

#define NANO "models/nano/nano.gte"
#define MOST_BYTES 4000000

static gte_model *model;
static gte_context *ctx;

static void test_whole(void)
{
    gte_model_info info;
    gte_error err;
    struct stat about;
    CU_ASSERT_EQUAL_FATAL(gte_model_open(&model, NANO, NULL, &err), GTE_OK);
    CU_ASSERT_EQUAL(gte_model_verify(model, &err), GTE_OK);
    gte_model_describe(model, &info, sizeof info);
    CU_ASSERT_STRING_EQUAL(info.dtype, "int8");
    CU_ASSERT_EQUAL(stat(NANO, &about), 0);
    CU_ASSERT_TRUE(about.st_size <= MOST_BYTES);
    CU_ASSERT_PTR_NOT_NULL(gte_model_meta(model, "license"));
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, NULL, &err), GTE_OK);
}

static float likeness(const char *a, const char *b)
{
    static float vectors[2][1024];
    const gte_text texts[2] = {gte_text_of(a), gte_text_of(b)};
    gte_model_info info;
    gte_error err;
    float cosine = 0;
    gte_model_describe(model, &info, sizeof info);
    const size_t dims = (size_t)info.hidden_size;
    CU_ASSERT_EQUAL_FATAL(gte_embed(ctx, texts, 2, NULL, vectors[0], 2 * dims, &err), GTE_OK);
    gte_similarity(vectors[0], 1, vectors[0] + dims, 1, dims, &cosine, &err);
    return cosine;
}

/* Sentences of no data set: each is nearer to its paraphrase, in its own language and across, than
 * to the unrelated one, by a clear margin. */
static void test_meaning(void)
{
    static const char *const triples[][3] = {
        {"A man is playing a guitar.", "Someone plays a musical instrument.",
         "The stock market fell sharply today."},
        {"How can I reset my password?", "I forgot my password and need a new one.",
         "The soup needs more salt."},
        {"一个男人在弹吉他。", "有人在演奏乐器。", "今天股市大跌。"},
        {"我忘了登录密码，怎么办？", "怎样重设密码？", "这道菜太咸了。"},
        {"The children are playing in the park.", "孩子们在公园里玩。", "公司发布了年度财务报告。"},
        {"今天天气很好。", "The weather is nice today.", "He repairs old computers."},
    };
    for (size_t i = 0; i < sizeof triples / sizeof *triples; i++) {
        const float near = likeness(triples[i][0], triples[i][1]);
        const float far = likeness(triples[i][0], triples[i][2]);
        CU_ASSERT_TRUE(near > far + 0.15f);
    }
}

/* Characters that the vocabulary lacks are their bytes: their vectors differ. */
static void test_unknown_characters(void)
{
    CU_ASSERT_TRUE(likeness("\xf0\xa0\x80\x80", "\xf0\xa0\x81\x81") < 0.999f);
    CU_ASSERT_TRUE(likeness("\xd0\xbc\xd0\xb8\xd1\x80", "\xd0\xb4\xd0\xbe\xd0\xbc") < 0.999f);
    CU_ASSERT_TRUE(likeness("\xd0\xbc\xd0\xb8\xd1\x80", "\xd0\xbc\xd0\xb8\xd1\x80") > 0.9999f);
}

/* The head beside it is for this very file, and knows questions that it was not trained on. */
static void test_head(void)
{
    static const char *const questions[][2] = {
        {"somebody stole my wallet with the card in it", "lost_or_stolen_card"},
        {"my card just came, how do I activate it?", "activate_my_card"},
        {"I forgot the code I use to open the app", "passcode_forgotten"},
    };
    gte_head *head = NULL;
    gte_result *result = NULL;
    gte_error err;
    CU_ASSERT_EQUAL_FATAL(gte_head_open(&head, model, "models/nano/banking77.gte", &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&result, &err), GTE_OK);
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        gte_request request = GTE_REQUEST_INIT;
        gte_result_info info;
        request.task = GTE_TASK_CLASSIFICATION;
        request.text = gte_text_of(questions[i][0]);
        CU_ASSERT_EQUAL_FATAL(gte_predict(ctx, head, &request, 1, &result, &err), GTE_OK);
        gte_result_describe(result, &info, sizeof info);
        if (strcmp(info.labels[0].name, questions[i][1]) != 0)
            printf("\n    %s: %s", questions[i][0], info.labels[0].name);
        CU_ASSERT_STRING_EQUAL(info.labels[0].name, questions[i][1]);
    }
    gte_result_free(&result);
    gte_head_close(&head);
}

static void close_model(void)
{
    gte_context_free(&ctx);
    gte_model_close(&model);
}

int main(void)
{
    static const support_case cases[] = {
        {"whole and small", test_whole},
        {"paraphrases above unrelated sentences", test_meaning},
        {"unknown characters", test_unknown_characters},
        {"its head", test_head},
        {"close", close_model},
    };
    return SUPPORT_MAIN("nano", cases);
}
