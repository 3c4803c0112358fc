/* Logits of every kind of head against an independent forward pass in float64
 * (tests/golden/make_heads.py) and against the reference logits of trained models; the descriptions
 * of the heads; batch and single; models stored in fewer bits. Every level of kernels: run_all.sh
 * runs this program under each GTE_CPU. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "head_cases.h"
#include "support.h"

#define ORACLE_BOUND 1e-5
/* Of one library against itself, where only the order of sums differs. */
#define SELF_BOUND 1e-5

typedef struct expectation {
    const char *folder;
    gte_head_kind kind;
    int labels, multi_label, crf;
} expectation;

static const expectation expected[] = {
    {HEADS "/cls-single", GTE_HEAD_SEQUENCE, 3, 0, 0},
    {HEADS "/cls-multi", GTE_HEAD_SEQUENCE, 4, 1, 0},
    {HEADS "/rerank", GTE_HEAD_SEQUENCE, 1, 1, 0},
    {HEADS "/rerank-regression", GTE_HEAD_SEQUENCE, 1, 1, 0},
    {HEADS "/ner-bio", GTE_HEAD_TOKEN, 7, 0, 0},
    {HEADS "/ner-bioes", GTE_HEAD_TOKEN, 13, 0, 0},
    {HEADS "/raner", GTE_HEAD_TOKEN, 13, 0, 1},
    {HEADS "/raner-head", GTE_HEAD_TOKEN, 5, 0, 1},
    {HEADS "/qa", GTE_HEAD_SPAN, 2, 0, 0},
};
enum { EXPECTED = sizeof expected / sizeof expected[0] };

static const gte_head *head_of(const gte_model *model)
{
    const gte_head *head = gte_model_head(model);
    CU_ASSERT_PTR_NOT_NULL_FATAL(head);
    return head;
}

static float *logits_for(const head_inputs *inputs)
{
    float *out = calloc(inputs->rows * inputs->columns + 1, sizeof *out);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    return out;
}

/* ---- what a head says of itself -------------------------------------------------------------- */

static void check_description(const gte_head *head, const expectation *e, const json_t *reference)
{
    const json_t *labels = json_object_get(reference, "labels");
    gte_head_info info;
    gte_head_describe(head, &info, sizeof info);
    CU_ASSERT_EQUAL(info.kind, e->kind);
    CU_ASSERT_EQUAL_FATAL(info.labels, e->labels);
    CU_ASSERT_EQUAL(info.multi_label != 0, e->multi_label && e->labels > 1);
    CU_ASSERT_EQUAL(info.crf != 0, e->crf);
    CU_ASSERT_EQUAL(info.of_embedding, 0);
    for (size_t i = 0; i < json_array_size(labels); i++)
        CU_ASSERT_STRING_EQUAL(gte_head_label(head, (int)i),
                               json_string_value(json_array_get(labels, i)));
    CU_ASSERT_PTR_NULL(gte_head_label(head, -1));
    CU_ASSERT_PTR_NULL(gte_head_label(head, info.labels));
}

static void test_descriptions(void)
{
    for (size_t i = 0; i < EXPECTED; i++) {
        json_t *reference = head_reference(expected[i].folder);
        gte_model *model = head_open(expected[i].folder, NULL);
        check_description(head_of(model), &expected[i], reference);
        gte_model_close(&model);
        json_decref(reference);
    }
}

/* SiameseUIE in its layouts: how many layers see text and hint apart. */
static void test_pointers(void)
{
    static const struct {
        const char *folder;
        int lower;
    } models[] = {{HEADS "/uie", 2}, {HEADS "/uie-bert", 2}, {HEADS "/uie-twelve", 6}};
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        gte_model *model = head_open(models[i].folder, NULL);
        gte_head_info info;
        gte_head_describe(head_of(model), &info, sizeof info);
        CU_ASSERT_EQUAL(info.kind, GTE_HEAD_POINTER);
        CU_ASSERT_EQUAL(info.labels, 2);
        CU_ASSERT_EQUAL(info.lower_layers, models[i].lower);
        gte_model_close(&model);
    }
}

/* ---- logits ---------------------------------------------------------------------------------- */

static void check_logits(const char *folder)
{
    json_t *reference = head_reference(folder);
    gte_model *model = head_open(folder, NULL);
    gte_context *ctx = head_context(model, 2);
    const gte_head *head = head_of(model);
    head_inputs inputs = head_inputs_of(reference, head);
    float *batch = logits_for(&inputs), *single = logits_for(&inputs);
    size_t at = 0, rows = head_logits(ctx, head, &inputs, 0, inputs.n, batch);
    CU_ASSERT_EQUAL_FATAL(rows, inputs.rows);
    for (size_t i = 0; i < inputs.n; i++)
        at += head_logits(ctx, head, &inputs, i, 1, single + at * inputs.columns);
    CU_ASSERT_EQUAL(at, rows);
    double worst = head_difference(inputs.want, batch, rows * inputs.columns);
    double apart = support_max_difference(batch, single, rows * inputs.columns);
    printf("\n    %s: within %.1e, batch and single within %.1e", folder, worst, apart);
    CU_ASSERT_TRUE(worst <= ORACLE_BOUND);
    CU_ASSERT_TRUE(apart <= SELF_BOUND);
    free(batch);
    free(single);
    head_inputs_free(&inputs);
    gte_context_free(&ctx);
    gte_model_close(&model);
    json_decref(reference);
}

static void test_logits(void)
{
    for (size_t i = 0; i < EXPECTED; i++) check_logits(expected[i].folder);
}

/* A buffer too small is refused before any work; a pointer head has no logits without a hint. */
static void test_refusals(void)
{
    const gte_token tokens[3] = {{2, 0, 0, 0}, {7, 0, 0, 0}, {3, 0, 0, 0}};
    const size_t starts[2] = {0, 3};
    float out[64];
    gte_model *model = head_open(HEADS "/ner-bio", NULL);
    gte_context *ctx = head_context(model, 1);
    CU_ASSERT_EQUAL(
        gte_logits_tokens(ctx, head_of(model), tokens, starts, 1, NULL, out, 3 * 7 - 1, NULL),
        GTE_E_CAPACITY);
    CU_ASSERT_EQUAL(
        gte_logits_tokens(ctx, head_of(model), tokens, starts, 1, NULL, out, 3 * 7, NULL), GTE_OK);
    CU_ASSERT_EQUAL(gte_logits_tokens(ctx, NULL, tokens, starts, 1, NULL, out, 64, NULL),
                    GTE_E_ARGUMENT);
    gte_context_free(&ctx);
    gte_model_close(&model);
    model = head_open(HEADS "/uie-bert", NULL);
    ctx = head_context(model, 1);
    CU_ASSERT_EQUAL(gte_logits_tokens(ctx, head_of(model), tokens, starts, 1, NULL, out, 64, NULL),
                    GTE_E_UNSUPPORTED);
    gte_context_free(&ctx);
    gte_model_close(&model);
}

/* ---- fewer bits ------------------------------------------------------------------------------ */

static size_t best_of(const float *row, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (row[i] > row[best]) best = i;
    return best;
}

/* Share of rows whose highest logit is of the same label. */
static double agreement(const float *a, const float *b, size_t rows, size_t columns)
{
    size_t same = 0;
    for (size_t i = 0; i < rows; i++)
        same += best_of(a + i * columns, columns) == best_of(b + i * columns, columns);
    return (double)same / (double)rows;
}

/* Inputs of the first `n` texts of `lines`, cut to the model's limit; without expectations. */
static head_inputs inputs_of_texts(const gte_model *model, const head_texts *texts, size_t n)
{
    enum { LONGEST = 512 };
    head_inputs inputs = {0};
    inputs.tokens = calloc(n * LONGEST, sizeof *inputs.tokens);
    inputs.starts = calloc(n + 1, sizeof *inputs.starts);
    CU_ASSERT_TRUE_FATAL(inputs.tokens && inputs.starts && texts->count >= n);
    for (size_t i = 0; i < n; i++) {
        size_t count = 0;
        CU_ASSERT_EQUAL_FATAL(gte_tokenize(model, texts->texts[i], 0, 0,
                                           inputs.tokens + inputs.starts[i], LONGEST, &count, NULL,
                                           NULL),
                              GTE_OK);
        inputs.starts[i + 1] = inputs.starts[i] + count;
    }
    inputs.n = n;
    return inputs;
}

/* A trained model in `dtype` against itself in f32, on real text. */
static void check_narrow(const char *name, const char *dtype, size_t n)
{
    const char *folder = support_shared(name);
    if (!folder) return;
    char path[1024];
    snprintf(path, sizeof path, "%s", folder);
    const char *weibo = support_shared("text/zh/weiboNER_train.conll");
    if (!weibo) return;
    head_texts texts = head_texts_of_conll(weibo);
    gte_model *exact = head_open(path, NULL), *narrow = head_open(path, dtype);
    gte_context *a = head_context(exact, 2), *b = head_context(narrow, 2);
    head_inputs inputs = inputs_of_texts(exact, &texts, n);
    gte_head_info info;
    gte_head_describe(head_of(exact), &info, sizeof info);
    inputs.columns = (size_t)info.labels;
    inputs.rows = inputs.starts[n];
    float *want = logits_for(&inputs), *got = logits_for(&inputs);
    size_t rows = head_logits(a, head_of(exact), &inputs, 0, n, want);
    head_logits(b, head_of(narrow), &inputs, 0, n, got);
    double share = agreement(want, got, rows, inputs.columns);
    printf("\n    %s %s: %zu labels of %zu texts, %.2f %% agree", name, dtype, rows, n,
           100 * share);
    CU_ASSERT_TRUE(share >= 0.99);
    free(want);
    free(got);
    head_inputs_free(&inputs);
    head_texts_free(&texts);
    gte_context_free(&a);
    gte_context_free(&b);
    gte_model_close(&exact);
    gte_model_close(&narrow);
}

static void test_narrow_labels(void)
{
    check_narrow("models/zh-cls-tiny", "bf16", 1000);
    check_narrow("models/zh-cls-tiny", "int8", 1000);
    check_narrow("models/zh-ner-tiny", "bf16", 500);
    check_narrow("models/zh-ner-tiny", "int8", 500);
}

/* ---- trained models -------------------------------------------------------------------------- */

static void check_trained(const char *name)
{
    const char *folder = support_shared(name);
    if (!folder) return;
    char path[1024];
    snprintf(path, sizeof path, "%s", folder);
    json_t *root = head_reference(path), *reference = json_object();
    json_object_set(reference, "cases", json_object_get(root, "refs"));
    gte_model *model = head_open(path, NULL);
    gte_context *ctx = head_context(model, 1);
    head_inputs inputs = head_inputs_of(reference, head_of(model));
    float *got = logits_for(&inputs);
    size_t rows = head_logits(ctx, head_of(model), &inputs, 0, inputs.n, got);
    double worst = head_difference(inputs.want, got, rows * inputs.columns);
    printf("\n    %s: within %.1e of reference.json", name, worst);
    CU_ASSERT_EQUAL(rows, inputs.rows);
    CU_ASSERT_TRUE(worst <= ORACLE_BOUND);
    free(got);
    head_inputs_free(&inputs);
    gte_context_free(&ctx);
    gte_model_close(&model);
    json_decref(reference);
    json_decref(root);
}

static void test_trained(void)
{
    check_trained("models/zh-cls-tiny");
    check_trained("models/zh-ner-tiny");
}

int main(void)
{
    static const support_case cases[] = {
        {"heads say what they are", test_descriptions},
        {"pointer heads know their layers", test_pointers},
        {"logits against the oracle; batch and single", test_logits},
        {"refusals", test_refusals},
        {"labels of models in fewer bits", test_narrow_labels},
        {"the trained models' references", test_trained},
    };
    return SUPPORT_MAIN("heads", cases);
}
