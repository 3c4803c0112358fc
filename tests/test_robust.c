/* Uses of the API that nobody tries first: options from another version, unknown flags, a fork,
 * more contexts than OpenBLAS has buffers, too little address space. On the stand-in model. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static gte_model *model;

static void open_model(void)
{
    model = support_standin_open();
}

static void close_model(void)
{
    gte_model_close(&model);
}

static void future_fields(void)
{
    gte_context *ctx;
    gte_context_options o = GTE_CONTEXT_OPTIONS_INIT;
    o.reserved[sizeof o.reserved / sizeof *o.reserved - 1] = 7;
    CU_ASSERT_EQUAL(gte_context_create(&ctx, model, &o, NULL), GTE_E_UNSUPPORTED);
    static const size_t sizes[] = {0, sizeof(size_t) - 1, 4097, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        gte_context_options bad = GTE_CONTEXT_OPTIONS_INIT;
        bad.struct_size = sizes[i];
        CU_ASSERT_EQUAL(gte_context_create(&ctx, model, &bad, NULL), GTE_E_ARGUMENT);
        CU_ASSERT_PTR_NULL(ctx);
    }
    struct {
        gte_context_options known;
        uint64_t later;
    } newer = {GTE_CONTEXT_OPTIONS_INIT, 0};
    newer.known.struct_size = sizeof newer;
    newer.known.threads = 1;
    CU_ASSERT_EQUAL(gte_context_create(&ctx, model, &newer.known, NULL), GTE_OK);
    gte_context_free(&ctx);
    newer.later = 1;
    CU_ASSERT_EQUAL(gte_context_create(&ctx, model, &newer.known, NULL), GTE_E_UNSUPPORTED);

    gte_model_info info; /* an older caller's struct ends after the first field */
    memset(&info, 0x55, sizeof info);
    gte_model_describe(model, &info, sizeof info.architecture);
    CU_ASSERT_STRING_EQUAL(info.architecture, "bert");
    CU_ASSERT_EQUAL(((unsigned char *)&info)[sizeof info.architecture], 0x55);
}

static void unknown_flags(void)
{
    gte_token token;
    size_t count;
    CU_ASSERT_EQUAL(
        gte_tokenize(model, gte_text_of("a"), 0x8000u, 0, &token, 1, &count, NULL, NULL),
        GTE_E_ARGUMENT);
}

static void part_at_fault(void)
{
    gte_error err;
    gte_token tokens[16];
    size_t count;
    gte_text text = {"ok", 2, "x\xff", 2};
    CU_ASSERT_EQUAL(gte_tokenize(model, text, 0, 0, tokens, 16, &count, NULL, &err), GTE_E_UTF8);
    CU_ASSERT_TRUE(err.part == 1 && err.offset == 1);
    text = (gte_text){"\xff", 1, "x", 1};
    CU_ASSERT_EQUAL(gte_tokenize(model, text, 0, 0, tokens, 16, &count, NULL, &err), GTE_E_UTF8);
    CU_ASSERT_TRUE(err.part == 0 && err.offset == 0);
}

static void similarity_of_nothing(void)
{
    float a[4] = {1, 0, 0, 0}, out = 5;
    CU_ASSERT_EQUAL(gte_similarity(NULL, 0, NULL, 5, 4, &out, NULL), GTE_OK);
    CU_ASSERT_EQUAL(gte_similarity(a, 1, NULL, 0, 4, NULL, NULL), GTE_OK);
    CU_ASSERT_EQUAL(gte_similarity(a, 1, NULL, 1, 4, &out, NULL), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte_similarity(a, SIZE_MAX, a, 2, 4, &out, NULL), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(out, 5);
}

static float vector[4096];

static int embeds(gte_context *ctx)
{
    gte_text text = gte_text_of("the cat sleeps");
    return gte_embed(ctx, &text, 1, NULL, vector, 4096, NULL) == GTE_OK;
}

/* A child has none of the members; the context works there and can be freed. */
static void after_fork(void)
{
    gte_context *ctx;
    gte_context_options o = GTE_CONTEXT_OPTIONS_INIT;
    o.threads = 3;
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, &o, NULL), GTE_OK);
    CU_ASSERT_TRUE(embeds(ctx));
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        int ok = embeds(ctx);
        gte_context_free(&ctx);
        _exit(ok ? 0 : 1);
    }
    int status = -1;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    gte_context_free(&ctx);
}

static pthread_barrier_t everyone;

/* Long texts, so that threads lose their cores inside products. */
static void *run_context(void *arg)
{
    enum { TEXTS = 8 };
    static const char words[] = "the dog runs in the garden and the cat sleeps on the warm stone "
                                "while the rain falls and nobody in the house reads the newspaper ";
    char text[4 * sizeof words];
    float *local = malloc(TEXTS * 1024 * sizeof *local);
    gte_text texts[TEXTS];
    gte_context *ctx = NULL;
    gte_context_options o = GTE_CONTEXT_OPTIONS_INIT;
    snprintf(text, sizeof text, "%s%s%s", words, words, words);
    for (int i = 0; i < TEXTS; i++) texts[i] = gte_text_of(text);
    o.threads = 1;
    gte_status status = gte_context_create(&ctx, model, &o, NULL);
    pthread_barrier_wait(&everyone);
    for (int i = 0; i < 3 && status == GTE_OK && local; i++)
        status = gte_embed(ctx, texts, TEXTS, NULL, local, TEXTS * 1024, NULL);
    gte_context_free(&ctx);
    free(local);
    return status == GTE_OK ? NULL : arg;
}

/* OpenBLAS has 128 work buffers for the whole process. */
static void many_contexts(void)
{
    enum { THREADS = 500 };
    static pthread_t threads[THREADS];
    pthread_attr_t attr;
    int failed = 0;
    if (SANITIZED) {
        support_skip("too many threads for a sanitizer");
        return;
    }
    pthread_barrier_init(&everyone, NULL, THREADS);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 512 * 1024);
    for (int i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], &attr, run_context, &failed), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        failed += result != NULL;
    }
    pthread_attr_destroy(&attr);
    pthread_barrier_destroy(&everyone);
    CU_ASSERT_EQUAL(failed, 0);
}

/* Short of address space, a context is refused or works; it never hangs. */
static void little_address_space(void)
{
    if (SANITIZED) {
        support_skip("a sanitizer's shadow does not fit a small address space");
        return;
    }
    for (rlim_t extra = 8; extra <= 1024; extra *= 2) {
        pid_t child = fork();
        if (child == 0) {
            long pages = 0;
            FILE *f = fopen("/proc/self/statm", "r");
            if (!f || fscanf(f, "%ld", &pages) != 1) _exit(3);
            fclose(f);
            rlim_t bytes = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (extra << 20);
            struct rlimit limit = {bytes, bytes};
            gte_context *ctx;
            gte_context_options o = GTE_CONTEXT_OPTIONS_INIT;
            o.threads = 2;
            alarm(20);
            setrlimit(RLIMIT_AS, &limit);
            gte_status status = gte_context_create(&ctx, model, &o, NULL);
            if (status != GTE_OK) _exit(status == GTE_E_MEMORY ? 0 : 1);
            _exit(embeds(ctx) ? 0 : 2);
        }
        int status = -1;
        CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
        CU_ASSERT_EQUAL(status, 0);
    }
}

static int stop_at_end(void *arg, size_t done)
{
    *(size_t *)arg = done;
    return done == 3;
}

/* Stopping when everything is done is not a cancellation. */
static void stop_after_the_last(void)
{
    gte_context *ctx;
    size_t seen = 0;
    gte_embed_options o = GTE_EMBED_OPTIONS_INIT;
    gte_text texts[3] = {gte_text_of("a"), gte_text_of("b"), gte_text_of("c")};
    o.progress = stop_at_end;
    o.progress_arg = &seen;
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, NULL, NULL), GTE_OK);
    CU_ASSERT_EQUAL(gte_embed(ctx, texts, 3, &o, vector, 4096, NULL), GTE_OK);
    CU_ASSERT_EQUAL(seen, 3);
    gte_context_free(&ctx);
}

int main(void)
{
    static const support_case cases[] = {
        {"open", open_model},
        {"options of another version", future_fields},
        {"unknown flags of tokenize", unknown_flags},
        {"the part at fault", part_at_fault},
        {"similarity of nothing", similarity_of_nothing},
        {"stopping after the last text", stop_after_the_last},
        {"a context after fork", after_fork},
        {"500 contexts at once", many_contexts},
        {"little address space", little_address_space},
        {"close", close_model},
    };
    return SUPPORT_MAIN("robust", cases);
}
