/* gte_embed_tokens: the vectors of inputs that are tokens, and the states of the tokens. On the
 * stand-in model. */
#include <stdlib.h>
#include <string.h>

#include "support.h"

static gte_model *model;
static gte_context *ctx;
static size_t dims;

static void open_standin(void)
{
    gte_model_info info;
    model = support_standin_open();
    gte_model_describe(model, &info, sizeof info);
    dims = (size_t)info.hidden_size;
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, NULL, NULL), GTE_OK);
}

/* What is tokens already has the vectors of its texts; what is not is refused. */
static void test_embed_tokens(void)
{
    const gte_text texts[2] = {gte_text_of("hello world"), {"a cat", 5, "a dog", 5}};
    const size_t wrong_starts[3] = {2, 1, 2};
    gte_token tokens[64];
    size_t starts[3] = {0}, counts;
    float *a = calloc(4 * dims, sizeof *a), *b = a ? a + 2 * dims : NULL;
    gte_error err;
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(
            gte_tokenize(model, texts[i], 0, 0, tokens + starts[i], 32, &counts, NULL, NULL),
            GTE_OK);
        starts[i + 1] = starts[i] + counts;
    }
    CU_ASSERT_EQUAL(gte_embed(ctx, texts, 2, NULL, a, 2 * dims, &err), GTE_OK);
    CU_ASSERT_EQUAL(gte_embed_tokens(ctx, tokens, starts, 2, NULL, b, 2 * dims, &err), GTE_OK);
    CU_ASSERT_EQUAL(support_max_difference(a, b, 2 * dims), 0.0);

    CU_ASSERT_EQUAL(gte_embed_tokens(ctx, tokens, starts, 2, NULL, b, 2 * dims - 1, NULL),
                    GTE_E_CAPACITY);
    CU_ASSERT_EQUAL(gte_embed_tokens(ctx, NULL, starts, 2, NULL, b, 2 * dims, NULL),
                    GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte_embed_tokens(ctx, tokens, wrong_starts, 2, NULL, b, 2 * dims, NULL),
                    GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte_embed_tokens(ctx, tokens, (size_t[]){0, 3, 3}, 2, NULL, b, 2 * dims, &err),
                    GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(err.index, 1);
    tokens[starts[1] + 2].id = 1 << 30;
    CU_ASSERT_EQUAL(gte_embed_tokens(ctx, tokens, starts, 2, NULL, b, 2 * dims, &err),
                    GTE_E_ARGUMENT);
    CU_ASSERT_TRUE(err.index == 1 && err.offset == 2);
    tokens[starts[1] + 2] = (gte_token){5, 2, 0, 0};
    CU_ASSERT_EQUAL(gte_embed_tokens(ctx, tokens, starts, 2, NULL, b, 2 * dims, NULL),
                    GTE_E_ARGUMENT);
    gte_token *many = calloc(129, sizeof *many);
    CU_ASSERT_PTR_NOT_NULL_FATAL(many);
    CU_ASSERT_EQUAL(gte_embed_tokens(ctx, many, (size_t[]){0, 129}, 1, NULL, b, dims, NULL),
                    GTE_E_TOO_LONG);
    free(many);
    free(a);
}

/* The states of all tokens, in order; their mean is the mean pooling's vector before its norm. */
static void test_token_states(void)
{
    const gte_text texts[2] = {gte_text_of("hello world and more"), gte_text_of("a cat")};
    gte_embed_options plain = GTE_EMBED_OPTIONS_INIT, states = GTE_EMBED_OPTIONS_INIT;
    gte_token tokens[64];
    size_t starts[3] = {0}, count;
    plain.pooling = GTE_POOLING_MEAN;
    plain.no_normalize = 1;
    states.pooling = GTE_POOLING_NONE;
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(
            gte_tokenize(model, texts[i], 0, 0, tokens + starts[i], 32, &count, NULL, NULL),
            GTE_OK);
        starts[i + 1] = starts[i] + count;
    }
    float *all = calloc((starts[2] + 3) * dims, sizeof *all);
    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    float *pooled = all + starts[2] * dims, *mean = pooled + 2 * dims;
    CU_ASSERT_EQUAL(gte_embed_tokens(ctx, tokens, starts, 2, &plain, pooled, 2 * dims, NULL),
                    GTE_OK);
    CU_ASSERT_EQUAL(gte_embed_tokens(ctx, tokens, starts, 2, &states, all, starts[2] * dims, NULL),
                    GTE_OK);
    for (size_t i = 0; i < 2; i++) {
        memset(mean, 0, dims * sizeof *mean);
        for (size_t t = starts[i]; t < starts[i + 1]; t++)
            for (size_t d = 0; d < dims; d++)
                mean[d] += all[t * dims + d] / (float)(starts[i + 1] - starts[i]);
        CU_ASSERT_TRUE(support_max_difference(mean, pooled + i * dims, dims) <= 1e-5);
    }
    CU_ASSERT_EQUAL(
        gte_embed_tokens(ctx, tokens, starts, 2, &states, all, starts[2] * dims - 1, NULL),
        GTE_E_CAPACITY);
    CU_ASSERT_EQUAL(gte_embed(ctx, texts, 2, &states, all, starts[2] * dims, NULL), GTE_E_ARGUMENT);
    free(all);
}

static void close_standin(void)
{
    gte_context_free(&ctx);
    gte_model_close(&model);
}

int main(void)
{
    static const support_case cases[] = {
        {"open the stand-in", open_standin}, /* the cases below use it */
        {"tokens instead of texts", test_embed_tokens},
        {"states of tokens", test_token_states},
        {"close", close_standin},
    };
    return SUPPORT_MAIN("embed tokens", cases);
}
