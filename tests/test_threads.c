/* One model, eight contexts on eight threads at the same time, some with threads of their own: the
 * vectors equal those of one thread. Its worth shows under ThreadSanitizer (make test-tsan). */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

enum { THREADS = 8, ROUNDS = 3, TEXTS = 6, MAX_DIMS = 1024 };

static const char *const sentences[TEXTS] = {
    "the cat sleeps in the garden",
    "a dog runs on the street",
    "今天天气很好",
    "",
    "stock markets fell again today, said the bank",
    "music",
};

static gte_model *model;
static float expected[TEXTS * MAX_DIMS];
static size_t dims;

typedef struct worker {
    pthread_t thread;
    int threads; /* of its context */
    double worst;
    int failed;
} worker;

static int embed_all(gte_context *ctx, float *out)
{
    gte_text texts[TEXTS];
    gte_error err;
    for (size_t i = 0; i < TEXTS; i++) texts[i] = gte_text_of(sentences[i]);
    return gte_embed(ctx, texts, TEXTS, NULL, out, TEXTS * MAX_DIMS, &err) == GTE_OK;
}

static void *work(void *arg)
{
    worker *w = arg;
    static _Thread_local float out[TEXTS * MAX_DIMS];
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    gte_context *ctx = NULL;
    gte_token tokens[64];
    size_t count;
    options.threads = w->threads;
    for (int round = 0; round < ROUNDS && !w->failed; round++) {
        if (gte_context_create(&ctx, model, &options, NULL) != GTE_OK ||
            (round > 0 && gte_context_trace_start(ctx, 1024, 0, NULL) != GTE_OK) ||
            !embed_all(ctx, out))
            w->failed = 1;
        double d = support_max_difference(out, expected, TEXTS * dims);
        if (!(d <= w->worst)) w->worst = d;
        if (gte_tokenize(model, gte_text_of(sentences[0]), 0, 0, tokens, 64, &count, NULL, NULL) !=
                GTE_OK ||
            count < 3)
            w->failed = 1;
        gte_context_free(&ctx);
    }
    return NULL;
}

static void test_eight_contexts(void)
{
    worker workers[THREADS];
    gte_context *ctx = NULL;
    gte_context_options one = GTE_CONTEXT_OPTIONS_INIT;
    gte_model_info info;
    model = support_standin_open();
    gte_model_describe(model, &info, sizeof info);
    dims = (size_t)info.hidden_size;
    CU_ASSERT_TRUE_FATAL(dims <= MAX_DIMS);
    one.threads = 1;
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, &one, NULL), GTE_OK);
    CU_ASSERT_TRUE(embed_all(ctx, expected));
    gte_context_free(&ctx);

    memset(workers, 0, sizeof workers);
    for (int i = 0; i < THREADS; i++) {
        workers[i].threads = 1 + i % 3;
        CU_ASSERT_EQUAL_FATAL(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        CU_ASSERT_EQUAL(workers[i].failed, 0);
        CU_ASSERT_TRUE(workers[i].worst <= 1e-6);
    }
    gte_model_close(&model);
}

/* The first use of the library, by many threads at once: choosing the kernels happens once. */
static void *describe(void *arg)
{
    gte_runtime_describe(arg, sizeof(gte_runtime));
    return NULL;
}

static void test_first_use(void)
{
    pthread_t threads[THREADS];
    gte_runtime runtimes[THREADS];
    for (int i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, describe, &runtimes[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CU_ASSERT_STRING_EQUAL(runtimes[i].isa, runtimes[0].isa);
        CU_ASSERT_TRUE(runtimes[i].threads >= 1);
    }
}

int main(void)
{
    static const support_case cases[] = {
        {"the first use of the library", test_first_use},
        {"eight contexts of one model", test_eight_contexts},
    };
    return SUPPORT_MAIN("threads", cases);
}
