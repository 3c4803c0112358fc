/* Vectors against an independent forward pass in float64 (tests/golden/make_golden.py), and against
 * themselves: batch and single, any number of threads, every level of kernels, both backends.
 * With `--vectors FOLDER OUT BACKEND` it only writes vectors, for the test of the levels. */
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "golden_cases.h"
#include "support.h"

#define TINY "tests/golden/tiny"
/* Against the oracle; and of one library against itself, where only the order of sums differs. */
#define ORACLE_BOUND 1e-5
#define SELF_BOUND 1e-6

static gte_context *open_context_on(const gte_model *model, int threads, gte_backend backend)
{
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    options.threads = threads;
    options.backend = backend;
    gte_context *ctx = NULL;
    gte_error err;
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, &options, &err), GTE_OK);
    return ctx;
}

static gte_context *open_context(const gte_model *model, int threads)
{
    return open_context_on(model, threads, GTE_BACKEND_AUTO);
}

static const gte_backend backends[] = {GTE_BACKEND_PACKED, GTE_BACKEND_OPENBLAS};
enum { BACKENDS = sizeof backends / sizeof backends[0] };

static gte_text *texts_of(const golden_set *set)
{
    gte_text *texts = calloc(set->count, sizeof *texts);
    CU_ASSERT_PTR_NOT_NULL_FATAL(texts);
    for (size_t i = 0; i < set->count; i++) texts[i] = set->cases[i].text;
    return texts;
}

static void embed(gte_context *ctx, const gte_text *texts, size_t n, size_t dims,
                  const gte_embed_options *options, float *out)
{
    gte_error err = {0};
    gte_status status = gte_embed(ctx, texts, n, options, out, n * dims, &err);
    if (status != GTE_OK) fprintf(stderr, "gte_embed: %s\n", err.message);
    CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
}

static float *new_vectors(const golden_set *set)
{
    float *v = calloc(set->count * set->dims, sizeof *v);
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    return v;
}

/* ---- against the oracle -------------------------------------------------------------------- */

static void compare_pooling(gte_context *ctx, const golden_set *set, gte_pooling pooling,
                            int normalized, const char *folder)
{
    gte_embed_options options = GTE_EMBED_OPTIONS_INIT;
    gte_text *texts = texts_of(set);
    float *got = new_vectors(set);
    uint32_t *counts = calloc(set->count, sizeof *counts);
    double worst = 0;
    options.pooling = pooling;
    options.no_normalize = !normalized;
    options.token_counts = counts;
    embed(ctx, texts, set->count, set->dims, &options, got);
    for (size_t i = 0; i < set->count; i++) {
        const golden_case *c = &set->cases[i];
        double d = golden_difference(pooling == GTE_POOLING_CLS ? c->cls : c->mean,
                                     got + i * set->dims, set->dims, normalized);
        CU_ASSERT_EQUAL(counts[i], c->tokens);
        CU_ASSERT_TRUE(d <= ORACLE_BOUND);
        if (d > worst) worst = d;
    }
    gte_context_info info;
    gte_context_describe(ctx, &info, sizeof info);
    printf("\n    %s %s %s%s: within %.1e", folder, info.backend,
           pooling == GTE_POOLING_CLS ? "cls" : "mean", normalized ? "" : " not normalised", worst);
    free(texts);
    free(got);
    free(counts);
}

/* A model that takes seconds for a pass over its texts gets fewer passes. */
static int is_large(const golden_set *set)
{
    return set->dims > 256;
}

/* The scalar kernels of the packed backend define and are not in use: small models suffice. */
static int is_too_slow(const golden_set *set, const char *level, gte_backend backend)
{
    return is_large(set) && strcmp(level, "scalar") == 0 && backend == GTE_BACKEND_PACKED;
}

static void each_backend(void (*fn)(const char *folder, gte_backend), const char *folder)
{
    golden_set set = golden_load(folder);
    gte_runtime runtime;
    gte_runtime_describe(&runtime, sizeof runtime);
    for (int i = 0; i < BACKENDS; i++)
        if (!is_too_slow(&set, runtime.isa, backends[i])) fn(folder, backends[i]);
    golden_free(&set);
}

static void check_folder_on(const char *folder, gte_backend backend)
{
    golden_set set = golden_load(folder);
    gte_model *model = golden_open(folder);
    gte_context *ctx = open_context_on(model, 1, backend);
    for (int normalized = is_large(&set); normalized < 2; normalized++) {
        compare_pooling(ctx, &set, GTE_POOLING_MEAN, normalized, folder);
        compare_pooling(ctx, &set, GTE_POOLING_CLS, normalized, folder);
    }
    /* the model's own pooling is what its folder says */
    gte_model_info info;
    gte_model_describe(model, &info, sizeof info);
    float *got = new_vectors(&set);
    embed(ctx, &set.cases[3].text, 1, set.dims, NULL, got);
    const double *want = info.pooling == GTE_POOLING_CLS ? set.cases[3].cls : set.cases[3].mean;
    CU_ASSERT_TRUE(golden_difference(want, got, set.dims, 1) <= ORACLE_BOUND);
    CU_ASSERT_EQUAL(info.pooling == GTE_POOLING_CLS, strstr(folder, "cls") != NULL);
    free(got);
    gte_context_free(&ctx);
    gte_model_close(&model);
    golden_free(&set);
}

static void check_folder(const char *folder)
{
    each_backend(check_folder_on, folder);
}

static void test_tiny(void)
{
    check_folder(TINY);
}

/* Calls fn on each folder made at test time; skips when there is none (no numpy). */
static void each_made(void (*fn)(const char *folder))
{
    glob_t found;
    if (glob("build/golden/*/cases.jsonl", 0, NULL, &found) != 0) {
        support_skip("build/golden is empty: python3-numpy makes it");
        return;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char folder[256];
        snprintf(folder, sizeof folder, "%s", found.gl_pathv[i]);
        *strrchr(folder, '/') = '\0';
        if (!support_is_emulated() || !strstr(folder, "six-512-cls")) fn(folder);
    }
    globfree(&found);
}

static void test_made(void)
{
    each_made(check_folder);
}

static void test_dims(void)
{
    golden_set set = golden_load(TINY);
    gte_model *model = golden_open(TINY);
    gte_context *ctx = open_context(model, 1);
    gte_embed_options options = GTE_EMBED_OPTIONS_INIT;
    float got[32];
    for (int dims = 1; dims <= 32; dims += 5) {
        options.dims = dims;
        embed(ctx, &set.cases[4].text, 1, (size_t)dims, &options, got);
        CU_ASSERT_TRUE(golden_difference(set.cases[4].mean, got, (size_t)dims, 1) <= ORACLE_BOUND);
    }
    gte_context_free(&ctx);
    gte_model_close(&model);
    golden_free(&set);
}

/* ---- against itself ------------------------------------------------------------------------ */

static void check_batches_on(const char *folder, gte_backend backend)
{
    golden_set set = golden_load(folder);
    gte_model *model = golden_open(folder);
    gte_text *texts = texts_of(&set);
    float *single = new_vectors(&set), *batch = new_vectors(&set);
    gte_context *one = open_context_on(model, 1, backend);
    for (size_t i = 0; i < set.count; i++)
        embed(one, &texts[i], 1, set.dims, NULL, single + i * set.dims);
    embed(one, texts, set.count, set.dims, NULL, batch);
    CU_ASSERT_TRUE(support_max_difference(single, batch, set.count * set.dims) <= SELF_BOUND);
    for (int threads = is_large(&set) ? 4 : 2; threads <= 4; threads++) {
        gte_context *ctx = open_context_on(model, threads, backend);
        embed(ctx, texts, set.count, set.dims, NULL, batch);
        CU_ASSERT_TRUE(support_max_difference(single, batch, set.count * set.dims) <= SELF_BOUND);
        for (size_t n = 1; n <= 4; n += 3) { /* few rows are shared out in another way */
            embed(ctx, texts, n, set.dims, NULL, batch);
            CU_ASSERT_TRUE(support_max_difference(single, batch, n * set.dims) <= SELF_BOUND);
        }
        gte_context_free(&ctx);
    }
    gte_context_free(&one);
    gte_model_close(&model);
    free(texts);
    free(single);
    free(batch);
    golden_free(&set);
}

static void check_batches(const char *folder)
{
    each_backend(check_batches_on, folder);
}

static void test_batches(void)
{
    check_batches(TINY);
    each_made(check_batches);
}

/* A batch that is cut at every possible place: workspaces of the least size. */
static void test_small_workspace(void)
{
    golden_set set = golden_load(TINY);
    gte_model *model = golden_open(TINY);
    gte_text *texts = texts_of(&set);
    float *wide = new_vectors(&set), *narrow = new_vectors(&set);
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    gte_context *ctx = open_context(model, 1);
    embed(ctx, texts, set.count, set.dims, NULL, wide);
    gte_context_free(&ctx);
    for (options.batch_tokens = 1; options.batch_tokens < 200; options.batch_tokens += 67) {
        CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, &options, NULL), GTE_OK);
        embed(ctx, texts, set.count, set.dims, NULL, narrow);
        CU_ASSERT_TRUE(support_max_difference(wide, narrow, set.count * set.dims) <= SELF_BOUND);
        gte_context_free(&ctx);
    }
    gte_model_close(&model);
    free(texts);
    free(wide);
    free(narrow);
    golden_free(&set);
}

/* ---- levels of kernels --------------------------------------------------------------------- */

static const char *child_folder, *child_out;
static gte_backend child_backend;

/* The only case of a child. */
static void write_vectors(void)
{
    golden_set set = golden_load(child_folder);
    gte_model *model = golden_open(child_folder);
    gte_context *ctx = open_context_on(model, 1, child_backend);
    gte_text *texts = texts_of(&set);
    float *v = new_vectors(&set);
    embed(ctx, texts, set.count, set.dims, NULL, v);
    CU_ASSERT_TRUE(support_write_file(child_out, v, set.count * set.dims * sizeof *v));
    free(v);
    free(texts);
    gte_context_free(&ctx);
    gte_model_close(&model);
    golden_free(&set);
}

/* The vectors of `folder` by a process of that level; NULL after a failed assertion. */
static float *vectors_at(const char *level, gte_backend backend, const char *folder, size_t *size)
{
    char out[1024], number[2] = {(char)('0' + (int)backend), 0};
    snprintf(out, sizeof out, "%s", support_tmp_path("%s.f32", level));
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        setenv("GTE_CPU", level, 1);
        if (!freopen("/dev/null", "w", stdout)) _exit(127);
        const char *arguments[] = {"test_golden", "--vectors", folder, out, number, NULL};
        support_exec_self(arguments);
        _exit(127);
    }
    int status = -1;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    return (float *)(void *)support_read_file(out, size);
}

static void check_levels(const char *folder)
{
    static const char *const levels[] = {"scalar", "avx2", "avx512"};
    golden_set set = golden_load(folder);
    size_t size, other_size;
    float *first = vectors_at("scalar", GTE_BACKEND_OPENBLAS, folder, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    for (size_t i = 0; i < BACKENDS * sizeof levels / sizeof levels[0]; i++) {
        const char *level = levels[i / BACKENDS];
        if (is_too_slow(&set, level, backends[i % BACKENDS])) continue;
        float *other = vectors_at(level, backends[i % BACKENDS], folder, &other_size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(other);
        CU_ASSERT_EQUAL_FATAL(size, other_size);
        double d = support_max_difference(first, other, size / sizeof *first);
        printf("\n    %s %s, %s: within %.1e of scalar kernels and OpenBLAS", folder, level,
               i % BACKENDS ? "openblas" : "packed", d);
        CU_ASSERT_TRUE(d <= SELF_BOUND);
        free(other);
    }
    free(first);
    golden_free(&set);
}

static void test_levels(void)
{
    check_levels(TINY);
    each_made(check_levels);
}

/* ---- trained models ------------------------------------------------------------------------ */

static void check_reference(const char *name)
{
    char folder[128], path[256], file[4200];
    snprintf(folder, sizeof folder, "models/%s", name);
    snprintf(path, sizeof path, "models/%s/reference.json", name);
    const char *found = support_shared(path);
    if (!found) return;
    snprintf(file, sizeof file, "%s", found);
    json_t *root = json_load_file(file, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    gte_model *model = golden_open(support_shared(folder));
    gte_context *ctx = open_context(model, 2);
    gte_model_info info;
    gte_model_describe(model, &info, sizeof info);
    size_t i, dims = (size_t)info.hidden_size;
    json_t *ref;
    float *got = malloc(dims * sizeof *got);
    gte_token tokens[512];
    double worst = 0;
    json_array_foreach(json_object_get(root, "refs"), i, ref)
    {
        gte_text text = gte_text_of(json_string_value(json_object_get(ref, "text")));
        const json_t *ids = json_object_get(ref, "ids"), *want = json_object_get(ref, "embedding");
        size_t count = 0;
        CU_ASSERT_EQUAL(gte_tokenize(model, text, 0, 0, tokens, 512, &count, NULL, NULL), GTE_OK);
        CU_ASSERT_EQUAL_FATAL(count, json_array_size(ids));
        for (size_t t = 0; t < count; t++)
            CU_ASSERT_EQUAL(tokens[t].id, json_integer_value(json_array_get(ids, t)));
        embed(ctx, &text, 1, dims, NULL, got);
        for (size_t d = 0; d < dims; d++) {
            double diff = (double)got[d] - json_number_value(json_array_get(want, d));
            if (diff < 0) diff = -diff;
            if (!(diff <= worst)) worst = diff;
        }
    }
    printf("\n    %s: within %.1e of reference.json", name, worst);
    CU_ASSERT_TRUE(worst <= ORACLE_BOUND);
    free(got);
    json_decref(root);
    gte_context_free(&ctx);
    gte_model_close(&model);
}

static void test_reference_en(void)
{
    check_reference("en-embed-tiny");
}

static void test_reference_zh(void)
{
    check_reference("zh-embed-tiny");
}

int main(int argc, char **argv)
{
    static const support_case cases[] = {
        {"the committed model", test_tiny},
        {"the models made at test time", test_made},
        {"fewer dimensions", test_dims},
        {"a batch is its texts one by one, on 1 to 4 threads", test_batches},
        {"the least workspace", test_small_workspace},
        {"every level of kernels", test_levels},
        {"the trained English model's reference", test_reference_en},
        {"the trained Chinese model's reference", test_reference_zh},
    };
    if (argc == 5 && strcmp(argv[1], "--vectors") == 0) {
        static const support_case child[] = {{"vectors", write_vectors}};
        child_folder = argv[2];
        child_out = argv[3];
        child_backend = (gte_backend)atoi(argv[4]);
        return SUPPORT_MAIN("golden child", child);
    }
    return SUPPORT_MAIN("golden", cases);
}
