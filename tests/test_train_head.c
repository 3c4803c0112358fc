/* Heads that the trainer builds, as the library reads them: the same scores, the same path. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gte_task.h"
#include "train/head_build.h"

#define LABELS 5 /* not a whole panel */
#define TEXTS 3
#define MOST_HIDDEN 1024
#define MOST_TOKENS 64

static const char *const texts[TEXTS] = {"he is here", "a line of text, another thing", "one"};

static uint64_t state = 11;
static float uniform(float width)
{
    return width * (float)((double)(support_random(&state) >> 11) / (double)(1ull << 53) - 0.5);
}

typedef struct made {
    gte_model *model;
    gte_context *context;
    gte_model_info info;
    train__label_set labels;
    float *w, *bias, *crf;
    void *bytes;
    size_t size, hidden;
} made;

/* A head of random weights for the stand-in. */
static void make(made *m, const char *const *names, bool token)
{
    memset(m, 0, sizeof *m);
    m->model = support_standin_open();
    gte_model_describe(m->model, &m->info, sizeof m->info);
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&m->context, m->model, NULL, NULL), GTE_OK);
    m->hidden = (size_t)m->info.hidden_size;
    CU_ASSERT_TRUE_FATAL(m->hidden <= MOST_HIDDEN);
    uint32_t number;
    for (size_t i = 0; i < LABELS; i++)
        CU_ASSERT_EQUAL(train__label_add(&m->labels, names[i], strlen(names[i]), &number, NULL),
                        GTE_OK);
    m->w = calloc(LABELS, m->hidden * sizeof *m->w);
    m->bias = calloc(LABELS, sizeof *m->bias);
    m->crf = calloc(LABELS, (LABELS + 2) * sizeof *m->crf);
    for (size_t i = 0; i < LABELS * m->hidden; i++) m->w[i] = uniform(1);
    for (size_t i = 0; i < LABELS; i++) m->bias[i] = uniform(1);
    for (size_t i = 0; i < LABELS * (LABELS + 2); i++) m->crf[i] = uniform(2);
    const char *const meta[] = {"name", "a test", "examples", "3", NULL};
    const train__head head = {.kind = token ? GTE_HEAD_TOKEN : GTE_HEAD_SEQUENCE,
                              .tasks = GTE_TASK_BIT(token ? GTE_TASK_NER : GTE_TASK_CLASSIFICATION),
                              .hidden = m->hidden,
                              .labels = &m->labels,
                              .w = m->w,
                              .bias = m->bias,
                              .crf = token ? m->crf : NULL,
                              .encoder = m->info.sha256,
                              .meta = meta};
    CU_ASSERT_EQUAL_FATAL(train__head_build(&head, &m->bytes, &m->size, NULL), GTE_OK);
}

static void discard(made *m)
{
    gte_context_free(&m->context);
    gte_model_close(&m->model);
    train__label_set_free(&m->labels);
    free(m->w);
    free(m->bias);
    free(m->crf);
    free(m->bytes);
}

static float score(const made *m, size_t label, const float *x)
{
    double sum = (double)m->bias[label];
    for (size_t i = 0; i < m->hidden; i++)
        sum += (double)m->w[label * m->hidden + i] * (double)x[i];
    return (float)sum;
}

static void text_scores(void)
{
    static const char *const names[LABELS] = {"a", "b", "\xe6\xad\xa3", "d", "a longer name"};
    made m;
    gte_head *head;
    gte_head_info info;
    gte_result *result;
    gte_result_info answer;
    static float x[MOST_HIDDEN];
    make(&m, names, false);
    CU_ASSERT_EQUAL_FATAL(gte_head_open_memory(&head, m.model, m.bytes, m.size, NULL), GTE_OK);
    gte_head_describe(head, &info, sizeof info);
    CU_ASSERT_STRING_EQUAL(info.name, "a test");
    CU_ASSERT_EQUAL(info.labels, LABELS);
    CU_ASSERT_TRUE(info.of_embedding && !info.multi_label && !info.crf);
    CU_ASSERT_STRING_EQUAL(gte_head_label(head, 2), names[2]);
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&result, NULL), GTE_OK);
    for (size_t i = 0; i < TEXTS; i++) {
        const gte_text text = gte_text_of(texts[i]);
        gte_request request = GTE_REQUEST_INIT;
        request.task = GTE_TASK_CLASSIFICATION;
        request.text = text;
        request.flags = GTE_KEEP_LOGITS;
        CU_ASSERT_EQUAL(gte_embed(m.context, &text, 1, NULL, x, MOST_HIDDEN, NULL), GTE_OK);
        CU_ASSERT_EQUAL_FATAL(gte_predict(m.context, head, &request, 1, &result, NULL), GTE_OK);
        gte_result_describe(result, &answer, sizeof answer);
        CU_ASSERT_EQUAL_FATAL(answer.logit_columns, LABELS);
        for (size_t j = 0; j < LABELS; j++)
            CU_ASSERT_DOUBLE_EQUAL(answer.logits[j], score(&m, j, x), 2e-6);
    }
    gte_result_free(&result);
    gte_head_close(&head);
    discard(&m);
}

static void word_scores(void)
{
    static const char *const names[LABELS] = {"O", "B-PER", "I-PER", "B-LOC", "I-LOC"};
    made m;
    gte_head *head;
    gte_token tokens[MOST_TOKENS];
    size_t starts[2] = {0, 0};
    gte_embed_options options = GTE_EMBED_OPTIONS_INIT;
    static float x[MOST_TOKENS * MOST_HIDDEN], logits[MOST_TOKENS * LABELS];
    make(&m, names, true);
    CU_ASSERT_EQUAL_FATAL(gte_head_open_memory(&head, m.model, m.bytes, m.size, NULL), GTE_OK);
    options.pooling = GTE_POOLING_NONE;
    for (size_t i = 0; i < TEXTS; i++) {
        CU_ASSERT_EQUAL_FATAL(gte_tokenize(m.model, gte_text_of(texts[i]), 0, 0, tokens,
                                           MOST_TOKENS, &starts[1], NULL, NULL),
                              GTE_OK);
        CU_ASSERT_EQUAL(gte_embed_tokens(m.context, tokens, starts, 1, &options, x,
                                         MOST_TOKENS * MOST_HIDDEN, NULL),
                        GTE_OK);
        CU_ASSERT_EQUAL(gte_logits_tokens(m.context, head, tokens, starts, 1, NULL, logits,
                                          MOST_TOKENS * LABELS, NULL),
                        GTE_OK);
        for (size_t t = 0; t < starts[1]; t++)
            for (size_t j = 0; j < LABELS; j++)
                CU_ASSERT_DOUBLE_EQUAL(logits[t * LABELS + j], score(&m, j, x + t * m.hidden),
                                       1e-4);
    }
    gte_head_close(&head);
    discard(&m);
}

static void refused(void)
{
    static const char *const names[LABELS] = {"a", "b", "c", "d", "e"};
    made m;
    gte_head *head;
    gte_error err;
    make(&m, names, false);
    uint8_t *bytes = m.bytes;
    bytes[m.size - 1] ^= 1; /* padding counts, too */
    CU_ASSERT_EQUAL(gte_head_open_memory(&head, m.model, bytes, m.size, &err), GTE_E_CHECKSUM);
    bytes[m.size - 1] ^= 1;
    CU_ASSERT_EQUAL(gte_head_open_memory(&head, m.model, bytes, m.size - 64, &err), GTE_E_FORMAT);
    m.info.sha256[5] = m.info.sha256[5] == '0' ? '1' : '0';
    const train__head other = {.kind = GTE_HEAD_SEQUENCE,
                               .tasks = GTE_TASK_BIT(GTE_TASK_SENTIMENT),
                               .hidden = m.hidden,
                               .labels = &m.labels,
                               .w = m.w,
                               .bias = m.bias,
                               .encoder = m.info.sha256};
    free(m.bytes);
    CU_ASSERT_EQUAL_FATAL(train__head_build(&other, &m.bytes, &m.size, &err), GTE_OK);
    CU_ASSERT_EQUAL(gte_head_open_memory(&head, m.model, m.bytes, m.size, &err), GTE_E_ARGUMENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "another model"));
    discard(&m);
}

int main(void)
{
    static const support_case cases[] = {
        {"a head of texts: the library's scores are the trainer's", text_scores},
        {"a head of words: the library's scores are the trainer's", word_scores},
        {"a damaged head, and another model's", refused},
    };
    return SUPPORT_MAIN("train: heads", cases);
}
