/* The forward pass in parts (encoder.h: legs, points, states): a pass that stops and goes on gives
 * the bits of one that does not, in every type, way of sharing, number of threads and level of
 * kernels; texts whose positions do not begin at 0. With `--here` it runs at its own level only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cpu.h"
#include "convert/convert.h"
#include "handle.h"
#include "support.h"

#define TINY "tests/golden/tiny"
#define MADE "build/golden/heads-of-32"
#define MOST_THREADS 4
#define BATCH_TOKENS 512

static gte_model *open_as(const char *folder, const char *dtype)
{
    const char *path = support_tmp_path("%s-%s.gte", strrchr(folder, '/') + 1, dtype);
    const gte_convert_options options = {.dtype = dtype};
    gte_model *model = NULL;
    gte_error err = {0};
    CU_ASSERT_EQUAL_FATAL(gte_convert(folder, path, &options, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_model_open(&model, path, NULL, &err), GTE_OK);
    return model;
}

/* Texts of random tokens of both types. */
typedef struct texts {
    gte_token tokens[BATCH_TOKENS];
    size_t starts[BATCH_TOKENS + 1];
    gte__batch batch;
} texts;

static void make_texts(texts *t, const gte_model *model, size_t count, size_t length)
{
    uint64_t seed = 41;
    size_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t end = rows + length + i % 3;
        t->starts[i] = rows;
        for (; rows < end; rows++)
            t->tokens[rows] =
                (gte_token){(int32_t)(support_random(&seed) % model->file.header->vocab_size),
                            (int32_t)(support_random(&seed) % 2), 0, 0};
    }
    t->starts[count] = rows;
    t->batch = (gte__batch){.tokens = t->tokens, .starts = t->starts, .texts = count};
}

/* The states of `point` of all rows. */
static char *states_at(const gte__encoder *e, const texts *t, gte__point point)
{
    const size_t rows = t->starts[t->batch.texts];
    char *out = malloc(rows * gte__state_bytes(e, point));
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    gte__states_save(e, point, 0, rows, out);
    return out;
}

/* Whatever the rows hold, the states must come from what is loaded. */
static void spoil(gte__encoder *e)
{
    memset(e->hidden, 0x7f, e->max_batch_tokens * e->hidden_stride);
    memset(e->input, 0x7f, e->max_batch_tokens * e->input_stride);
    memset(e->scales, 0x7f, e->max_batch_tokens * sizeof *e->scales);
    memset(e->wide, 0x7f, e->max_batch_tokens * e->wide_stride);
}

static void check_stop(gte__encoder *e, const texts *t, gte__point stop, const char *want)
{
    const gte__point start = {0, false}, end = {e->model->header->layers, false};
    const size_t rows = t->starts[t->batch.texts];
    gte__batch rest = t->batch;
    gte__encoder_run(e, &t->batch, (gte__leg){start, stop});
    char *states = states_at(e, t, stop);
    spoil(e);
    gte__states_load(e, stop, 0, rows, states);
    rest.tokens = NULL;
    gte__encoder_run(e, &rest, (gte__leg){stop, end});
    char *got = states_at(e, t, end);
    CU_ASSERT_EQUAL(memcmp(got, want, rows * gte__state_bytes(e, end)), 0);
    free(states);
    free(got);
}

/* Stops before every layer, and between its products and its attention. */
static void check_texts(gte_context *ctx, size_t count, size_t length)
{
    gte__encoder *e = &ctx->encoder;
    texts *t = malloc(sizeof *t);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    make_texts(t, ctx->model, count, length);
    gte__encoder_forward(e, &t->batch);
    char *want = states_at(e, t, (gte__point){e->model->header->layers, false});
    for (uint32_t layer = 0; layer < e->model->header->layers; layer++) {
        check_stop(e, t, (gte__point){layer, false}, want);
        check_stop(e, t, (gte__point){layer, true}, want);
    }
    free(want);
    free(t);
}

static void check_model(const char *folder, const char *dtype)
{
    gte_model *model = open_as(folder, dtype);
    for (int threads = 1; threads <= MOST_THREADS; threads++) {
        for (int b = GTE_BACKEND_PACKED; b <= GTE_BACKEND_OPENBLAS; b++) {
            gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
            gte_context *ctx = NULL;
            options.threads = threads;
            options.batch_tokens = BATCH_TOKENS;
            options.backend = (gte_backend)b;
            CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, &options, NULL), GTE_OK);
            check_texts(ctx, 1, 5);   /* by panels */
            check_texts(ctx, 2, 60);  /* by rows */
            check_texts(ctx, 30, 11); /* by texts */
            gte_context_free(&ctx);
        }
    }
    gte_model_close(&model);
}

static void test_stops(void)
{
    static const char *const dtypes[] = {"f32", "bf16", "int8"};
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        check_model(TINY, dtypes[i]);
        if (access(MADE "/config.json", R_OK) == 0) check_model(MADE, dtypes[i]);
    }
    if (access(MADE "/config.json", R_OK) != 0)
        support_skip("build/golden is empty: python3-numpy makes it");
}

/* Where a text begins, its rows are those of that part of a longer text. */
static void test_positions(void)
{
    gte_model *model = open_as(TINY, "f32");
    const gte__leg embed_only = {{0, false}, {0, false}};
    const uint32_t positions[2] = {17, 3};
    const size_t starts[3] = {0, 13, 50};
    gte_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, NULL, NULL), GTE_OK);
    gte__encoder *e = &ctx->encoder;
    texts *t = malloc(sizeof *t);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    make_texts(t, model, 1, 50);
    gte__encoder_run(e, &t->batch, embed_only);
    char *want = states_at(e, t, embed_only.to);
    gte_token parts[50];
    memcpy(parts, t->tokens + 17, 13 * sizeof *parts);
    memcpy(parts + 13, t->tokens + 3, 37 * sizeof *parts);
    const gte__batch batch = {
        .tokens = parts, .starts = starts, .texts = 2, .positions = positions};
    gte__encoder_run(e, &batch, embed_only);
    const size_t bytes = gte__state_bytes(e, embed_only.to);
    char *got = malloc(50 * bytes);
    CU_ASSERT_PTR_NOT_NULL_FATAL(got);
    gte__states_save(e, embed_only.to, 0, 50, got);
    CU_ASSERT_EQUAL(memcmp(got, want + 17 * bytes, 13 * bytes), 0);
    CU_ASSERT_EQUAL(memcmp(got + 13 * bytes, want + 3 * bytes, 37 * bytes), 0);
    free(got);
    free(want);
    free(t);
    gte_context_free(&ctx);
    gte_model_close(&model);
}

static void test_levels(void)
{
    for (int level = GTE__ISA_SCALAR; level < (int)gte__cpu_isa(); level++) {
        if (!gte__cpu_has((gte__isa)level)) continue;
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            const char *arguments[] = {"test_layers", "--here", NULL};
            setenv("GTE_CPU", gte__isa_name((gte__isa)level), 1);
            if (freopen("/dev/null", "w", stdout)) support_exec_self(arguments);
            _exit(127);
        }
        int status = -1;
        CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
        CU_ASSERT_EQUAL(status, 0);
    }
}

int main(int argc, char **argv)
{
    static const support_case cases[] = {
        {"stop and go on", test_stops},
        {"positions", test_positions},
        {"every level", test_levels},
    };
    const bool here = argc > 1 && strcmp(argv[1], "--here") == 0;
    return support_main("layers", cases, here ? 1 : 3);
}
