/* Fixed work for `make perf-check`: perf_check MODEL.gte [BF16.gte [INT8.gte]]. perf_check.sh runs
 * it under callgrind, which counts the instructions of each function counted_* here.
 *
 * The models are the stand-in's, the same bytes everywhere; one thread; the library's own kernels.
 * It measures no time and judges nothing. */
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gte.h"

#define TOKENS_MAX 1024
#define TEXTS_MAX 8
#define DIMS_MAX 384
#define ROWS 64

/* Whatever the optimiser thinks of it, callgrind must see a function of this name. */
#ifdef __clang__
#define COUNTED __attribute__((noinline)) static void
#else
#define COUNTED __attribute__((noinline, noclone)) static void
#endif

typedef struct engine {
    gte_model *model;
    gte_context *ctx;
} engine;

static void need(gte_status status, const gte_error *err)
{
    if (status == GTE_OK) return;
    fprintf(stderr, "perf_check: %s\n", err->message);
    exit(1);
}

static engine open_engine(const char *path)
{
    engine e = {NULL, NULL};
    gte_error err;
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    options.threads = 1;
    options.backend = GTE_BACKEND_PACKED;
    need(gte_model_open(&e.model, path, NULL, &err), &err);
    need(gte_context_create(&e.ctx, e.model, &options, &err), &err);
    return e;
}

static void close_engine(engine *e)
{
    gte_context_free(&e->ctx);
    gte_model_close(&e->model);
}

/* ---- tokenizer ------------------------------------------------------------------------------- */

static const char english[] =
    "All human beings are born free and equal in dignity and rights. They are endowed with reason "
    "and conscience, and should act towards one another in a spirit of brotherhood. "
    "Caf\u00e9 na\u00efve r\u00e9sum\u00e9; $9.99 for 2 unaffable transformers, isn't it?";
static const char chinese[] =
    "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。"
    "句子向量有384维，可以用来检索。今天的价格是九块九。";

static void tokenize(const engine *e, const char *text, int times)
{
    static gte_token tokens[TOKENS_MAX];
    gte_error err;
    size_t count;
    for (int i = 0; i < times; i++)
        need(gte_tokenize(e->model, gte_text_of(text), 0, TOKENS_MAX, tokens, TOKENS_MAX, &count,
                          NULL, &err),
             &err);
}

COUNTED counted_tokenize_english(const engine *e)
{
    tokenize(e, english, 500);
}

COUNTED counted_tokenize_chinese(const engine *e)
{
    tokenize(e, chinese, 500);
}

/* ---- encoder --------------------------------------------------------------------------------- */

/* n tokens: [CLS], n - 2 ideographs of a token each, [SEP]. */
static void write_text(char *out, int n, int first)
{
    for (int i = 0; i < n - 2; i++) {
        unsigned code = 0x4e00u + (unsigned)(first + 37 * i) % 4096u;
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 63));
        *out++ = (char)(0x80 | (code & 63));
    }
    *out = '\0';
}

static void embed(const engine *e, size_t texts, int tokens, int times)
{
    static char bytes[TEXTS_MAX][256];
    static float vectors[TEXTS_MAX * DIMS_MAX];
    gte_text text[TEXTS_MAX];
    gte_error err;
    for (size_t i = 0; i < texts; i++) {
        write_text(bytes[i], tokens, 101 * (int)i);
        text[i] = gte_text_of(bytes[i]);
    }
    for (int i = 0; i < times; i++)
        need(gte_embed(e->ctx, text, texts, NULL, vectors, TEXTS_MAX * DIMS_MAX, &err), &err);
}

COUNTED counted_embed_1x8(const engine *e)
{
    embed(e, 1, 8, 16);
}

COUNTED counted_embed_1x64(const engine *e)
{
    embed(e, 1, 64, 2);
}

COUNTED counted_embed_8x32(const engine *e)
{
    embed(e, 8, 32, 1);
}

COUNTED counted_embed_bf16_8x32(const engine *e)
{
    embed(e, 8, 32, 1);
}

COUNTED counted_embed_int8_8x32(const engine *e)
{
    embed(e, 8, 32, 1);
}

static void run_embed(const char *path, void (*run)(const engine *))
{
    engine e = open_engine(path);
    embed(&e, 8, 32, 1); /* what is done once, such as binding symbols, is not counted */
    run(&e);
    close_engine(&e);
}

/* ---- the rest -------------------------------------------------------------------------------- */

COUNTED counted_open(const char *path)
{
    gte_error err;
    for (int i = 0; i < 10; i++) {
        gte_model *model = NULL;
        need(gte_model_open(&model, path, NULL, &err), &err);
        gte_model_close(&model);
    }
}

COUNTED counted_similarity(const float *rows, float *out)
{
    gte_error err;
    for (int i = 0; i < 4; i++)
        need(gte_similarity(rows, ROWS, rows, ROWS, DIMS_MAX, out, &err), &err);
}

/* What the counts depend on besides our source, and the level of kernels that runs. */
static int print_key(void)
{
    gte_runtime runtime;
    gte_runtime_describe(&runtime, sizeof runtime);
#if defined(__clang__)
    printf("clang-%d.%d", __clang_major__, __clang_minor__);
#else
    printf("gcc-%d.%d", __GNUC__, __GNUC_MINOR__);
#endif
    printf("-glibc-%s %s\n", gnu_get_libc_version(), runtime.isa);
    return 0;
}

int main(int argc, char **argv)
{
    static float rows[ROWS * DIMS_MAX], out[ROWS * ROWS];
    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: perf_check MODEL.gte [BF16.gte [INT8.gte]] | key\n");
        return 2;
    }
    if (strcmp(argv[1], "key") == 0) return print_key();
    engine e = open_engine(argv[1]);
    tokenize(&e, chinese, 1);
    counted_tokenize_english(&e);
    counted_tokenize_chinese(&e);
    close_engine(&e);
    run_embed(argv[1], counted_embed_1x8);
    run_embed(argv[1], counted_embed_1x64);
    run_embed(argv[1], counted_embed_8x32);
    if (argc > 2) run_embed(argv[2], counted_embed_bf16_8x32);
    if (argc > 3) run_embed(argv[3], counted_embed_int8_8x32);
    counted_open(argv[1]);
    for (int i = 0; i < ROWS * DIMS_MAX; i++) rows[i] = (float)(i % 17 - 8);
    counted_similarity(rows, out);
    return 0;
}
