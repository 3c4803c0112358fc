/* gte_convert as a whole: what it writes, from every form of weights, and what it leaves behind
 * when it cannot. The readers have their own programs, test_convert_*.c. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sha256.h"
#include "convert/convert.h"
#include "convert/element.h"
#include "model/format.h"
#include "model_dir.h"
#include "support.h"

static char notes[16384];

static void note(void *arg, const char *line)
{
    (void)arg;
    if (strlen(notes) + strlen(line) + 2 < sizeof notes) strcat(strcat(notes, line), "\n");
}

static gte_status convert(const char *dir, const char *out, gte_error *err)
{
    gte_convert_options options = {.note = note};
    notes[0] = '\0';
    return gte_convert(dir, out, &options, err);
}

/* Converts or fails the test with the converter's message; the file's bytes. */
static char *converted(const char *dir, size_t *size)
{
    gte_error err = {0};
    const char *out = support_tmp_path("converted.gte");
    gte_status status = convert(dir, out, &err);
    if (status != GTE_OK) fprintf(stderr, "\n%s: %s\n", dir, err.message);
    CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
    char *data = support_read_file(out, size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    return data;
}

static void compare_values(const float *values, const char *tensor, size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) wrong += values[i] != model_dir_weight(tensor, i);
    CU_ASSERT_EQUAL(wrong, 0);
}

static const gte__tensor_record *record(const char *data, uint32_t role, uint32_t layer)
{
    const gte__file_header *h = (const void *)data;
    const gte__tensor_record *r = (const void *)(data + h->sections[GTE__SECTION_TENSORS].offset);
    size_t n = h->sections[GTE__SECTION_TENSORS].size / sizeof *r;
    for (size_t i = 0; i < n; i++)
        if (r[i].role == role && r[i].layer == layer) return &r[i];
    return NULL;
}

static const float *values(const char *data, const gte__tensor_record *r)
{
    const gte__file_header *h = (const void *)data;
    return (const void *)(data + h->sections[GTE__SECTION_DATA].offset + r->offset);
}

/* `n` values of a linear layer's weight from its row `row` on: panels, base/panels.h. */
static void compare_panels(const char *data, const gte__tensor_record *r, size_t row,
                           const char *tensor, size_t n)
{
    const float *panels = values(data, r);
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        size_t out = row + i / r->cols, in = i % r->cols;
        size_t at = (out / 32 * r->cols + in) * 32 + out % 32;
        wrong += panels[at] != model_dir_weight(tensor, i);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    /* rows past the last are zero */
    CU_ASSERT_EQUAL(r->size, (r->rows + 31) / 32 * 32 * r->cols * sizeof(float));
    for (size_t i = 0; i < r->size / sizeof(float); i++)
        if (i / (32 * r->cols) * 32 + i % 32 >= r->rows) wrong += panels[i] != 0;
    CU_ASSERT_EQUAL(wrong, 0);
}

static void check_digest(const char *data, size_t size)
{
    gte__file_header h;
    memcpy(&h, data, sizeof h);
    uint8_t digest[32];
    memset(h.sha256, 0, sizeof h.sha256);
    gte__sha256 s;
    gte__sha256_init(&s);
    gte__sha256_update(&s, &h, sizeof h);
    gte__sha256_update(&s, data + sizeof h, size - sizeof h);
    gte__sha256_final(&s, digest);
    CU_ASSERT_EQUAL(memcmp(digest, ((const gte__file_header *)(const void *)data)->sha256, 32), 0);
}

static void layout(void)
{
    size_t size;
    char *data = converted(model_dir_make("layout", NULL), &size);
    const gte__file_header *h = (const void *)data;
    CU_ASSERT_EQUAL(memcmp(h->magic, GTE__MAGIC, 8), 0);
    CU_ASSERT_EQUAL(h->file_size, size);
    CU_ASSERT_EQUAL(h->hidden_size, 8);
    CU_ASSERT_EQUAL(h->max_tokens, 12);
    CU_ASSERT_EQUAL(h->pooling, GTE__POOL_MEAN);
    CU_ASSERT_EQUAL(h->normalize, 1);
    CU_ASSERT_EQUAL(h->activation, GTE__ACT_GELU_ERF);
    check_digest(data, size);
    const gte__tensor_record *r = record(data, GTE__WORD_EMBEDDINGS, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    compare_values(values(data, r), "embeddings.word_embeddings.weight", 128);
    static const char *const parts[] = {"query", "key", "value"};
    for (uint32_t layer = 0; layer < 2; layer++) {
        const gte__tensor_record *w = record(data, GTE__QKV_WEIGHT, layer);
        const gte__tensor_record *b = record(data, GTE__QKV_BIAS, layer);
        CU_ASSERT_TRUE_FATAL(w && b && w->rows == 24 && w->cols == 8 && b->rows == 1);
        CU_ASSERT_EQUAL(b->cols, 24);
        for (size_t i = 0; i < 3; i++) {
            char name[96];
            snprintf(name, sizeof name, "encoder.layer.%u.attention.self.%s.weight", layer,
                     parts[i]);
            compare_panels(data, w, i * 8, name, 64);
            snprintf(name, sizeof name, "encoder.layer.%u.attention.self.%s.bias", layer, parts[i]);
            compare_values(values(data, b) + i * 8, name, 8);
        }
    }
    r = record(data, GTE__FFN_DOWN_WEIGHT, 1);
    CU_ASSERT_TRUE_FATAL(r && r->rows == 8 && r->cols == 16);
    compare_panels(data, r, 0, "encoder.layer.1.output.dense.weight", 128);
    r = record(data, GTE__FFN_NORM_GAIN, 1);
    CU_ASSERT_TRUE_FATAL(r && r->rows == 1 && r->cols == 8);
    compare_values(values(data, r), "encoder.layer.1.output.LayerNorm.weight", 8);
    free(data);
}

/* The library itself opens it, verifies it and tells what the converter wrote. */
static void opens(void)
{
    const char *dir = model_dir_make("described", NULL), *out = support_tmp_path("described.gte");
    model_dir_put(dir, "README.md", "---\ntags:\n- mteb\nlicense: \"mit\" # yes\n---\n# A model\n");
    model_dir_put(dir, "config_sentence_transformers.json",
                  "{\"prompts\": {\"query\": \"Query: \", \"doc\": \"\"}, "
                  "\"default_prompt_name\": \"query\"}");
    model_dir_config(dir, "_name_or_path", "\"thenlper/gte-small\"");
    gte_error err = {0};
    CU_ASSERT_EQUAL_FATAL(gte_convert(dir, out, NULL, &err), GTE_OK);
    gte_model *model;
    gte_status status = gte_model_open(&model, out, NULL, &err);
    if (status != GTE_OK) fprintf(stderr, "\n%s\n", err.message);
    CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
    CU_ASSERT_EQUAL(gte_model_verify(model, &err), GTE_OK);
    gte_model_info info;
    gte_model_describe(model, &info, sizeof info);
    CU_ASSERT_EQUAL(info.layers, 2);
    CU_ASSERT_EQUAL(info.lowercase, 1);
    CU_ASSERT_EQUAL(info.vocab_size, 16);
    CU_ASSERT_STRING_EQUAL(gte_model_meta(model, "name"), "described");
    CU_ASSERT_STRING_EQUAL(gte_model_meta(model, "trained_from"), "thenlper/gte-small");
    CU_ASSERT_STRING_EQUAL(gte_model_meta(model, "license"), "mit");
    CU_ASSERT_STRING_EQUAL(gte_model_meta(model, "converter"), "gte " GTE_VERSION_STRING);
    CU_ASSERT_STRING_EQUAL(gte_model_meta(model, "prompt.query"), "Query: ");
    CU_ASSERT_STRING_EQUAL(gte_model_meta(model, "prompt.doc"), "");
    CU_ASSERT_STRING_EQUAL(gte_model_meta(model, "default_prompt_name"), "query");
    gte_model_close(&model);
}

/* Every way to store the same weights gives the same file, bit for bit. */
static void same_file(void)
{
    static const struct {
        const char *what;
        model_dir_options options;
        const char *bin; /* instead of safetensors */
    } ways[] = {{"prefix", {.prefix = "bert."}, NULL},
                {"other prefix", {.prefix = "encoder."}, NULL},
                {"old names", {.gamma_beta = true}, NULL},
                {"half", {.dtype = "F16"}, NULL},
                {"bfloat16", {.dtype = "BF16", .prefix = "bert.", .gamma_beta = true}, NULL},
                {"shards", {.shards = 3}, NULL},
                {"one shard", {.shards = 1, .dtype = "F16"}, NULL},
                {"more tensors", {.extras = true}, NULL},
                {"torch", {0}, "plain.bin"},
                {"torch, half", {0}, "half.bin"},
                {"torch, views", {0}, "views.bin"},
                {"torch, zip64", {0}, "zip64.bin"}};
    size_t size;
    char *expected = converted(model_dir_make("same", NULL), &size);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        mkdir(support_tmp_path("way%zu", i), 0755);
        char inner[64]; /* the directory's name goes into the file */
        snprintf(inner, sizeof inner, "way%zu/same", i);
        const char *dir = model_dir_make(inner, &ways[i].options);
        if (ways[i].bin) {
            char path[128];
            size_t bin_size;
            snprintf(path, sizeof path, "tests/golden/torch/%s", ways[i].bin);
            char *bin = support_read_file(path, &bin_size);
            CU_ASSERT_PTR_NOT_NULL_FATAL(bin);
            model_dir_put(dir, "model.safetensors", NULL);
            model_dir_put_bytes(dir, "pytorch_model.bin", bin, bin_size);
            free(bin);
        }
        size_t n;
        char *data = converted(dir, &n);
        bool same = n == size && memcmp(data, expected, n) == 0;
        if (!same) fprintf(stderr, "\n%s differs\n", ways[i].what);
        CU_ASSERT_TRUE(same);
        if (ways[i].options.extras) {
            CU_ASSERT_PTR_NOT_NULL(
                strstr(notes, "ignored tensor pooler.dense.weight F32 [8, 8]\n"));
            CU_ASSERT_PTR_NOT_NULL(
                strstr(notes, "ignored tensor embeddings.position_ids I64 [1, 3]\n"));
        }
        free(data);
    }
    free(expected);
}

/* All 65536 halves and bfloat16s, against the definition in double. */
static void halves(void)
{
    size_t wrong = 0;
    for (uint32_t bits = 0; bits < 65536; bits++) {
        int e = (int)(bits >> 10 & 31), f = (int)(bits & 1023);
        double sign = bits & 0x8000 ? -1 : 1, expected;
        if (e == 31)
            expected = f ? (double)NAN : sign * (double)INFINITY;
        else
            expected = sign * (e ? ldexp(1024 + f, e - 25) : ldexp(f, -24));
        float got = convert__f16_to_f32((uint16_t)bits);
        if (isnan(expected) ? !isnan(got) : (double)got != expected || !signbit(got) != (sign > 0))
            wrong++;
        float wide = convert__bf16_to_f32((uint16_t)bits);
        uint32_t back;
        memcpy(&back, &wide, sizeof back);
        wrong += back != bits << 16;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void poisoned(void)
{
    static const struct {
        model_dir_options options;
        const char *what;
    } cases[] = {
        {{.poison = "encoder.layer.1.attention.self.key.weight", .poison_bits = 0x7fc00000},
         "element 3 (row 0, column 3) is NaN"},
        {{.poison = "embeddings.LayerNorm.bias", .poison_bits = 0xff800000}, "is infinite"},
        {{.dtype = "F16", .poison = "encoder.layer.0.output.dense.bias", .poison_bits = 0x7c00},
         "is infinite"},
        {{.dtype = "BF16", .poison = "encoder.layer.0.output.dense.bias", .poison_bits = 0x7fc1},
         "is NaN"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gte_error err = {0};
        const char *dir = model_dir_make("poisoned", &cases[i].options);
        const char *out = support_tmp_path("poisoned.gte");
        CU_ASSERT_EQUAL(convert(dir, out, &err), GTE_E_FORMAT);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, cases[i].what));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, cases[i].options.poison));
        CU_ASSERT_EQUAL(access(out, F_OK), -1);
    }
    /* in a tensor that is not needed it does no harm */
    model_dir_options unused = {
        .extras = true, .poison = "pooler.dense.weight", .poison_bits = ~0u};
    gte_error err = {0};
    CU_ASSERT_EQUAL(convert(model_dir_make("pooler", &unused), support_tmp_path("p.gte"), &err),
                    GTE_OK);
}

static void wrong_tensors(void)
{
    static const struct {
        model_dir_options options;
        gte_status status;
        const char *what;
    } cases[] = {
        {{.drop = "encoder.layer.1.attention.output.dense.weight"},
         GTE_E_FORMAT,
         "model.safetensors: tensor encoder.layer.1.attention.output.dense.weight is missing; "
         "expected [8, 8]"},
        {{.drop = "encoder.layer.0.output.LayerNorm.bias", .prefix = "bert."},
         GTE_E_FORMAT,
         "tensor bert.encoder.layer.0.output.LayerNorm.bias is missing"},
        {{.drop = "embeddings.word_embeddings.weight"}, GTE_E_FORMAT, "embeddings.word_embeddings"},
        {{.twice = "encoder.layer.0.intermediate.dense.weight"},
         GTE_E_FORMAT,
         "model.safetensors: tensor encoder.layer.0.intermediate.dense.weight: expected shape "
         "[16, 8], found [17, 8]"},
        {{.twice = "embeddings.LayerNorm.weight"},
         GTE_E_FORMAT,
         "expected shape [8], found [2, 8]"},
        {{.twice = "embeddings.word_embeddings.weight"}, GTE_E_FORMAT, "[16, 8], found [17, 8]"},
        {{.dtype = "I64"}, GTE_E_UNSUPPORTED, "expected F32, F16 or BF16, found I64"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gte_error err = {0};
        const char *dir = model_dir_make("wrong", &cases[i].options);
        CU_ASSERT_EQUAL(convert(dir, support_tmp_path("wrong.gte"), &err), cases[i].status);
        if (!strstr(err.message, cases[i].what)) fprintf(stderr, "\n%s\n", err.message);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, cases[i].what));
    }
}

/* The reference models, when they are there. */
static void real_models(void)
{
    static const char *const names[] = {"en-embed-tiny", "zh-embed-tiny", "zh-cls-tiny",
                                        "zh-ner-tiny"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "models/%s", names[i]);
        const char *dir = support_shared(name);
        if (!dir) return;
        gte_error err = {0};
        const char *out = support_tmp_path("real.gte");
        gte_model *model;
        CU_ASSERT_EQUAL_FATAL(convert(dir, out, &err), GTE_OK);
        CU_ASSERT_EQUAL_FATAL(gte_model_open(&model, out, NULL, &err), GTE_OK);
        CU_ASSERT_EQUAL(gte_model_verify(model, &err), GTE_OK);
        CU_ASSERT_STRING_EQUAL(gte_model_meta(model, "name"), names[i]);
        gte_model_close(&model);
    }
}

int main(void)
{
    static const support_case cases[] = {
        {"the file holds the weights where the format says", layout},
        {"the library opens and describes it", opens},
        {"every form of weights gives the same file", same_file},
        {"halves widen exactly", halves},
        {"NaN and infinity are refused", poisoned},
        {"missing and misshapen tensors", wrong_tensors},
        {"the reference models", real_models},
    };
    return SUPPORT_MAIN("convert", cases);
}
