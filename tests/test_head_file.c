/* Head files: written by convert's packer, opened for their model, refused when any field is wrong;
 * heads of a model's own; logits and labels through them, against sums written out here. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "convert/head_pack.h"
#include "gte_task.h"
#include "handle.h"
#include "support.h"

#define LABELS 3

static gte_model *model;
static size_t hidden;
static void *good;
static size_t good_size;
static float weight[LABELS * 1024], bias[LABELS] = {0.25f, -0.5f, 0.0f};

static float number(uint64_t *state)
{
    return (float)((double)(support_random(state) >> 40) / (1 << 24) - 0.5);
}

static void setup(void)
{
    static const char *const names[LABELS] = {"red", "green", "青い"};
    static const char *const meta[] = {"name", "colours", NULL};
    uint64_t state = 7;
    gte_error err;
    model = support_standin_open();
    hidden = model->file.header->hidden_size;
    CU_ASSERT_TRUE_FATAL(hidden <= 1024);
    for (size_t i = 0; i < LABELS * hidden; i++) weight[i] = 4.0f * number(&state);
    const convert__head head = {.kind = GTE__HEAD_SEQUENCE,
                                .reads = GTE__HEAD_READS_VECTOR,
                                .tasks = GTE_TASK_BIT(GTE_TASK_CLASSIFICATION),
                                .hidden_size = (uint32_t)hidden,
                                .labels = LABELS,
                                .names = names,
                                .meta = meta,
                                .weight = weight,
                                .bias = bias};
    CU_ASSERT_EQUAL_FATAL(
        convert__head_pack(&head, model->file.header->sha256, &good, &good_size, &err), GTE_OK);
}

static gte_head *open_good(void)
{
    gte_head *head;
    gte_error err;
    CU_ASSERT_EQUAL_FATAL(gte_head_open_memory(&head, model, good, good_size, &err), GTE_OK);
    return head;
}

static void described(void)
{
    setup();
    gte_head *head = open_good();
    gte_head_info info;
    gte_head_describe(head, &info, sizeof info);
    CU_ASSERT_EQUAL(info.kind, GTE_HEAD_SEQUENCE);
    CU_ASSERT_EQUAL(info.labels, LABELS);
    CU_ASSERT_EQUAL(info.tasks, GTE_TASK_BIT(GTE_TASK_CLASSIFICATION));
    CU_ASSERT_TRUE(info.of_embedding && !info.crf && !info.multi_label);
    CU_ASSERT_STRING_EQUAL(info.name, "colours");
    CU_ASSERT_EQUAL(strlen(info.sha256), 64);
    CU_ASSERT_STRING_EQUAL(gte_head_label(head, 2), "青い");
    CU_ASSERT_PTR_NULL(gte_head_label(head, 3));
    CU_ASSERT_PTR_NULL(gte_head_label(head, -1));
    CU_ASSERT_PTR_NULL(gte_model_head(model));
    gte_head_close(&head);
    CU_ASSERT_PTR_NULL(head);
    gte_head_close(&head);
}

/* softmax(W v + b) of the text's vector, written out. */
static void answers(void)
{
    gte_head *head = open_good();
    gte_context *ctx;
    gte_result *result;
    gte_result_info info;
    gte_error err;
    float vector[1024];
    double chances[LABELS], sum = 0;
    const gte_text text = gte_text_of("w1 w2 w3 hello world");
    gte_request request = GTE_REQUEST_INIT;
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, NULL, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&result, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_embed(ctx, &text, 1, NULL, vector, 1024, &err), GTE_OK);
    for (size_t k = 0; k < LABELS; k++) {
        double logit = (double)bias[k];
        for (size_t i = 0; i < hidden; i++)
            logit += (double)weight[k * hidden + i] * (double)vector[i];
        sum += chances[k] = exp(logit);
    }
    request.task = GTE_TASK_CLASSIFICATION;
    request.text = text;
    request.flags = GTE_KEEP_LOGITS;
    CU_ASSERT_EQUAL_FATAL(gte_predict(ctx, head, &request, 1, &result, &err), GTE_OK);
    gte_result_describe(result, &info, sizeof info);
    CU_ASSERT_STRING_EQUAL(info.engine, "linear");
    CU_ASSERT_EQUAL_FATAL(info.label_count, LABELS);
    CU_ASSERT_TRUE(info.logit_rows == 1 && info.logit_columns == LABELS);
    for (size_t i = 0; i < LABELS; i++)
        for (int k = 0; k < LABELS; k++)
            if (strcmp(info.labels[i].name, gte_head_label(head, k)) == 0)
                CU_ASSERT_DOUBLE_EQUAL(info.labels[i].score, chances[k] / sum, 1e-5);
    CU_ASSERT_TRUE(info.labels[0].score >= info.labels[1].score &&
                   info.labels[1].score >= info.labels[2].score);
    request.task = GTE_TASK_QA;
    CU_ASSERT_EQUAL(gte_predict(ctx, head, &request, 1, &result, &err), GTE_E_UNSUPPORTED);
    gte_result_free(&result);
    gte_context_free(&ctx);
    gte_head_close(&head);
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* The digest of a file that was changed on purpose: without it every change is only that. */
static void sign(char *data, size_t size)
{
    gte__head_header *h = (gte__head_header *)(void *)data;
    gte__sha256 s;
    memset(h->sha256, 0, sizeof h->sha256);
    gte__sha256_init(&s);
    gte__sha256_update(&s, data, size);
    gte__sha256_final(&s, h->sha256);
}

typedef struct broken {
    size_t offset, size;
    gte_status status;
    uint32_t values[5]; /* ends with 0xdead */
} broken;

#define FIELD(field) offsetof(gte__head_header, field), sizeof((gte__head_header *)0)->field
#define END 0xdead

static const broken fields[] = {
    {FIELD(magic), GTE_E_FORMAT, {0, 0x4d455447, END}},
    {FIELD(version), GTE_E_VERSION, {0, 2, UINT32_MAX, END}},
    {FIELD(header_size), GTE_E_VERSION, {0, 255, END}},
    {offsetof(gte__head_header, size), 4, GTE_E_FORMAT, {0, 256, UINT32_MAX, END}},
    {FIELD(encoder), GTE_E_ARGUMENT, {1, END}},
    {FIELD(kind), GTE_E_FORMAT, {0, 2, 3, 5, END}},
    {FIELD(reads), GTE_E_FORMAT, {0, 3, UINT32_MAX, END}},
    {FIELD(flags), GTE_E_FORMAT, {1, 4, 16, UINT32_MAX, END}},
    {FIELD(tasks), GTE_E_FORMAT, {1, 128, UINT32_MAX, END}},
    {FIELD(hidden_size), GTE_E_FORMAT, {0, 1, UINT32_MAX, END}},
    {FIELD(labels), GTE_E_FORMAT, {0, 2, 4, UINT32_MAX, END}},
    {FIELD(lower_layers), GTE_E_FORMAT, {1, UINT32_MAX, END}},
    {FIELD(label_bytes), GTE_E_FORMAT, {0, 16, 18, UINT32_MAX, END}},
    {FIELD(meta_bytes), GTE_E_FORMAT, {1, 5, 4096, UINT32_MAX, END}},
    {FIELD(reserved), GTE_E_FORMAT, {1, END}},
};

static void refused(void)
{
    char *copy = aligned_alloc(64, (good_size + 63) / 64 * 64);
    gte_head *head;
    gte_error err;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        for (const uint32_t *value = fields[i].values; *value != END; value++) {
            memcpy(copy, good, good_size);
            memcpy(copy + fields[i].offset, value, 4);
            sign(copy, good_size);
            const gte_status status = gte_head_open_memory(&head, model, copy, good_size, &err);
            if (status != fields[i].status)
                printf("\n    offset %zu = %u: %s %s", fields[i].offset, *value,
                       gte_status_name(status), err.message);
            CU_ASSERT_EQUAL(status, fields[i].status);
            CU_ASSERT_PTR_NULL(head);
        }
    free(copy);
}

/* A label that is not UTF-8 or empty, a weight that is no number, any bit, any length. */
static void damaged(void)
{
    char *copy = aligned_alloc(64, (good_size + 63) / 64 * 64);
    gte_head *head;
    gte_error err;
    const gte__head_layout at = gte__head_lay_out(good);
    const struct {
        uint64_t at;
        uint8_t value[4];
        size_t size;
    } places[] = {{at.labels, {0}, 1},
                  {at.labels, {0xff}, 1},
                  {at.meta + 4, {'x'}, 1},
                  {at.weight, {0, 0, 0xc0, 0x7f}, 4},
                  {at.bias, {0, 0, 0x80, 0xff}, 4}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        memcpy(copy, good, good_size);
        memcpy(copy + places[i].at, places[i].value, places[i].size);
        sign(copy, good_size);
        CU_ASSERT_EQUAL(gte_head_open_memory(&head, model, copy, good_size, &err), GTE_E_FORMAT);
    }
    uint64_t state = 11;
    for (int i = 0; i < 2000; i++) {
        memcpy(copy, good, good_size);
        copy[support_random(&state) % good_size] ^= (char)(1 << support_random(&state) % 8);
        CU_ASSERT_NOT_EQUAL(gte_head_open_memory(&head, model, copy, good_size, &err), GTE_OK);
    }
    memcpy(copy, good, good_size);
    for (size_t size = 0; size < good_size; size += 1 + good_size / 500)
        CU_ASSERT_NOT_EQUAL(gte_head_open_memory(&head, model, copy, size, &err), GTE_OK);
    CU_ASSERT_EQUAL(gte_head_open_memory(&head, model, copy + 4, good_size, &err), GTE_E_ARGUMENT);
    free(copy);
}

/* Each taken for the other. */
static void mistaken(void)
{
    gte_head *head;
    gte_model *other;
    gte_error err;
    const char *path = support_tmp_path("colours.gte");
    CU_ASSERT_TRUE_FATAL(support_write_file(path, good, good_size));
    CU_ASSERT_EQUAL(gte_head_open(&head, model, path, &err), GTE_OK);
    gte_head_close(&head);
    CU_ASSERT_EQUAL(gte_model_open(&other, path, NULL, &err), GTE_E_FORMAT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "head"));
    CU_ASSERT_EQUAL(gte_head_open(&head, model, support_standin_path(), &err), GTE_E_FORMAT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "model"));
    CU_ASSERT_EQUAL(gte_head_open(&head, model, "/nowhere", &err), GTE_E_IO);
    CU_ASSERT_EQUAL(gte_head_open(&head, model, "/", &err), GTE_E_IO);
    free(good);
    gte_model_close(&model);
}

int main(void)
{
    static const support_case cases[] = {
        {"described", described}, {"answers", answers},   {"refused", refused},
        {"damaged", damaged},     {"mistaken", mistaken},
    };
    return SUPPORT_MAIN("head file", cases);
}
