/* The safetensors reader on headers that lie: every number, name and shape; files cut anywhere; the
 * shards of an index. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/checkpoint.h"
#include "convert/convert.h"
#include "model_dir.h"
#include "support.h"

/* A file of `header` and `body` bytes of zeros in a block of exactly its size, so that a sanitizer
 * sees the first byte read outside. */
static uint8_t *build(const char *header, size_t body, size_t *size)
{
    uint64_t length = strlen(header);
    *size = 8 + (size_t)length + body;
    uint8_t *data = calloc(*size, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    memcpy(data, &length, 8);
    memcpy(data + 8, header, (size_t)length);
    return data;
}

static gte_status parse(const uint8_t *data, size_t size, size_t *count, gte_error *err)
{
    convert__checkpoint checkpoint = {0};
    gte_status status = convert__safetensors_parse(&checkpoint, "f", data, size, err);
    if (status == GTE_OK) status = convert__checkpoint_sort(&checkpoint, err);
    *count = checkpoint.count;
    convert__checkpoint_close(&checkpoint);
    return status;
}

#define T(dtype, shape, begin, end)                                                                \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

static void headers(void)
{
    static const struct {
        const char *header;
        size_t body;
        const char *what; /* NULL: accepted */
    } cases[] = {
        {"{\"a\":" T("F32", "[2]", "0", "8") "}", 8, NULL},
        {"{\"a\":" T("F32", "[2]", "0", "8") "}   ", 8, NULL},
        {"{}", 0, NULL},
        {"{\"a\":" T("F32", "[0,3]", "0", "0") ",\"b\":" T("U8", "[1]", "0", "1") "}", 1, NULL},
        {"{\"a\":" T("F32", "[]", "0", "4") "}", 4, NULL},
        {"{\"a\":" T("F8_E4M3", "[3]", "0", "5") "}", 5, NULL},
        {"{\"b\":" T("F16", "[2]", "8", "12") ",\"a\":" T("F32", "[2]", "0", "8") "}", 12, NULL},
        {"{\"a\":" T("F32", "[2]", "0", "8") "}", 7, "begin <= end <= 7"},
        {"{\"a\":" T("F32", "[2]", "0", "8") "}", 9,
         "9 bytes after the header, its tensors name 8"},
        {"{\"a\":" T("F32", "[2]", "8", "0") "}", 8, "begin <= end"},
        {"{\"a\":" T("F32", "[2]", "-8", "0") "}", 8, "data_offsets: expected whole numbers"},
        {"{\"a\":" T("F32", "[2]", "0", "-8") "}", 8, "data_offsets: expected whole numbers"},
        {"{\"a\":" T("F32", "[2]", "0.0", "8") "}", 8, "data_offsets: expected whole numbers"},
        {"{\"a\":" T("F32", "[2]", "\"0\"", "8") "}", 8, "data_offsets: expected whole numbers"},
        {"{\"a\":" T("F32", "[2]", "0", "9223372036854775807") "}", 8, "begin <= end"},
        {"{\"a\":" T("F32", "[2]", "0", "18446744073709551615") "}", 8, "not valid JSON"},
        {"{\"a\":" T("F32", "[2]", "0", "8,9") "}", 8, "a shorter list"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, "begin <= end"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "a.data_offsets: expected an array"},
        {"{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "a.dtype: expected a string"},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "a.shape: expected an array"},
        {"{\"a\":" T("F32", "[-2]", "0", "8") "}", 8, "a.shape: expected whole numbers"},
        {"{\"a\":" T("F32", "[2.0]", "0", "8") "}", 8, "a.shape: expected whole numbers"},
        {"{\"a\":" T("F32", "[1,1,1,1,1,1,1,1,2]", "0", "8") "}", 8, "a shorter list"},
        {"{\"a\":" T("F32", "[3]", "0", "8") "}", 8, "F32 [3] needs 12 bytes, found 8"},
        {"{\"a\":" T("F32", "[4611686018427387904]", "0", "8") "}", 8, "more bytes than memory"},
        {"{\"a\":" T("F32", "[4294967296,4294967296]", "0", "0") "}", 0, "more bytes than memory"},
        {"{\"a\":" T("F32", "[4294967296,4294967296,0]", "0", "0") "}", 0, NULL},
        {"{\"a\":" T("F32", "[2]", "0", "8") ",\"b\":" T("F32", "[2]", "4", "12") "}", 12,
         "b: data_offsets begin at 4, inside the tensor before it"},
        {"{\"a\":" T("F32", "[2]", "0", "8") ",\"b\":" T("F32", "[2]", "0", "8") "}", 8, "inside"},
        {"{\"a\":" T("F32", "[2]", "0", "8") ",\"b\":" T("F32", "[2]", "12", "20") "}", 20,
         "with a hole after the tensor before it, which ends at 8"},
        {"{\"a\":" T("F32", "[2]", "4", "12") "}", 12, "with a hole"},
        {"{\"a\":" T("F32", "[2]", "0", "8") ",\"a\":" T("F32", "[2]", "8", "16") "}", 16,
         "duplicate"},
        {"{\"a\":[]}", 0, "a: expected an object"},
        {"[]", 0, "expected a JSON object"},
        {"{", 0, "not valid JSON"},
        {"", 0, "not valid JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size, count;
        gte_error err = {0};
        uint8_t *data = build(cases[i].header, cases[i].body, &size);
        gte_status status = parse(data, size, &count, &err);
        bool right = cases[i].what ? status == GTE_E_FORMAT && strstr(err.message, cases[i].what)
                                   : status == GTE_OK;
        if (!right) fprintf(stderr, "\n%s: %d %s\n", cases[i].header, status, err.message);
        CU_ASSERT_TRUE(right);
        free(data);
    }
}

static void header_sizes(void)
{
    static const struct {
        uint64_t size;
        const char *what;
    } cases[] = {{(uint64_t)4 << 30, "a header of 4294967296 bytes; the limit is 100000000"},
                 {UINT64_MAX, "the limit is"},
                 {100000001, "the limit is"},
                 {100000000, "the file was cut"},
                 {9, "a header of 9 bytes in a file of 16: the file was cut"}};
    uint8_t data[16] = {0};
    size_t count;
    gte_error err;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memcpy(data, &cases[i].size, 8);
        CU_ASSERT_EQUAL(parse(data, sizeof data, &count, &err), GTE_E_FORMAT);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, cases[i].what));
    }
    for (size_t n = 0; n < 8; n++) {
        CU_ASSERT_EQUAL(parse(data, n, &count, &err), GTE_E_FORMAT);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "too short"));
    }
}

/* A whole model, cut at many places and with single bytes changed: an error or a sound reading. */
static void damaged(void)
{
    char path[1100];
    size_t size, count;
    gte_error err;
    snprintf(path, sizeof path, "%s/model.safetensors", model_dir_make("damaged", NULL));
    char *whole = support_read_file(path, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(whole);
    CU_ASSERT_EQUAL(parse((const uint8_t *)whole, size, &count, &err), GTE_OK);
    CU_ASSERT_EQUAL(count, 37);
    size_t accepted = 0;
    for (size_t n = 0; n < size; n += 1 + n / 32) {
        uint8_t *cut = malloc(n ? n : 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(cut);
        memcpy(cut, whole, n);
        accepted += parse(cut, n, &count, &err) == GTE_OK;
        free(cut);
    }
    CU_ASSERT_EQUAL(accepted, 0);
    uint64_t seed = 11;
    for (int i = 0; i < 3000; i++) {
        size_t at = support_random(&seed) % 4000;
        char before = whole[at];
        whole[at] = (char)support_random(&seed);
        parse((const uint8_t *)whole, size, &count, &err);
        whole[at] = before;
    }
    free(whole);
}

static void expect_convert(const char *dir, gte_status status, const char *what)
{
    gte_error err = {0};
    gte_status got = gte_convert(dir, support_tmp_path("out.gte"), NULL, &err);
    if (got != status || !strstr(err.message, what))
        fprintf(stderr, "\nexpected %s\n     got %d %s\n", what, got, err.message);
    CU_ASSERT_EQUAL(got, status);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, what));
}

static void shards(void)
{
#define INDEX "model.safetensors.index.json"
    static const struct {
        const char *index;
        gte_status status;
        const char *what;
    } cases[] = {
        {"{}", GTE_E_FORMAT, INDEX ": weight_map: expected an object"},
        {"{\"weight_map\":{\"a\":1}}", GTE_E_FORMAT, "weight_map.a: expected the name of a file"},
        {"{\"weight_map\":{\"a\":\"../x\"}}", GTE_E_FORMAT, "expected the name of a file"},
        {"{\"weight_map\":{\"a\":\"..\"}}", GTE_E_FORMAT, "not a path inside"},
        {"{\"weight_map\":{\"a\":\"no.safetensors\"}}", GTE_E_IO, "no.safetensors: No such file"},
        {"{\"weight_map\":{\"a\":\"model-00001-of-00002.safetensors\"}}", GTE_E_FORMAT,
         INDEX ": tensor a is not in model-00001-of-00002.safetensors"},
        {"{\"weight_map\":{}}", GTE_E_FORMAT, "embeddings.word_embeddings.weight is missing"},
        {"{\"weight_map\":{\"embeddings.word_embeddings.weight\":"
         "\"model-00001-of-00002.safetensors\",\"b\":\"copy.safetensors\"}}",
         GTE_E_FORMAT, "stands twice, in"},
    };
    model_dir_options options = {.shards = 2};
    const char *dir = model_dir_make("shards", &options);
    char path[1100];
    size_t size;
    snprintf(path, sizeof path, "%s/model-00001-of-00002.safetensors", dir);
    char *data = support_read_file(path, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    model_dir_put_bytes(dir, "copy.safetensors", data, size);
    expect_convert(dir, GTE_OK, "");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        model_dir_put(dir, INDEX, cases[i].index);
        expect_convert(dir, cases[i].status, cases[i].what);
    }
    model_dir_put(dir, INDEX, NULL);
    expect_convert(dir, GTE_E_IO, "no weights: expected model.safetensors, pytorch_model.bin");
    free(data);
}

static void two_encoders(void)
{
    size_t size;
    const char *dir = model_dir_make("two", NULL);
    uint8_t *data =
        build("{\"a.embeddings.word_embeddings.weight\":" T(
                  "F32", "[2]", "0",
                  "8") ",\"b.embeddings.word_embeddings.weight\":" T("F32", "[2]", "8", "16") "}",
              16, &size);
    model_dir_put_bytes(dir, "model.safetensors", data, size);
    expect_convert(dir, GTE_E_UNSUPPORTED, "two encoders in one checkpoint: a.emb");
    free(data);
    model_dir_put(dir, "model.safetensors", "");
    expect_convert(dir, GTE_E_FORMAT, "model.safetensors: 0 bytes, too short");
}

int main(void)
{
    static const support_case cases[] = {
        {"headers", headers},
        {"the size of the header", header_sizes},
        {"cut and damaged files", damaged},
        {"shards and their index", shards},
        {"two encoders, no bytes", two_encoders},
    };
    return SUPPORT_MAIN("convert safetensors", cases);
}
