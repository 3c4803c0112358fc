/* What the converter's caller may choose, and what it is told: notes for --verbose, warnings for
 * what was guessed or dropped. What the files decide is test_convert_config.c's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/convert.h"
#include "model_dir.h"
#include "support.h"

/* Of the last conversion. */
static char notes[16384], name[64];
static gte_model_info info;

static void note(void *arg, const char *line)
{
    (void)arg;
    if (strlen(notes) + strlen(line) + 2 < sizeof notes) strcat(strcat(notes, line), "\n");
}

static void warning(void *arg, const char *line)
{
    note(arg, "warning:");
    note(arg, line);
}

static gte_status try_convert(const char *dir, const char *asked, gte_pooling pooling,
                              const char *out, gte_error *err)
{
    gte_convert_options options = {
        .note = note, .warning = warning, .pooling = pooling, .name = asked};
    notes[0] = '\0';
    return gte_convert(dir, out, &options, err);
}

/* Converts or fails the test; then `notes`, `name` and `info` are filled. */
static void convert(const char *dir, const char *asked, gte_pooling pooling)
{
    gte_error err = {0};
    gte_model *model;
    const char *out = support_tmp_path("told.gte");
    gte_status status = try_convert(dir, asked, pooling, out, &err);
    if (status != GTE_OK) fprintf(stderr, "\n%s: %s\n", dir, err.message);
    CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_model_open(&model, out, NULL, &err), GTE_OK);
    gte_model_describe(model, &info, sizeof info);
    snprintf(name, sizeof name, "%s", gte_model_meta(model, "name"));
    gte_model_close(&model);
}

static gte_pooling converted_pooling(const char *dir, gte_pooling asked)
{
    convert(dir, NULL, asked);
    return info.pooling;
}

static void expect_refused(const char *dir, const char *message)
{
    gte_error err = {0};
    const char *out = support_tmp_path("refused.gte");
    CU_ASSERT_EQUAL(try_convert(dir, NULL, GTE_POOLING_MODEL, out, &err), GTE_E_IO);
    if (!strstr(err.message, message)) fprintf(stderr, "\n%s\n", err.message);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, message));
}

/* The caller's choice goes before what the directory says, and is no guess. */
static void pooling_asked(void)
{
    static const char *const pools[] = {"{\"pooling_mode_cls_token\": true}",
                                        "{\"pooling_mode\": \"mean\"}",
                                        "{\"pooling_mode\": \"max\"}", NULL};
    for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++) {
        const char *dir = model_dir_make("asked", NULL);
        model_dir_put(dir, "1_Pooling/config.json", pools[i]);
        CU_ASSERT_EQUAL(converted_pooling(dir, GTE_POOLING_CLS), GTE_POOLING_CLS);
        CU_ASSERT_EQUAL(converted_pooling(dir, GTE_POOLING_MEAN), GTE_POOLING_MEAN);
        CU_ASSERT_PTR_NULL(strstr(notes, "warning:"));
    }
}

/* What --verbose lists. */
static void told(void)
{
    const char *dir = model_dir_make("told", NULL);
    model_dir_put(dir, "config_sentence_transformers.json",
                  "{\"prompts\": {\"query\": \"search: \"}}");
    convert(dir, NULL, GTE_POOLING_MODEL);
    CU_ASSERT_PTR_NOT_NULL(strstr(notes, "read config.json, "));
    CU_ASSERT_PTR_NOT_NULL(strstr(notes, "read model.safetensors, "));
    CU_ASSERT_PTR_NOT_NULL(strstr(notes, "tokenizer: wordpiece from vocab.txt, 16 ids, "));
    CU_ASSERT_PTR_NOT_NULL(strstr(notes, "pooling: mean; longest input: 12 tokens\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(notes, "prompt query: \"search: \"\n"));
    CU_ASSERT_PTR_NULL(strstr(notes, "warning:"));
}

/* One more tensor, without elements, in the header of model.safetensors. */
static void add_tensor(const char *dir, const char *tensor)
{
    char path[512], entry[128];
    size_t size;
    uint64_t length;
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    char *old = support_read_file(path, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(old);
    int n = snprintf(entry, sizeof entry,
                     "{\"%s\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},", tensor);
    char *data = malloc(size + sizeof entry);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    memcpy(&length, old, sizeof length);
    length += (uint64_t)n - 1;
    memcpy(data, &length, sizeof length);
    memcpy(data + 8, entry, (size_t)n);
    memcpy(data + 8 + n, old + 9, size - 9);
    model_dir_put_bytes(dir, "model.safetensors", data, size + (size_t)n - 1);
    free(data);
    free(old);
}

/* A head that is left out is told; the pooler, which most checkpoints carry, is not. */
static void heads(void)
{
    const model_dir_options inside = {.prefix = "bert.", .extras = true}, bare = {.extras = true};
    const char *dir = model_dir_make("heads", &inside);
    convert(dir, NULL, GTE_POOLING_MODEL);
    CU_ASSERT_PTR_NULL(strstr(notes, "dropped"));
    model_dir_config(dir, "architectures", "[\"BertForMultipleChoice\"]");
    convert(dir, NULL, GTE_POOLING_MODEL);
    CU_ASSERT_PTR_NULL(strstr(notes, "dropped"));
    add_tensor(dir, "classifier.weight");
    add_tensor(dir, "classifier.bias");
    convert(dir, NULL, GTE_POOLING_MODEL);
    CU_ASSERT_PTR_NOT_NULL(strstr(notes, "config.json says BertForMultipleChoice; its head "
                                         "(classifier.*) is dropped, the vectors are those of the "
                                         "encoder\n"));
    dir = model_dir_make("heads", &bare);
    add_tensor(dir, "linear.weight");
    add_tensor(dir, "cls.weight");
    convert(dir, NULL, GTE_POOLING_MODEL);
    CU_ASSERT_PTR_NOT_NULL(strstr(notes, "cls.*, linear.* stands beside the encoder"));
}

/* Of the names under which RaNER's linear layer stands the first that is one. */
static void crf_beside_others(void)
{
    const model_dir_options options = {.crf = true};
    convert(model_dir_make("crf", &options), NULL, GTE_POOLING_MODEL);
    CU_ASSERT_PTR_NOT_NULL(strstr(notes, "head: token, 3 labels, CRF\n"));
}

/* What gte info shows as the name, by the directory and by what the caller asks. */
static void names(void)
{
    const char *dir = model_dir_make("names", NULL);
    char path[512];
    snprintf(path, sizeof path, "%s/1_Pooling/..//", dir);
    convert(path, NULL, GTE_POOLING_MODEL);
    CU_ASSERT_STRING_EQUAL(name, "names");
    convert(path, "a name", GTE_POOLING_MODEL);
    CU_ASSERT_STRING_EQUAL(name, "a name");
}

static void no_model_here(void)
{
    const char *dir = model_dir_make("empty", NULL);
    model_dir_put(dir, "config.json", NULL);
    expect_refused(
        dir,
        "empty/config.json: No such file or directory; expected a HuggingFace model directory");
    expect_refused(
        "thenlper/gte-small",
        "thenlper/gte-small: No such file or directory (nothing is downloaded: give a local "
        "directory)");
}

int main(void)
{
    static const support_case cases[] = {
        {"the pooling that is asked for", pooling_asked},
        {"what is read is told", told},
        {"heads that are left out", heads},
        {"a CRF's layer beside others", crf_beside_others},
        {"the model's name", names},
        {"no model here", no_model_here},
    };
    return SUPPORT_MAIN("convert told", cases);
}
