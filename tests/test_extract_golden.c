/* Extraction by converted SiameseUIE checkpoints against the references in tests/golden/heads
 * (float64, one window and one hint at a time): the logits of each hint, and the output of the
 * schemas in ModelScope's form, character for character. Models in fewer bits agree with it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "convert/convert.h"
#include "handle.h"
#include "support.h"

#define HEADS "tests/golden/heads"
enum { MOST_TYPES = 64 };

/* How far states (of norm 4 here) may be from the exact ones: in f32 by 8 roundings of 2^-24, in
 * fewer bits by a hundredth or two. A logit is off by that times the norm of its weights: these
 * heads were fitted, and theirs are 14 to 165. */
#define F32_APART 2e-6
#define BF16_APART 0.05
#define INT8_APART 0.1

static gte_model *model;
static gte_context *ctx;
static gte_result *result;

static void open_model(const char *name, const char *dtype, int threads)
{
    const char *path = support_tmp_path("%s-%s.gte", name, dtype);
    char folder[256];
    const gte_convert_options options = {.dtype = dtype};
    gte_context_options context = GTE_CONTEXT_OPTIONS_INIT;
    gte_error err = {0};
    context.threads = threads;
    snprintf(folder, sizeof folder, HEADS "/%s", name);
    CU_ASSERT_EQUAL_FATAL(gte_convert(folder, path, &options, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_model_open(&model, path, NULL, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, &context, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&result, &err), GTE_OK);
}

static void close_model(void)
{
    gte_result_free(&result);
    gte_context_free(&ctx);
    gte_model_close(&model);
}

static json_t *load_reference(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, HEADS "/%s/reference.json", name);
    json_t *json = json_load_file(path, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    return json;
}

static size_t flatten(const json_t *types, int parent, gte_schema_node *out, size_t count)
{
    const char *name;
    json_t *below;
    json_object_foreach((json_t *)(uintptr_t)types, name, below)
    {
        const int own = (int)count;
        CU_ASSERT_FATAL(count < MOST_TYPES);
        out[count++] = (gte_schema_node){name, parent};
        if (json_is_object(below)) count = flatten(below, own, out, count);
    }
    return count;
}

static void predict(const json_t *text, const gte_schema_node *schema, size_t types, unsigned flags)
{
    gte_request request = GTE_REQUEST_INIT;
    gte_error err = {0};
    request.task = GTE_TASK_NER;
    request.text = (gte_text){json_string_value(text), json_string_length(text), NULL, 0};
    request.flags = flags;
    request.schema = schema;
    request.schema_count = types;
    gte_status status = gte_predict(ctx, gte_model_head(model), &request, 1, &result, &err);
    if (status != GTE_OK) fprintf(stderr, "gte_predict: %s\n", err.message);
    CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
}

/* The largest difference of column `k` from a list. */
static double apart(const gte_result_info *info, size_t k, const json_t *want)
{
    double worst = 0;
    CU_ASSERT_EQUAL_FATAL(json_array_size(want), info->logit_rows);
    for (size_t i = 0; i < info->logit_rows; i++)
        worst = fmax(worst, fabs((double)info->logits[2 * i + k] -
                                 json_number_value(json_array_get(want, i))));
    return worst;
}

static double check_logits(const json_t *item)
{
    const json_t *hint;
    size_t i;
    double worst = 0;
    json_array_foreach(json_object_get(item, "hints"), i, hint)
    {
        char type[64];
        gte_result_info info;
        snprintf(type, sizeof type, "%s", json_string_value(json_object_get(hint, "hint")));
        type[strlen(type) - 2] = '\0'; /* without ": " */
        const gte_schema_node schema = {type, -1};
        predict(json_object_get(item, "text"), &schema, 1, GTE_KEEP_LOGITS);
        gte_result_describe(result, &info, sizeof info);
        worst = fmax(worst, apart(&info, 0, json_object_get(hint, "head")));
        worst = fmax(worst, apart(&info, 1, json_object_get(hint, "tail")));
    }
    return worst;
}

/* The result's raw form; the caller releases it. */
static json_t *raw_output(void)
{
    size_t size = 0;
    (void)gte_result_json(result, GTE_JSON_RAW, NULL, 0, &size, NULL);
    char *text = malloc(size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_EQUAL(gte_result_json(result, GTE_JSON_RAW, text, size, &size, NULL), GTE_OK);
    json_t *json = json_loadb(text, size, 0, NULL);
    free(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    return json;
}

/* The larger norm of the head's two rows of weights. */
static double norm_of(const gte_head *head)
{
    const float *weight = head->weight;
    double sums[2] = {0, 0};
    for (size_t i = 0; i < head->header->hidden_size; i++)
        for (size_t k = 0; k < 2; k++)
            sums[k] += pow((double)weight[i * GTE__PANEL_COLUMNS + k], 2);
    return sqrt(fmax(sums[0], sums[1]));
}

typedef struct tally {
    size_t lists, same;
} tally;

static void check_outputs(const json_t *item, tally *t)
{
    const json_t *extraction;
    size_t i;
    json_array_foreach(json_object_get(item, "extractions"), i, extraction)
    {
        gte_schema_node schema[MOST_TYPES];
        const size_t types = flatten(json_object_get(extraction, "schema"), -1, schema, 0);
        predict(json_object_get(item, "text"), schema, types, 0);
        json_t *raw = raw_output();
        const json_t *want = json_object_get(extraction, "output");
        const json_t *got = json_object_get(raw, "output");
        t->lists += json_array_size(want) > json_array_size(got) ? json_array_size(want)
                                                                 : json_array_size(got);
        for (size_t k = 0; k < json_array_size(want); k++)
            for (size_t j = 0; j < json_array_size(got); j++)
                if (json_equal(json_array_get(want, k), json_array_get(got, j))) {
                    t->same++;
                    break;
                }
        if (t->same == t->lists) CU_ASSERT_TRUE(json_equal(want, got)); /* in the same order */
        json_decref(raw);
    }
}

static tally check_model(const char *name, const char *dtype, int threads, double bound)
{
    json_t *reference = load_reference(name);
    const json_t *item;
    size_t i;
    double worst = 0;
    tally t = {0, 0};
    open_model(name, dtype, threads);
    gte_head_info head;
    CU_ASSERT_PTR_NOT_NULL_FATAL(gte_model_head(model));
    gte_head_describe(gte_model_head(model), &head, sizeof head);
    CU_ASSERT_EQUAL(head.kind, GTE_HEAD_POINTER);
    CU_ASSERT_EQUAL(head.lower_layers, json_integer_value(json_object_get(reference, "split")));
    json_array_foreach(json_object_get(reference, "cases"), i, item)
    {
        worst = fmax(worst, check_logits(item));
        check_outputs(item, &t);
    }
    printf("\n    %s %s, %d threads: logits within %.1e (weights of norm %.0f), %zu of %zu lists",
           name, dtype, threads, worst, norm_of(gte_model_head(model)), t.same, t.lists);
    CU_ASSERT_TRUE(worst <= bound * norm_of(gte_model_head(model)));
    close_model();
    json_decref(reference);
    return t;
}

static const char *const names[] = {"uie", "uie-bert", "uie-twelve"};

static void test_references(void)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int threads = 1; threads <= 3; threads += 2) {
            const tally t = check_model(names[i], "f32", threads, F32_APART);
            CU_ASSERT_EQUAL(t.same, t.lists);
        }
}

/* Their rounding moves logits; the spans mostly stay. Random weights forgive less than trained. */
static void test_narrow(void)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        check_model(names[i], "bf16", 1, BF16_APART);
        check_model(names[i], "int8", 1, INT8_APART);
    }
}

int main(void)
{
    static const support_case cases[] = {
        {"references", test_references},
        {"fewer bits", test_narrow},
    };
    return SUPPORT_MAIN("extract golden", cases);
}
