/* Opening model files that are broken: every field of a good one in turn, cut at every 4 KB, random
 * bytes; first in f32, then in int8. Each must end in a status, never in a crash; a file that still
 * opens must still be safe to use. What is no model file: test_model_files.c. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/convert.h"
#include "model/format.h"
#include "support.h"

#define TINY "tests/golden/tiny"

static char good_path[1024];
static unsigned char *good, *copy; /* aligned to 64 */
static size_t good_size;

static unsigned char *aligned_copy(const void *data, size_t size)
{
    unsigned char *p = aligned_alloc(64, (size + 127) / 64 * 64);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    memcpy(p, data, size);
    return p;
}

static void check_good(const char *dtype)
{
    const gte_convert_options convert = {.dtype = dtype};
    gte_error err = {0};
    snprintf(good_path, sizeof good_path, "%s", support_tmp_path("good.gte"));
    CU_ASSERT_EQUAL_FATAL(gte_convert(TINY, good_path, &convert, &err), GTE_OK);
    char *data = support_read_file(good_path, &good_size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    good = aligned_copy(data, good_size);
    copy = aligned_copy(data, good_size);
    free(data);

    gte_model *model = NULL;
    gte_model_options options = GTE_MODEL_OPTIONS_INIT;
    options.verify = 1;
    CU_ASSERT_EQUAL_FATAL(gte_model_open(&model, good_path, &options, &err), GTE_OK);
    CU_ASSERT_EQUAL(err.status, GTE_OK);
    gte_model_close(&model);
    CU_ASSERT_PTR_NULL(model);
    CU_ASSERT_EQUAL_FATAL(gte_model_open_memory(&model, good, good_size, &options, &err), GTE_OK);
    gte_model_close(&model);
    gte_model_close(&model);
    gte_model_close(NULL);
}

static void test_good(void)
{
    check_good("f32");
}

/* From here on the bytes are those of an int8 file, which has more tensors. */
static void test_good_int8(void)
{
    free(good);
    free(copy);
    check_good("int8");
}

static gte_status open_copy(gte_model **model, gte_error *err)
{
    memset(err, 0x5a, sizeof *err);
    gte_status status = gte_model_open_memory(model, copy, good_size, NULL, err);
    CU_ASSERT_EQUAL(status, err->status);
    CU_ASSERT_EQUAL(status == GTE_OK, *model != NULL);
    CU_ASSERT_PTR_NOT_NULL(memchr(err->message, 0, sizeof err->message));
    return status;
}

/* What a caller does with a model that opened; the results may be nonsense. */
static void use(gte_model *model)
{
    static float out[GTE__MAX_HIDDEN];
    static gte_token tokens[256];
    gte_context_options small = GTE_CONTEXT_OPTIONS_INIT;
    gte_model_info info;
    gte_error err;
    size_t count;
    small.threads = 1;
    small.batch_tokens = 1;
    gte_model_describe(model, &info, sizeof info);
    for (size_t i = 0; i < gte_model_meta_count(model); i++)
        CU_ASSERT_PTR_NOT_NULL(gte_model_meta_value(model, i));
    gte_text text = {"w5 w17 [SEP] xyz \xe4\xb8\xad w199", 24, "w6", 2};
    (void)gte_tokenize(model, text, 0, 64, tokens, 256, &count, NULL, &err);
    (void)gte_token_text(model, 7, &count);
    gte_context *ctx = NULL;
    if (info.max_tokens > 4096 || gte_context_create(&ctx, model, &small, &err) != GTE_OK) return;
    (void)gte_embed(ctx, &text, 1, NULL, out, GTE__MAX_HIDDEN, &err);
    gte_context_free(&ctx);
}

/* ---- the header, field by field ------------------------------------------------------------ */

typedef struct broken_field {
    const char *name;
    size_t offset;
    size_t size;
    gte_status status;
    uint64_t values[6];
    size_t count;
} broken_field;

#define FIELD(field) #field, offsetof(gte__file_header, field), sizeof((gte__file_header *)0)->field
#define VALUES(...) {__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)
#define SECTION(i) "sections[" #i "].offset", offsetof(gte__file_header, sections[i].offset), 8
#define SECTION_SIZE(i) "sections[" #i "].size", offsetof(gte__file_header, sections[i].size), 8
#define ALL UINT64_MAX
#define SOME 0xffffffffu

static const broken_field broken_fields[] = {
    {FIELD(magic), GTE_E_FORMAT, VALUES(0, ALL, 0x4c45444f4d455448)},
    {FIELD(version), GTE_E_VERSION, VALUES(0, 1, 3, SOME)},
    {FIELD(header_size), GTE_E_FORMAT, VALUES(0, 255, 257, SOME)},
    {FIELD(file_size), GTE_E_FORMAT, VALUES(0, 1, 256, 1u << 30, ALL)},
    {SECTION(0), GTE_E_FORMAT, VALUES(0, 1, 64, ALL, ALL - 4095, 1ull << 63)},
    {SECTION(1), GTE_E_FORMAT, VALUES(0, 1, 64, ALL, ALL - 4095, 1ull << 63)},
    {SECTION(2), GTE_E_FORMAT, VALUES(0, 1, 64, ALL, ALL - 4095, 1ull << 63)},
    {SECTION(3), GTE_E_FORMAT, VALUES(0, 1, 64, ALL, ALL - 4095, 1ull << 63)},
    {SECTION_SIZE(0), GTE_E_FORMAT, VALUES(1, 1u << 30, ALL, ALL - 4095)},
    {SECTION_SIZE(1), GTE_E_FORMAT, VALUES(0, 1, 127, 1u << 30, ALL, ALL - 4095)},
    {SECTION_SIZE(2), GTE_E_FORMAT, VALUES(0, 1, 48, 1u << 30, ALL, ALL - 4095)},
    {SECTION_SIZE(3), GTE_E_FORMAT, VALUES(0, 1, 64, 1u << 30, ALL, ALL - 4095)},
    {FIELD(architecture), GTE_E_FORMAT, VALUES(0, 2, SOME)},
    {FIELD(activation), GTE_E_FORMAT, VALUES(0, 3, SOME)},
    {FIELD(hidden_size), GTE_E_FORMAT, VALUES(0, 1, 31, 64, 1u << 31, SOME)},
    {FIELD(layers), GTE_E_FORMAT, VALUES(0, 1, 3, 1u << 31, SOME)},
    {FIELD(heads), GTE_E_FORMAT, VALUES(0, 3, 64, 1u << 31, SOME)},
    {FIELD(ffn_size), GTE_E_FORMAT, VALUES(0, 63, 65, 1u << 31, SOME)},
    {FIELD(vocab_size), GTE_E_FORMAT, VALUES(0, 199, 201, 1u << 31, SOME)},
    {FIELD(max_positions), GTE_E_FORMAT, VALUES(0, 1, 63, 65, 1u << 31, SOME)},
    {FIELD(type_vocab_size), GTE_E_FORMAT, VALUES(0, 1, 3, 1u << 31, SOME)},
    {FIELD(max_tokens), GTE_E_FORMAT, VALUES(0, 1, 65, 1u << 31, SOME)},
    {FIELD(pooling), GTE_E_FORMAT, VALUES(0, 3, SOME)},
    {FIELD(normalize), GTE_E_FORMAT, VALUES(2, SOME)},
    {FIELD(linear_dtype), GTE_E_FORMAT, VALUES(1, 3, SOME)},
    {FIELD(table_dtype), GTE_E_FORMAT, VALUES(1, 3, SOME)},
    /* 0, -1, infinity, NaN, 2 */
    {FIELD(layer_norm_eps), GTE_E_FORMAT,
     VALUES(0, 0xbf800000, 0x7f800000, 0x7fc00000, 0x40000000)},
    {"reserved[0]", offsetof(gte__file_header, reserved), 1, GTE_E_FORMAT, VALUES(1)},
    {"reserved[55]", offsetof(gte__file_header, reserved) + 55, 1, GTE_E_FORMAT, VALUES(255)},
};

static void test_header_fields(void)
{
    gte_error err;
    gte_model *model;
    for (size_t i = 0; i < sizeof broken_fields / sizeof broken_fields[0]; i++) {
        const broken_field *f = &broken_fields[i];
        for (size_t v = 0; v < f->count; v++) {
            memcpy(copy + f->offset, &f->values[v], f->size); /* little-endian */
            gte_status status = open_copy(&model, &err);
            if (status != f->status)
                printf("\n    %s = %#llx: %s %s", f->name, (unsigned long long)f->values[v],
                       gte_status_name(status), err.message);
            CU_ASSERT_EQUAL(status, f->status);
            CU_ASSERT_TRUE(err.message[0] != '\0' && err.offset <= good_size);
            gte_model_close(&model);
        }
        memcpy(copy + f->offset, good + f->offset, f->size);
    }
    CU_ASSERT_EQUAL(open_copy(&model, &err), GTE_OK);
    gte_model_close(&model);
}

/* f32 for int8 and int8 for f32: the tensors are others. */
static void test_other_types(void)
{
    static const size_t at[] = {offsetof(gte__file_header, linear_dtype),
                                offsetof(gte__file_header, table_dtype)};
    for (size_t i = 0; i < 2; i++) {
        gte_error err;
        gte_model *model;
        copy[at[i]] ^= 2;
        CU_ASSERT_EQUAL(open_copy(&model, &err), GTE_E_FORMAT);
        copy[at[i]] ^= 2;
    }
}

/* The error points at the field. */
static void test_error_offsets(void)
{
    static const size_t at[] = {
        offsetof(gte__file_header, version),        offsetof(gte__file_header, header_size),
        offsetof(gte__file_header, file_size),      offsetof(gte__file_header, architecture),
        offsetof(gte__file_header, activation),     offsetof(gte__file_header, pooling),
        offsetof(gte__file_header, layer_norm_eps),
    };
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        gte_error err;
        gte_model *model;
        memset(copy + at[i], 0xff, 4);
        CU_ASSERT_NOT_EQUAL(open_copy(&model, &err), GTE_OK);
        CU_ASSERT_EQUAL(err.offset, at[i]);
        memcpy(copy + at[i], good + at[i], 4);
    }
}

static void test_digest(void)
{
    gte_model_options options = GTE_MODEL_OPTIONS_INIT;
    gte_error err;
    gte_model *model;
    size_t at = offsetof(gte__file_header, sha256);
    copy[at + 31] ^= 1;
    CU_ASSERT_EQUAL_FATAL(gte_model_open_memory(&model, copy, good_size, NULL, &err), GTE_OK);
    CU_ASSERT_EQUAL(gte_model_verify(model, &err), GTE_E_CHECKSUM);
    gte_model_close(&model);
    options.verify = 1;
    CU_ASSERT_EQUAL(gte_model_open_memory(&model, copy, good_size, &options, &err), GTE_E_CHECKSUM);
    CU_ASSERT_PTR_NULL(model);
    copy[at + 31] ^= 1;
    /* one bit of the last weight */
    copy[good_size - 3] ^= 1;
    CU_ASSERT_EQUAL(gte_model_open_memory(&model, copy, good_size, &options, &err), GTE_E_CHECKSUM);
    copy[good_size - 3] ^= 1;
}

/* ---- sections ------------------------------------------------------------------------------ */

/* Every byte of a range set to some values, one at a time; opens or not, but safely. */
static void break_bytes(size_t offset, size_t size)
{
    static const unsigned char values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    gte_error err;
    gte_model *model;
    for (size_t at = offset; at < offset + size; at++) {
        for (size_t v = 0; v < sizeof values; v++) {
            copy[at] = values[v];
            if (open_copy(&model, &err) == GTE_OK) use(model);
            gte_model_close(&model);
        }
        copy[at] = good[at];
    }
}

static gte__section section(int kind)
{
    gte__section s;
    memcpy(&s, good + offsetof(gte__file_header, sections) + (size_t)kind * sizeof s, sizeof s);
    return s;
}

static void test_tokenizer_header(void)
{
    break_bytes((size_t)section(GTE__SECTION_TOKENIZER).offset, sizeof(gte__tokenizer_header));
}

static void test_tensor_records(void)
{
    gte__section s = section(GTE__SECTION_TENSORS);
    gte_error err;
    gte_model *model;
    break_bytes((size_t)s.offset, 3 * sizeof(gte__tensor_record));
    /* each field of each record is checked: any change but within a shared value is refused */
    for (size_t at = (size_t)s.offset; at < s.offset + s.size; at += 4) {
        memset(copy + at, 0xff, 4);
        CU_ASSERT_EQUAL(open_copy(&model, &err), GTE_E_FORMAT);
        CU_ASSERT_TRUE(err.offset >= s.offset && err.offset < s.offset + s.size);
        gte_model_close(&model);
        memcpy(copy + at, good + at, 4);
    }
    /* a tensor that stands twice */
    memcpy(copy + s.offset, good + s.offset + sizeof(gte__tensor_record),
           sizeof(gte__tensor_record));
    CU_ASSERT_EQUAL(open_copy(&model, &err), GTE_E_FORMAT);
    memcpy(copy + s.offset, good + s.offset, sizeof(gte__tensor_record));
}

static void test_meta(void)
{
    gte__section s = section(GTE__SECTION_META);
    gte_error err;
    gte_model *model;
    CU_ASSERT_TRUE_FATAL(s.size > 0);
    break_bytes((size_t)s.offset, (size_t)s.size);
    copy[s.offset + s.size - 1] = 'x'; /* no NUL at the end */
    CU_ASSERT_EQUAL(open_copy(&model, &err), GTE_E_FORMAT);
    copy[s.offset + s.size - 1] = 0;
}

/* Eight random bytes in the header and the tables, many times. */
static void test_random_bytes(void)
{
    gte__section tok = section(GTE__SECTION_TOKENIZER), table = section(GTE__SECTION_TENSORS);
    gte__section parts[3] = {{0, sizeof(gte__file_header)}, tok, table};
    uint64_t state = 20240229;
    gte_error err;
    gte_model *model;
    size_t opened = 0, rounds = 3000;
    for (size_t round = 0; round < rounds; round++) {
        size_t at[8];
        for (size_t i = 0; i < 8; i++) {
            const gte__section *p = &parts[round % 3];
            at[i] = (size_t)(p->offset + support_random(&state) % p->size);
            copy[at[i]] = (unsigned char)(support_random(&state) >> 32);
        }
        if (open_copy(&model, &err) == GTE_OK) {
            opened++;
            use(model);
        }
        gte_model_close(&model);
        for (size_t i = 0; i < 8; i++) copy[at[i]] = good[at[i]];
    }
    printf("\n    %zu of %zu opened and were used", opened, rounds);
    CU_ASSERT_EQUAL(memcmp(copy, good, good_size), 0);
}

static void test_truncated(void)
{
    const char *path = support_tmp_path("cut.gte");
    gte_error err;
    gte_model *model;
    for (size_t size = 0; size < good_size; size += size < 8192 ? 64 : 4096) {
        CU_ASSERT_TRUE_FATAL(support_write_file(path, good, size));
        CU_ASSERT_EQUAL(gte_model_open(&model, path, NULL, &err), GTE_E_FORMAT);
        CU_ASSERT_EQUAL(gte_model_open_memory(&model, good, size, NULL, &err), GTE_E_FORMAT);
        /* with a size that says so, the sections lie outside */
        uint64_t claimed = size;
        memcpy(copy + offsetof(gte__file_header, file_size), &claimed, 8);
        CU_ASSERT_EQUAL(gte_model_open_memory(&model, copy, size, NULL, &err), GTE_E_FORMAT);
    }
    memcpy(copy, good, sizeof(gte__file_header));
    CU_ASSERT_TRUE_FATAL(support_write_file(path, good, good_size - 1));
    CU_ASSERT_EQUAL(gte_model_open(&model, path, NULL, &err), GTE_E_FORMAT);
}

static void test_memory(void)
{
    gte_error err;
    gte_model *model;
    unsigned char *shifted = aligned_copy(good, good_size); /* has room for 64 more */
    memmove(shifted + 4, good, good_size);
    CU_ASSERT_EQUAL(gte_model_open_memory(&model, shifted + 4, good_size, NULL, &err),
                    GTE_E_ARGUMENT);
    free(shifted);
    CU_ASSERT_EQUAL(gte_model_open_memory(&model, good, 0, NULL, &err), GTE_E_FORMAT);
    CU_ASSERT_EQUAL(gte_model_open_memory(&model, NULL, 0, NULL, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte_model_open_memory(NULL, good, good_size, NULL, &err), GTE_E_ARGUMENT);
    free(good);
    free(copy);
}

int main(void)
{
    static const support_case cases[] = {
        {"a good file opens", test_good}, /* first: the others break its bytes */
        {"every field of the header, broken in turn", test_header_fields},
        {"a type for another", test_other_types},
        {"errors point at the field", test_error_offsets},
        {"a digest that differs", test_digest},
        {"every byte of the tokenizer's header", test_tokenizer_header},
        {"tensor records", test_tensor_records},
        {"metadata", test_meta},
        {"random bytes", test_random_bytes},
        {"cut short", test_truncated},
        {"int8: a good file opens", test_good_int8},
        {"int8: every field of the header", test_header_fields},
        {"int8: a type for another", test_other_types},
        {"int8: a digest that differs", test_digest},
        {"int8: tensor records", test_tensor_records},
        {"int8: random bytes", test_random_bytes},
        {"int8: cut short", test_truncated},
        {"memory", test_memory}, /* last: frees the bytes */
    };
    return SUPPORT_MAIN("model", cases);
}
