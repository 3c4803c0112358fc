/* gte_predict with SiameseUIE heads beside tests/golden/heads: logits of hints, and whole schemas
 * against a plain extraction with one text, one window and one hint at a time (heads_uie.py). All
 * layouts of checkpoints, windows, batches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "head_cases.h"
#include "support.h"

#define BOUND 1e-5

typedef struct fixture {
    json_t *reference;
    const json_t *cases;
    gte_model *model;
    gte_context *ctx;
    gte_result *result;
} fixture;

static fixture open_fixture_as(const char *folder, const char *dtype, int threads)
{
    fixture f = {.reference = head_reference(folder), .model = head_open(folder, dtype)};
    f.cases = json_object_get(f.reference, "cases");
    f.ctx = head_context(f.model, threads);
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&f.result, NULL), GTE_OK);
    return f;
}

static fixture open_fixture(const char *folder, int threads)
{
    return open_fixture_as(folder, NULL, threads);
}

static void close_fixture(fixture *f)
{
    gte_result_free(&f->result);
    gte_context_free(&f->ctx);
    gte_model_close(&f->model);
    json_decref(f->reference);
}

/* ---- schemas --------------------------------------------------------------------------------- */

typedef struct schema {
    gte_schema_node nodes[32];
    size_t count;
    bool deep, event;
} schema;

static void add_nodes(schema *s, json_t *types, int parent)
{
    const char *name;
    json_t *below;
    json_object_foreach(types, name, below)
    {
        const int at = (int)s->count++;
        s->nodes[at] = (gte_schema_node){name, parent};
        if (strstr(name, "事件")) s->event = true;
        if (!json_is_object(below)) continue;
        s->deep = true;
        add_nodes(s, below, at);
    }
}

static schema schema_of(json_t *types)
{
    schema s = {.count = 0};
    add_nodes(&s, types, -1);
    return s;
}

static gte_request request_of(const json_t *c, const schema *s)
{
    gte_request request = GTE_REQUEST_INIT;
    request.task = s->event ? GTE_TASK_EVENT : s->deep ? GTE_TASK_RELATION : GTE_TASK_NER;
    request.text = head_text(json_object_get(c, "text"), NULL);
    request.schema = s->nodes;
    request.schema_count = s->count;
    return request;
}

static json_t *raw_output(const gte_result *result)
{
    static char text[1 << 20];
    size_t size = 0;
    CU_ASSERT_EQUAL_FATAL(gte_result_json(result, GTE_JSON_RAW, text, sizeof text, &size, NULL),
                          GTE_OK);
    json_t *json = json_loadb(text, size, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    json_t *output = json_incref(json_object_get(json, "output"));
    json_decref(json);
    return output;
}

static void compare(const json_t *c, const json_t *e, const gte_result *result, const char *folder)
{
    json_t *got = raw_output(result), *want = json_object_get(e, "output");
    const int same = json_equal(got, want);
    if (!same) {
        char *a = json_dumps(got, JSON_COMPACT), *b = json_dumps(want, JSON_COMPACT);
        fprintf(stderr, "%s, %s:\n  %.800s\n  should be\n  %.800s\n", folder,
                json_string_value(json_object_get(c, "text")), a, b);
        free(a);
        free(b);
    }
    CU_ASSERT_TRUE(same);
    json_decref(got);
}

/* ---- whole schemas --------------------------------------------------------------------------- */

static void check_schemas(const char *folder, int threads)
{
    fixture f = open_fixture(folder, threads);
    size_t i, k, chains = 0;
    json_t *c, *e;
    json_array_foreach(f.cases, i, c) json_array_foreach(json_object_get(c, "extractions"), k, e)
    {
        schema s = schema_of(json_object_get(e, "schema"));
        gte_request request = request_of(c, &s);
        gte_result_info info;
        gte_error err = {0};
        gte_status status =
            gte_predict(f.ctx, gte_model_head(f.model), &request, 1, &f.result, &err);
        if (status != GTE_OK) fprintf(stderr, "gte_predict: %s\n", err.message);
        CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
        gte_result_describe(f.result, &info, sizeof info);
        CU_ASSERT_STRING_EQUAL(info.engine, "siamese-uie");
        CU_ASSERT_EQUAL(info.tokens, json_array_size(json_object_get(c, "ids")));
        CU_ASSERT_FALSE(info.truncated);
        compare(c, e, f.result, folder);
        chains += json_array_size(json_object_get(e, "output"));
    }
    printf("\n    %s: %zu chains", folder, chains);
    CU_ASSERT_TRUE(chains > 3);
    close_fixture(&f);
}

static void test_schemas(void)
{
    check_schemas(HEADS "/uie", 1);
    check_schemas(HEADS "/uie", 2);
    check_schemas(HEADS "/uie-bert", 1);
    check_schemas(HEADS "/uie-twelve", 2);
}

/* Requests of several texts and schemas together have the answers that each has alone. */
static void test_together(void)
{
    enum { MOST = 32 };
    fixture f = open_fixture(HEADS "/uie", 2);
    const size_t n = json_array_size(f.cases) - 1; /* the last is long and has one schema */
    gte_request requests[MOST];
    gte_result *results[MOST];
    schema schemas[MOST];
    CU_ASSERT_FATAL(n <= MOST);
    for (size_t i = 0; i < n; i++) {
        const json_t *c = json_array_get(f.cases, i);
        const json_t *e = json_array_get(json_object_get(c, "extractions"), i % 3);
        schemas[i] = schema_of(json_object_get(e, "schema"));
        requests[i] = request_of(c, &schemas[i]);
        CU_ASSERT_EQUAL_FATAL(gte_result_create(&results[i], NULL), GTE_OK);
    }
    CU_ASSERT_EQUAL_FATAL(gte_predict(f.ctx, gte_model_head(f.model), requests, n, results, NULL),
                          GTE_OK);
    for (size_t i = 0; i < n; i++) {
        const json_t *c = json_array_get(f.cases, i);
        compare(c, json_array_get(json_object_get(c, "extractions"), i % 3), results[i], "uie");
        gte_result_free(&results[i]);
    }
    close_fixture(&f);
}

/* ---- logits ---------------------------------------------------------------------------------- */

/* How logits compare: the largest difference; of all, those on the same side of the threshold. */
typedef struct likeness {
    double worst;
    size_t all, same;
} likeness;

/* The hints of a case are the first types of its first schema, in that order. */
static void compare_hints(const fixture *f, const json_t *c, likeness *like)
{
    const json_t *hints = json_object_get(c, "hints");
    const json_t *first = json_array_get(json_object_get(c, "extractions"), 0);
    schema s = schema_of(json_object_get(first, "schema"));
    gte_request request = request_of(c, &s);
    gte_result *result = f->result;
    gte_result_info info;
    request.flags = GTE_KEEP_LOGITS;
    CU_ASSERT_EQUAL_FATAL(gte_predict(f->ctx, gte_model_head(f->model), &request, 1, &result, NULL),
                          GTE_OK);
    gte_result_describe(result, &info, sizeof info);
    CU_ASSERT_EQUAL_FATAL(info.logit_columns, 2);
    CU_ASSERT_EQUAL_FATAL(info.logit_rows, s.count * info.tokens);
    for (size_t i = 0; i < json_array_size(hints); i++) {
        const json_t *hint = json_array_get(hints, i);
        for (size_t t = 0; t < info.tokens; t++) {
            const float *row = info.logits + 2 * (i * info.tokens + t);
            const double want[2] = {
                json_number_value(json_array_get(json_object_get(hint, "head"), t)),
                json_number_value(json_array_get(json_object_get(hint, "tail"), t))};
            const double d = head_difference(want, row, 2);
            if (!(d <= like->worst)) like->worst = d;
            like->all += 2;
            for (size_t k = 0; k < 2; k++) like->same += (want[k] > 0.5) == (row[k] > 0.5f);
        }
    }
}

static const char *const folders[] = {HEADS "/uie", HEADS "/uie-bert", HEADS "/uie-twelve"};
enum { FOLDERS = sizeof folders / sizeof *folders };

static likeness compare_logits(const char *folder, const char *dtype)
{
    fixture f = open_fixture_as(folder, dtype, 2);
    likeness like = {0, 0, 0};
    size_t i;
    json_t *c;
    json_array_foreach(f.cases, i, c) compare_hints(&f, c, &like);
    printf("\n    %s %s: within %.1e, %zu of %zu point alike", folder, dtype, like.worst, like.same,
           like.all);
    close_fixture(&f);
    return like;
}

static void test_logits(void)
{
    for (size_t i = 0; i < FOLDERS; i++) {
        const likeness like = compare_logits(folders[i], "f32");
        CU_ASSERT_TRUE(like.worst <= BOUND);
        CU_ASSERT_EQUAL(like.same, like.all);
    }
}

/* Rounding moves logits; a token is mostly pointed at as before. */
static void test_narrow(void)
{
    for (size_t i = 0; i < FOLDERS; i++) {
        const likeness bf16 = compare_logits(folders[i], "bf16");
        const likeness int8 = compare_logits(folders[i], "int8");
        CU_ASSERT_TRUE((double)bf16.same >= 0.98 * (double)bf16.all);
        CU_ASSERT_TRUE((double)int8.same >= 0.96 * (double)int8.all);
    }
}

int main(void)
{
    static const support_case cases[] = {
        {"logits of hints against the oracle", test_logits},
        {"schemas against the plain route", test_schemas},
        {"several texts together", test_together},
        {"fewer bits", test_narrow},
    };
    return SUPPORT_MAIN("decode uie", cases);
}
