/* Models whose linear layers are stored in fewer bits: as near to the float64 forward pass as the
 * type allows, on the kernels of this level and on OpenBLAS; batch and single agree; the file
 * verifies. These models have random weights: what int8 does to trained ones, test_int8.c tells. */
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/convert.h"
#include "golden_cases.h"
#include "support.h"

#define TINY "tests/golden/tiny"

/* `self`, batch against single: tiles of other heights round sums elsewhere, and that may flip the
 * rounding of an activation, to bf16 2^-9 of it, to u8 1/255 of the range of its row. */
typedef struct narrow_type {
    const char *dtype;
    double cosine, self;
} narrow_type;

static const narrow_type bf16 = {"bf16", 0.9999, 2e-3}, int8 = {"int8", 0.998, 2e-3};

static gte_model *open_narrow(const char *folder, const narrow_type *type)
{
    const char *name = strrchr(folder, '/');
    const char *path = support_tmp_path("%s-%s.gte", name + 1, type->dtype);
    const gte_convert_options options = {.dtype = type->dtype};
    gte_model_options open = GTE_MODEL_OPTIONS_INIT;
    gte_model *model = NULL;
    gte_model_info info;
    gte_error err = {0};
    open.verify = 1;
    CU_ASSERT_EQUAL_FATAL(gte_convert(folder, path, &options, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_model_open(&model, path, &open, &err), GTE_OK);
    gte_model_describe(model, &info, sizeof info);
    CU_ASSERT_STRING_EQUAL(info.dtype, type->dtype);
    return model;
}

static double cosine(const double *want, const float *got, size_t dims)
{
    double dot = 0, a = 0, b = 0;
    for (size_t i = 0; i < dims; i++) {
        dot += want[i] * (double)got[i];
        a += want[i] * want[i];
        b += (double)got[i] * (double)got[i];
    }
    return dot / sqrt(a * b);
}

/* The worst cosine of the set's texts, embedded together and then one by one. */
static void check_vectors(gte_context *ctx, const golden_set *set, const char *folder,
                          const narrow_type *type)
{
    gte_text *texts = calloc(set->count, sizeof *texts);
    float *batch = calloc(set->count * set->dims, sizeof *batch), *single = NULL;
    gte_embed_options options = GTE_EMBED_OPTIONS_INIT;
    gte_context_info info;
    double worst = 1, apart = 0;
    single = calloc(set->dims, sizeof *single);
    CU_ASSERT_TRUE_FATAL(texts && batch && single);
    options.pooling = GTE_POOLING_MEAN;
    for (size_t i = 0; i < set->count; i++) texts[i] = set->cases[i].text;
    CU_ASSERT_EQUAL(
        gte_embed(ctx, texts, set->count, &options, batch, set->count * set->dims, NULL), GTE_OK);
    for (size_t i = 0; i < set->count; i++) {
        const float *got = batch + i * set->dims;
        worst = fmin(worst, cosine(set->cases[i].mean, got, set->dims));
        CU_ASSERT_EQUAL(gte_embed(ctx, &texts[i], 1, &options, single, set->dims, NULL), GTE_OK);
        apart = fmax(apart, support_max_difference(got, single, set->dims));
    }
    gte_context_describe(ctx, &info, sizeof info);
    printf("\n    %s %s %s, %d threads: cosine at least %.6f, batch and single within %.1e", folder,
           type->dtype, info.backend, info.threads, worst, apart);
    CU_ASSERT_TRUE(worst >= type->cosine);
    CU_ASSERT_TRUE(apart <= type->self);
    free(texts);
    free(batch);
    free(single);
}

static void check_folder(const char *folder, const narrow_type *type)
{
    golden_set set = golden_load(folder);
    gte_model *model = open_narrow(folder, type);
    gte_runtime runtime;
    gte_runtime_describe(&runtime, sizeof runtime);
    for (int b = GTE_BACKEND_PACKED; b <= GTE_BACKEND_OPENBLAS; b++) {
        gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
        gte_context *ctx = NULL;
        /* the scalar kernels define and are not in use: small models suffice */
        if (b == GTE_BACKEND_PACKED && set.dims > 256 && !strcmp(runtime.isa, "scalar")) continue;
        options.backend = (gte_backend)b;
        /* threads are the packed backend's to get right here; scalar kernels take long */
        const bool alone = b == GTE_BACKEND_OPENBLAS || !strcmp(runtime.isa, "scalar");
        for (options.threads = 1; options.threads <= (alone ? 1 : 3); options.threads += 2) {
            gte_status status = gte_context_create(&ctx, model, &options, NULL);
            if (status == GTE_E_UNSUPPORTED && strstr(folder, "odd-shapes")) break;
            CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
            check_vectors(ctx, &set, folder, type);
            gte_context_free(&ctx);
        }
    }
    gte_model_close(&model);
    golden_free(&set);
}

static void test_tiny(void)
{
    check_folder(TINY, &bf16);
    check_folder(TINY, &int8);
}

static void test_made(void)
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
        if (support_is_emulated() && strstr(folder, "six-512-cls")) {
            support_skip("an emulator is too slow for the large model");
            continue;
        }
        check_folder(folder, &bf16);
        check_folder(folder, &int8);
    }
    globfree(&found);
}

int main(void)
{
    static const support_case cases[] = {
        {"the committed model", test_tiny},
        {"the models made at test time", test_made},
    };
    return SUPPORT_MAIN("narrow", cases);
}
