/* The promises of gte.h that no other suite holds it to: arguments, statuses, capacity, progress,
 * token counts, similarity, metadata. On the stand-in model. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

enum { MAX_DIMS = 1024 };

static gte_model *model;
static gte_context *ctx;
static size_t dims;
static float out[64 * MAX_DIMS];

static void open_standin(void)
{
    gte_model_info info;
    gte_error err;
    model = support_standin_open();
    gte_model_describe(model, &info, sizeof info);
    dims = (size_t)info.hidden_size;
    CU_ASSERT_TRUE_FATAL(dims <= MAX_DIMS);
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, NULL, &err), GTE_OK);
}

static void test_status(void)
{
#define CHECK(name, number, text)                                                                  \
    CU_ASSERT_EQUAL(GTE_##name, number);                                                           \
    CU_ASSERT_STRING_EQUAL(gte_status_name(GTE_##name), "GTE_" #name);                             \
    CU_ASSERT_STRING_EQUAL(gte_status_message(GTE_##name), text);
    GTE_STATUS_MAP(CHECK)
#undef CHECK
    CU_ASSERT_STRING_EQUAL(gte_status_name((gte_status)99), "GTE_E_UNKNOWN");
    CU_ASSERT_STRING_EQUAL(gte_status_message((gte_status)-1), "unknown status");
    CU_ASSERT_STRING_EQUAL(gte_version(), GTE_VERSION_STRING);
    CU_ASSERT_EQUAL(gte_version_number(), GTE_VERSION_NUMBER);
}

static void test_runtime(void)
{
    gte_runtime r;
    gte_runtime_describe(&r, sizeof r);
    CU_ASSERT_PTR_NOT_NULL(strstr(" scalar avx2 avxvnni avx512 avx512vnni avx512bf16 ", r.isa));
    CU_ASSERT_PTR_NOT_NULL_FATAL(r.isa_best);
    CU_ASSERT_EQUAL(strncmp(r.blas, "OpenBLAS ", 9), 0);
    CU_ASSERT_PTR_NOT_NULL(r.blas_core);
    CU_ASSERT_TRUE(!strcmp(r.blas_threading, "openmp") || !strcmp(r.blas_threading, "pthread") ||
                   !strcmp(r.blas_threading, "none"));
    CU_ASSERT_TRUE(r.threads >= 1);
    gte_runtime_describe(NULL, 0);
}

static void test_describe(void)
{
    gte_model_info info;
    memset(&info, 0xff, sizeof info);
    gte_model_describe(model, &info, sizeof info);
    CU_ASSERT_STRING_EQUAL(info.architecture, "bert");
    CU_ASSERT_STRING_EQUAL(info.dtype, "f32");
    CU_ASSERT_STRING_EQUAL(info.tokenizer, "wordpiece");
    CU_ASSERT_STRING_EQUAL(info.activation, "gelu");
    CU_ASSERT_TRUE(info.layers == 2 && info.heads == 2 && info.ffn_size == 256);
    CU_ASSERT_TRUE(info.max_positions == 128 && info.max_tokens == 128);
    CU_ASSERT_TRUE(info.pooling == GTE_POOLING_MEAN && info.normalize == 1 && info.lowercase == 1);
    CU_ASSERT_EQUAL(strlen(info.sha256), 64);
    CU_ASSERT_TRUE(info.parameters * 4 < info.file_size);
    gte_model_describe(NULL, &info, sizeof info);
    gte_model_describe(model, NULL, 0);
}

static void test_meta(void)
{
    size_t n = gte_model_meta_count(model);
    for (size_t i = 0; i < n; i++) {
        const char *key = gte_model_meta_key(model, i);
        CU_ASSERT_PTR_NOT_NULL_FATAL(key);
        CU_ASSERT_PTR_EQUAL(gte_model_meta(model, key), gte_model_meta_value(model, i));
    }
    CU_ASSERT_STRING_EQUAL(gte_model_meta(model, "prompt.query"), "search: ");
    CU_ASSERT_PTR_NULL(gte_model_meta(model, "no such key"));
    CU_ASSERT_PTR_NULL(gte_model_meta(model, NULL));
    CU_ASSERT_PTR_NULL(gte_model_meta_key(model, n));
    CU_ASSERT_PTR_NULL(gte_model_meta_value(model, SIZE_MAX));
    CU_ASSERT_EQUAL(gte_model_meta_count(NULL), 0);
}

static void test_context_arguments(void)
{
    gte_context *other = (gte_context *)(void *)&other;
    gte_context_options o = GTE_CONTEXT_OPTIONS_INIT;
    gte_context_info info;
    gte_error err;
    CU_ASSERT_EQUAL(gte_context_create(&other, NULL, NULL, &err), GTE_E_ARGUMENT);
    CU_ASSERT_PTR_NULL(other);
    CU_ASSERT_EQUAL(gte_context_create(NULL, model, NULL, &err), GTE_E_ARGUMENT);
    o.threads = -1;
    CU_ASSERT_EQUAL(gte_context_create(&other, model, &o, &err), GTE_E_ARGUMENT);
    o.threads = 1 << 20;
    CU_ASSERT_EQUAL(gte_context_create(&other, model, &o, &err), GTE_E_ARGUMENT);
    o.threads = 0;
    o.batch_tokens = -1;
    CU_ASSERT_EQUAL(gte_context_create(&other, model, &o, &err), GTE_E_ARGUMENT);
    o.batch_tokens = 0;
    o.backend = (gte_backend)3;
    CU_ASSERT_EQUAL(gte_context_create(&other, model, &o, &err), GTE_E_ARGUMENT);
    static const char *const names[] = {"", "packed", "openblas"};
    for (int i = GTE_BACKEND_PACKED; i <= GTE_BACKEND_OPENBLAS; i++) {
        o.backend = (gte_backend)i;
        CU_ASSERT_EQUAL_FATAL(gte_context_create(&other, model, &o, &err), GTE_OK);
        gte_context_describe(other, &info, sizeof info);
        CU_ASSERT_STRING_EQUAL(info.backend, names[i]);
        gte_context_free(&other);
    }
    o.backend = GTE_BACKEND_AUTO;
    o.struct_size = 0;
    CU_ASSERT_EQUAL(gte_context_create(&other, model, &o, &err), GTE_E_ARGUMENT);
    o.struct_size = sizeof(size_t) + sizeof(int); /* an older caller, who knew only threads */
    o.threads = 2;
    o.batch_tokens = -7;
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&other, model, &o, &err), GTE_OK);
    gte_context_describe(other, &info, sizeof info);
    CU_ASSERT_TRUE(info.threads == 2 && info.batch_tokens == 1024 && info.workspace_size > 0);
    gte_context_free(&other);
    CU_ASSERT_PTR_NULL(other);
    gte_context_free(&other);
    gte_context_free(NULL);
    gte_context_describe(NULL, &info, sizeof info);
    gte_context_describe(ctx, NULL, 0);

    struct {
        gte_context_options o;
        int newer[4];
    } future = {GTE_CONTEXT_OPTIONS_INIT, {0}};
    future.o.struct_size = sizeof future;
    CU_ASSERT_EQUAL(gte_context_create(&other, model, &future.o, &err), GTE_OK);
    gte_context_free(&other);
    future.newer[3] = 1;
    CU_ASSERT_EQUAL(gte_context_create(&other, model, &future.o, &err), GTE_E_UNSUPPORTED);
}

static void test_embed_arguments(void)
{
    gte_text text = gte_text_of("cat");
    gte_embed_options o = GTE_EMBED_OPTIONS_INIT;
    gte_error err;
    CU_ASSERT_EQUAL(gte_embed(NULL, &text, 1, NULL, out, dims, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte_embed(ctx, NULL, 1, NULL, out, dims, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte_embed(ctx, &text, 1, NULL, NULL, dims, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte_embed(ctx, &text, 1, NULL, out, dims - 1, &err), GTE_E_CAPACITY);
    CU_ASSERT_EQUAL(gte_embed(ctx, &text, SIZE_MAX / 2, NULL, out, SIZE_MAX, &err), GTE_E_CAPACITY);
    CU_ASSERT_EQUAL(gte_embed(ctx, NULL, 0, NULL, NULL, 0, &err), GTE_OK);
    CU_ASSERT_EQUAL(gte_embed(ctx, &text, 1, NULL, out, dims, NULL), GTE_OK);
    o.dims = -1;
    CU_ASSERT_EQUAL(gte_embed(ctx, &text, 1, &o, out, dims, &err), GTE_E_ARGUMENT);
    o.dims = (int)dims + 1;
    CU_ASSERT_EQUAL(gte_embed(ctx, &text, 1, &o, out, 2 * dims, &err), GTE_E_ARGUMENT);
    o.dims = 7;
    CU_ASSERT_EQUAL(gte_embed(ctx, &text, 1, &o, out, 7, &err), GTE_OK);
    o.dims = 0;
    o.pooling = (gte_pooling)9;
    CU_ASSERT_EQUAL(gte_embed(ctx, &text, 1, &o, out, dims, &err), GTE_E_ARGUMENT);
    o.pooling = GTE_POOLING_MODEL;
    o.flags = GTE_NO_SPECIAL;
    CU_ASSERT_EQUAL(gte_embed(ctx, &text, 1, &o, out, dims, &err), GTE_E_ARGUMENT);
    o.flags = 1u << 31;
    CU_ASSERT_EQUAL(gte_embed(ctx, &text, 1, &o, out, dims, &err), GTE_E_ARGUMENT);
    CU_ASSERT_TRUE(err.message[0] != '\0');
}

static void test_bad_text(void)
{
    gte_text texts[3] = {gte_text_of("cat"), {"dog \xff!", 6, NULL, 0}, gte_text_of("bird")};
    gte_embed_options o = GTE_EMBED_OPTIONS_INIT;
    gte_error err;
    CU_ASSERT_EQUAL(gte_embed(ctx, texts, 3, NULL, out, 3 * dims, &err), GTE_E_UTF8);
    CU_ASSERT_EQUAL(err.index, 1);
    CU_ASSERT_EQUAL(err.offset, 4);
    o.flags = GTE_REPLACE_INVALID;
    CU_ASSERT_EQUAL(gte_embed(ctx, texts, 3, &o, out, 3 * dims, &err), GTE_OK);
    CU_ASSERT_EQUAL(err.status, GTE_OK);
}

static void test_too_long(void)
{
    char *words = malloc(4 * 1000 + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(words);
    for (size_t i = 0; i < 1000; i++) memcpy(words + 4 * i, "cat ", 5);
    gte_text texts[2] = {gte_text_of("cat"), gte_text_of(words)};
    gte_embed_options o = GTE_EMBED_OPTIONS_INIT;
    uint32_t counts[2] = {0, 0};
    gte_error err;
    o.token_counts = counts;
    CU_ASSERT_EQUAL(gte_embed(ctx, texts, 2, &o, out, 2 * dims, &err), GTE_OK);
    CU_ASSERT_TRUE(counts[0] == 3 && counts[1] == 128);
    o.flags = GTE_NO_TRUNCATE;
    CU_ASSERT_EQUAL(gte_embed(ctx, texts, 2, &o, out, 2 * dims, &err), GTE_E_TOO_LONG);
    CU_ASSERT_EQUAL(err.index, 1);

    gte_token tokens[8];
    size_t count = 0;
    int truncated = 0;
    CU_ASSERT_EQUAL(gte_tokenize(model, texts[1], 0, 8, tokens, 8, &count, &truncated, &err),
                    GTE_OK);
    CU_ASSERT_TRUE(count == 8 && truncated == 1);
    CU_ASSERT_EQUAL(gte_tokenize(model, texts[1], 0, 0, tokens, 8, &count, &truncated, &err),
                    GTE_E_CAPACITY);
    CU_ASSERT_EQUAL(count, 128);
    CU_ASSERT_EQUAL(gte_tokenize(model, texts[1], 0, 0, NULL, 0, &count, NULL, NULL),
                    GTE_E_CAPACITY);
    CU_ASSERT_EQUAL(gte_tokenize(model, texts[0], GTE_NO_SPECIAL, 0, tokens, 8, &count, NULL, NULL),
                    GTE_OK);
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT_EQUAL(gte_tokenize(NULL, texts[0], 0, 0, tokens, 8, &count, NULL, NULL),
                    GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte_tokenize(model, texts[0], 0, 0, tokens, 8, NULL, NULL, NULL),
                    GTE_E_ARGUMENT);
    free(words);
}

static void test_token_text(void)
{
    size_t size;
    CU_ASSERT_EQUAL(strncmp(gte_token_text(model, 2, &size), "[CLS]", 5), 0);
    CU_ASSERT_EQUAL(size, 5);
    CU_ASSERT_PTR_NULL(gte_token_text(model, -1, &size));
    CU_ASSERT_PTR_NULL(gte_token_text(model, INT32_MAX, &size));
    CU_ASSERT_PTR_NULL(gte_token_text(NULL, 0, NULL));
}

typedef struct progress_log {
    size_t calls, last, stop_at;
} progress_log;

static int log_progress(void *arg, size_t done)
{
    progress_log *log = arg;
    CU_ASSERT_TRUE(done > log->last);
    log->calls++;
    log->last = done;
    return log->stop_at && done >= log->stop_at;
}

static void test_progress(void)
{
    enum { N = 64 };
    gte_text texts[N];
    gte_context_options small = GTE_CONTEXT_OPTIONS_INIT;
    gte_context *narrow = NULL;
    gte_embed_options o = GTE_EMBED_OPTIONS_INIT;
    progress_log log = {0, 0, 0};
    gte_error err;
    for (size_t i = 0; i < N; i++)
        texts[i] = gte_text_of("the cat and the dog walk to the river and the cat swims");
    small.batch_tokens = 1; /* rounded up to 128: about nine texts a batch */
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&narrow, model, &small, &err), GTE_OK);
    o.progress = log_progress;
    o.progress_arg = &log;
    CU_ASSERT_EQUAL(gte_embed(narrow, texts, N, &o, out, N * dims, &err), GTE_OK);
    CU_ASSERT_TRUE(log.calls > 2 && log.last == N);

    float whole[MAX_DIMS];
    memcpy(whole, out, dims * sizeof *whole);
    memset(out, 0, sizeof out);
    log = (progress_log){0, 0, 1};
    CU_ASSERT_EQUAL(gte_embed(narrow, texts, N, &o, out, N * dims, &err), GTE_E_CANCELLED);
    CU_ASSERT_TRUE(log.calls == 1 && log.last < N);
    /* what was done is complete */
    for (size_t i = 0; i < log.last; i++)
        CU_ASSERT_TRUE(support_max_difference(whole, out + i * dims, dims) <= 1e-6);
    gte_context_free(&narrow);
}

static void test_norm(void)
{
    gte_text text = gte_text_of("a wonderful day in the mountains");
    gte_embed_options o = GTE_EMBED_OPTIONS_INIT;
    double sum = 0, raw = 0;
    CU_ASSERT_EQUAL(gte_embed(ctx, &text, 1, NULL, out, dims, NULL), GTE_OK);
    for (size_t i = 0; i < dims; i++) sum += (double)out[i] * (double)out[i];
    CU_ASSERT_DOUBLE_EQUAL(sum, 1.0, 1e-5);
    o.no_normalize = 1;
    CU_ASSERT_EQUAL(gte_embed(ctx, &text, 1, &o, out, dims, NULL), GTE_OK);
    for (size_t i = 0; i < dims; i++) raw += (double)out[i] * (double)out[i];
    CU_ASSERT_TRUE(fabs(raw - 1.0) > 1e-3);
}

static void test_similarity(void)
{
    static const float a[] = {1, 0, 0, 3, 4, 0}, b[] = {2, 0, 0, 0, 5, 0, -1, 0, 0};
    float m[6];
    gte_error err;
    CU_ASSERT_EQUAL(gte_similarity(a, 2, b, 3, 3, m, &err), GTE_OK);
    static const float want[] = {1, 0, -1, 0.6f, 0.8f, -0.6f};
    CU_ASSERT_TRUE(support_max_difference(m, want, 6) <= 1e-6);
    float zero[3] = {0, 0, 0};
    CU_ASSERT_EQUAL(gte_similarity(zero, 1, b, 1, 3, m, &err), GTE_OK);
    CU_ASSERT_EQUAL(m[0], 0.0f);
    CU_ASSERT_EQUAL(gte_similarity(NULL, 0, b, 3, 3, m, &err), GTE_OK);
    CU_ASSERT_EQUAL(gte_similarity(a, 2, NULL, 0, 3, m, &err), GTE_OK);
    CU_ASSERT_EQUAL(gte_similarity(NULL, 1, b, 1, 3, m, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte_similarity(a, 1, b, 1, 0, m, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte_similarity(a, 1, b, 1, 3, NULL, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte_similarity(a, SIZE_MAX, b, 2, 3, m, &err), GTE_E_ARGUMENT);
}

static void close_standin(void)
{
    gte_context_free(&ctx);
    gte_model_close(&model);
    CU_ASSERT_TRUE(ctx == NULL && model == NULL);
}

int main(void)
{
    static const support_case cases[] = {
        {"statuses and version", test_status},
        {"the machine", test_runtime},
        {"open the stand-in", open_standin}, /* the cases below use it */
        {"describe", test_describe},
        {"metadata", test_meta},
        {"a context's arguments", test_context_arguments},
        {"arguments of embed", test_embed_arguments},
        {"invalid UTF-8", test_bad_text},
        {"texts too long", test_too_long},
        {"token texts", test_token_text},
        {"progress and cancelling", test_progress},
        {"normalisation", test_norm},
        {"similarity", test_similarity},
        {"close", close_standin},
    };
    return SUPPORT_MAIN("api", cases);
}
