/* What fewer bits do to trained models, against the same models in f32: cosines, the nearest
 * neighbours of 1,000 sentences, the agreement with people's scores. Random weights would prove
 * nothing: they have neither outlier channels nor meaning. In int8 also with three value channels
 * of each layer a hundred times larger and the output projection's columns smaller by as much,
 * which is the same function in f32. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/correlation.h"
#include "cli/csv_reader.h"
#include "convert/convert.h"
#include "support.h"

#define PAIRS 500
#define TEXTS (2 * PAIRS)
#define NEAREST 10
#define HIDDEN 128

typedef struct sentences {
    char *texts[TEXTS]; /* those of a pair stand together */
    double scores[PAIRS];
} sentences;

typedef struct bounds {
    const char *dtype;
    double mean, worst, overlap, spearman;
} bounds;

static const bounds bf16 = {"bf16", 0.9999, 0.9999, 0.99, 0.001};
static const bounds int8 = {"int8", 0.99995, 0.9999, 0.985, 0.002};

static bool read_sentences(sentences *out, const char *language)
{
    char name[64];
    cli_csv csv;
    size_t n = 0;
    snprintf(name, sizeof name, "text/stsb/stsb-%s-dev.csv", language);
    const char *path = support_shared(name);
    if (!path) return false;
    CU_ASSERT_EQUAL_FATAL(cli__csv_open(&csv, path), 0);
    for (; n < PAIRS && cli__csv_next(&csv) == 1; n++) {
        for (size_t i = 0; i < 2; i++) {
            out->texts[2 * n + i] = strdup(cli__csv_field(&csv, i));
            CU_ASSERT_PTR_NOT_NULL_FATAL(out->texts[2 * n + i]);
        }
        out->scores[n] = strtod(cli__csv_field(&csv, 2), NULL);
    }
    cli__csv_close(&csv);
    CU_ASSERT_EQUAL_FATAL(n, PAIRS);
    return true;
}

/* Vectors of length one [TEXTS, HIDDEN], to be freed. */
static float *embed(const char *folder, const char *dtype, const sentences *s, size_t texts)
{
    const char *path = support_tmp_path("model.gte");
    const gte_convert_options convert = {.dtype = dtype};
    gte_embed_options options = GTE_EMBED_OPTIONS_INIT;
    gte_model *model = NULL;
    gte_context *ctx = NULL;
    gte_text list[TEXTS];
    float *out = calloc(texts * HIDDEN, sizeof *out);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL_FATAL(gte_convert(folder, path, &convert, NULL), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_model_open(&model, path, NULL, NULL), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, NULL, NULL), GTE_OK);
    for (size_t i = 0; i < texts; i++) list[i] = gte_text_of(s->texts[i]);
    CU_ASSERT_EQUAL_FATAL(gte_embed(ctx, list, texts, &options, out, texts * HIDDEN, NULL), GTE_OK);
    gte_context_free(&ctx);
    gte_model_close(&model);
    return out;
}

static double dot(const float *a, const float *b)
{
    double sum = 0;
    for (size_t i = 0; i < HIDDEN; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* The texts nearest to text `i`, nearest first. */
static void nearest(const float *vectors, size_t texts, size_t i, size_t out[NEAREST])
{
    double best[NEAREST];
    for (size_t n = 0; n < NEAREST; n++) best[n] = -INFINITY;
    for (size_t j = 0; j < texts; j++) {
        double near = j == i ? -INFINITY : dot(vectors + i * HIDDEN, vectors + j * HIDDEN);
        size_t at = j;
        for (size_t n = 0; n < NEAREST; n++) {
            if (near <= best[n]) continue;
            const double less = best[n];
            const size_t other = out[n];
            best[n] = near;
            out[n] = at;
            near = less;
            at = other;
        }
    }
}

static double overlap(const float *a, const float *b, size_t texts)
{
    size_t shared = 0;
    for (size_t i = 0; i < texts; i++) {
        size_t x[NEAREST], y[NEAREST];
        nearest(a, texts, i, x);
        nearest(b, texts, i, y);
        for (size_t n = 0; n < NEAREST * NEAREST; n++) shared += x[n / NEAREST] == y[n % NEAREST];
    }
    return (double)shared / (double)(texts * NEAREST);
}

static double spearman(const float *vectors, const sentences *s, size_t texts)
{
    double cosines[PAIRS], rho = 0;
    for (size_t i = 0; i < texts / 2; i++)
        cosines[i] = dot(vectors + 2 * i * HIDDEN, vectors + (2 * i + 1) * HIDDEN);
    CU_ASSERT_TRUE(cli__spearman(cosines, s->scores, texts / 2, &rho));
    return rho;
}

static void compare(const float *want, const float *got, const sentences *s, size_t texts,
                    const bounds *b, const char *what)
{
    double mean = 0, worst = 1;
    for (size_t i = 0; i < texts; i++) {
        const double cosine = dot(want + i * HIDDEN, got + i * HIDDEN);
        mean += cosine / (double)texts;
        worst = fmin(worst, cosine);
    }
    const double shared = overlap(want, got, texts);
    const double rho = spearman(got, s, texts), change = rho - spearman(want, s, texts);
    printf("\n    %s %s: cosine %.6f, worst %.6f; neighbours %.4f; Spearman %.4f (%+.5f)", what,
           b->dtype, mean, worst, shared, rho, change);
    CU_ASSERT_TRUE(mean >= b->mean);
    CU_ASSERT_TRUE(worst >= b->worst);
    if (texts < TEXTS) return; /* a single swap of ranks would count for too much */
    CU_ASSERT_TRUE(shared >= b->overlap);
    CU_ASSERT_TRUE(fabs(change) <= b->spearman);
}

/* ---- the copy with large values ------------------------------------------------------------ */

static void copy_file(const char *from, const char *to, const char *name)
{
    char path[2048];
    size_t size;
    snprintf(path, sizeof path, "%s/%s", from, name);
    char *data = support_read_file(path, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    snprintf(path, sizeof path, "%s/%s", to, name);
    CU_ASSERT_TRUE_FATAL(support_write_file(path, data, size));
    free(data);
}

/* A tensor's numbers within the bytes of a safetensors file, all of it F32; NULL: not there. */
static float *find_tensor(char *file, unsigned layer, const char *name)
{
    char key[128];
    uint64_t header;
    unsigned long long begin = 0;
    memcpy(&header, file, sizeof header);
    snprintf(key, sizeof key, "encoder.layer.%u.attention.%s\"", layer, name);
    const char *at = strstr(file + 8, key);
    if (!at) return NULL;
    at = strstr(at, "\"data_offsets\"");
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    CU_ASSERT_EQUAL_FATAL(sscanf(strchr(at, '['), "[%llu", &begin), 1);
    return (float *)(void *)(file + 8 + header + begin);
}

static void scale_by(float *x, size_t count, size_t stride, float by)
{
    for (size_t i = 0; i < count; i++) x[i * stride] *= by;
}

/* Three value channels of each layer times 100, their columns of the output projection / 100. */
static void make_values_large(char *file)
{
    static const size_t channels[] = {3, 40, 77};
    unsigned layer = 0;
    float *value;
    for (; (value = find_tensor(file, layer, "self.value.weight")) != NULL; layer++) {
        float *bias = find_tensor(file, layer, "self.value.bias");
        float *out = find_tensor(file, layer, "output.dense.weight");
        for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
            scale_by(value + channels[i] * HIDDEN, HIDDEN, 1, 100.0f);
            scale_by(bias + channels[i], 1, 1, 100.0f);
            scale_by(out + channels[i], HIDDEN, HIDDEN, 0.01f);
        }
    }
    CU_ASSERT_TRUE(layer > 0);
}

static const char *make_large(const char *folder)
{
    const char *copy = support_tmp_path("large");
    char path[2048];
    size_t size;
    snprintf(path, sizeof path, "mkdir -p '%s/1_Pooling'", copy);
    CU_ASSERT_EQUAL_FATAL(system(path), 0);
    copy_file(folder, copy, "config.json");
    copy_file(folder, copy, "vocab.txt");
    copy_file(folder, copy, "tokenizer_config.json");
    copy_file(folder, copy, "1_Pooling/config.json");
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    char *file = support_read_file(path, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    make_values_large(file);
    snprintf(path, sizeof path, "%s/model.safetensors", copy);
    CU_ASSERT_TRUE_FATAL(support_write_file(path, file, size));
    free(file);
    return copy;
}

/* ---- the models ---------------------------------------------------------------------------- */

static void check_language(const char *language)
{
    char name[64], folder[1024];
    sentences s = {0};
    gte_runtime runtime;
    snprintf(name, sizeof name, "models/%s-embed-tiny", language);
    const char *shared = support_shared(name);
    if (!shared) return;
    snprintf(folder, sizeof folder, "%s", shared);
    if (!read_sentences(&s, language)) return;
    gte_runtime_describe(&runtime, sizeof runtime);
    const size_t texts = strcmp(runtime.isa, "scalar") == 0 ? TEXTS / 10 : TEXTS;
    float *want = embed(folder, "f32", &s, texts), *got = embed(folder, "bf16", &s, texts);
    compare(want, got, &s, texts, &bf16, language);
    free(got);
    got = embed(folder, "int8", &s, texts);
    compare(want, got, &s, texts, &int8, language);
    free(got);
    got = embed(make_large(folder), "int8", &s, texts);
    compare(want, got, &s, texts, &int8, "large values");
    free(got);
    free(want);
    for (size_t i = 0; i < TEXTS; i++) free(s.texts[i]);
}

static void test_english(void)
{
    check_language("en");
}

static void test_chinese(void)
{
    check_language("zh");
}

int main(void)
{
    static const support_case cases[] = {
        {"a model of English", test_english},
        {"a model of Chinese", test_chinese},
    };
    return SUPPORT_MAIN("int8", cases);
}
