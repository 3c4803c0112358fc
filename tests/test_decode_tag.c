/* gte_predict with heads that label tokens, from text to entities, beside tests/golden/heads: what
 * test_tag.c checks on given logits must come out of the encoder and the converted head too. Texts
 * together and alone; the JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "head_cases.h"
#include "support.h"

enum { MOST = 32 };
#define CLOSE 1e-5 /* of probabilities */

/* What came, beside [{type, start, end, score?}]. */
static bool is_same(const gte_result_info *info, const json_t *want)
{
    size_t i;
    const json_t *w;
    if (info->span_count != json_array_size(want)) return false;
    json_array_foreach(want, i, w)
    {
        const gte_span *s = &info->spans[i];
        const json_t *score = json_object_get(w, "score");
        if (strcmp(s->type, json_string_value(json_object_get(w, "type"))) != 0 ||
            s->start != json_integer_value(json_object_get(w, "start")) ||
            s->end != json_integer_value(json_object_get(w, "end")) ||
            !(fabs((double)s->score - json_number_value(score)) < CLOSE || !score))
            return false;
    }
    return true;
}

/* The entities of the JSON stand where they say, in code points. */
static void check_json(const gte_result *result, const gte_result_info *info)
{
    static char text[1 << 18];
    size_t size = 0, i;
    json_t *e;
    CU_ASSERT_EQUAL_FATAL(gte_result_json(result, 0, text, sizeof text, &size, NULL), GTE_OK);
    json_t *json = json_loadb(text, size, 0, NULL);
    const json_t *entities = json_object_get(json, "entities");
    CU_ASSERT_EQUAL_FATAL(json_array_size(entities), info->span_count);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json, "engine")), info->engine);
    json_array_foreach(entities, i, e)
    {
        const size_t bytes = json_string_length(json_object_get(e, "text"));
        CU_ASSERT_EQUAL(json_integer_value(json_object_get(e, "start")), info->spans[i].start);
        CU_ASSERT_EQUAL(json_integer_value(json_object_get(e, "end")), info->spans[i].end);
        CU_ASSERT_EQUAL(bytes, info->spans[i].byte_end - info->spans[i].byte_start);
    }
    json_decref(json);
}

typedef struct fixture {
    json_t *reference;
    const json_t *cases;
    gte_model *model;
    gte_context *ctx;
    gte_request requests[MOST];
    gte_result *results[MOST];
    size_t n;
} fixture;

static fixture *open_fixture(const char *folder)
{
    fixture *f = calloc(1, sizeof *f);
    const gte_request empty = GTE_REQUEST_INIT;
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    f->reference = head_reference(folder);
    f->model = head_open(folder, NULL);
    f->ctx = head_context(f->model, 2);
    f->cases = json_object_get(f->reference, "cases");
    f->n = json_array_size(f->cases);
    CU_ASSERT_FATAL(f->n > 0 && f->n <= MOST);
    for (size_t i = 0; i < f->n; i++) {
        f->requests[i] = empty;
        f->requests[i].task = GTE_TASK_NER;
        f->requests[i].text = head_text(json_object_get(json_array_get(f->cases, i), "text"), NULL);
        CU_ASSERT_EQUAL_FATAL(gte_result_create(&f->results[i], NULL), GTE_OK);
    }
    return f;
}

static void close_fixture(fixture *f)
{
    for (size_t i = 0; i < f->n; i++) gte_result_free(&f->results[i]);
    gte_context_free(&f->ctx);
    gte_model_close(&f->model);
    json_decref(f->reference);
    free(f);
}

static void predict(fixture *f, size_t first, size_t count)
{
    gte_error err = {0};
    const gte_status status = gte_predict(f->ctx, gte_model_head(f->model), f->requests + first,
                                          count, f->results + first, &err);
    if (status != GTE_OK) fprintf(stderr, "gte_predict: %s\n", err.message);
    CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
}

/* All cases; `field` of each, or `field.part`, must come out. Returns how many entities did. */
static size_t check_results(const fixture *f, const char *engine, const char *field,
                            const char *part)
{
    size_t all = 0;
    for (size_t i = 0; i < f->n; i++) {
        const json_t *want = json_object_get(json_array_get(f->cases, i), field);
        gte_result_info info;
        gte_result_describe(f->results[i], &info, sizeof info);
        const bool same = is_same(&info, part ? json_object_get(want, part) : want);
        if (!same) fprintf(stderr, "%.*s: other entities\n", 60, f->requests[i].text.data);
        CU_ASSERT_TRUE(same);
        CU_ASSERT_STRING_EQUAL(info.engine, engine);
        check_json(f->results[i], &info);
        all += info.span_count;
    }
    return all;
}

static void test_huggingface(void)
{
    static const char *const names[] = {"first", "none", "simple", "first", "average", "max"};
    fixture *f = open_fixture(HEADS "/ner-bio");
    for (int how = 0; how <= GTE_AGGREGATION_MAX; how++) {
        for (size_t i = 0; i < f->n; i++) f->requests[i].aggregation = (gte_aggregation)how;
        for (size_t i = 0; i < f->n; i++) predict(f, i, 1);
        CU_ASSERT_TRUE(check_results(f, "token-classifier", "entities", names[how]) > 10);
        predict(f, 0, f->n);
        check_results(f, "token-classifier", "entities", names[how]);
    }
    close_fixture(f);
}

static void check_folder(const char *folder, const char *engine)
{
    fixture *f = open_fixture(folder);
    predict(f, 0, f->n);
    CU_ASSERT_TRUE(check_results(f, engine, "strict", NULL) > 10);
    for (size_t i = 0; i < f->n; i++) predict(f, i, 1);
    check_results(f, engine, "strict", NULL);
    close_fixture(f);
}

static void test_others(void)
{
    check_folder(HEADS "/ner-bioes", "token-classifier");
    check_folder(HEADS "/raner", "crf");
    check_folder(HEADS "/raner-head", "crf");
}

int main(void)
{
    static const support_case cases[] = {
        {"BIO, aggregated as HuggingFace does", test_huggingface},
        {"BIOES, and with a CRF", test_others},
    };
    return SUPPORT_MAIN("decode tag", cases);
}
