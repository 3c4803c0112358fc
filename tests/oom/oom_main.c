/* Each request for memory or a thread made to fail, one after the other, until the call succeeds:
 * a status every time, nothing left behind (AddressSanitizer sees leaks), nothing half written. And
 * the count that gte.h promises: gte_embed asks for nothing. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "convert/convert.h"
#include "failing.h"
#include "oom.h"
#include "pointer_fixture.h"
#include "support.h"

#define TINY "tests/golden/tiny"
enum { MOST_REQUESTS = 100000 };

static gte_model *model;
static gte_context *ctx;
static char model_path[1024];

size_t oom_exhaust(const char *name, scenario *run)
{
    size_t n, refused = 0;
    for (n = 1; n < MOST_REQUESTS; n++) {
        gte_error err = {0};
        failing_arm(n);
        gte_status status = run(&err);
        failing_disarm();
        if (!failing_happened()) {
            CU_ASSERT_EQUAL(status, GTE_OK);
            break;
        }
        if (status == GTE_OK) continue; /* it did without: allowed, where a smaller way exists */
        refused++;
        if (status != GTE_E_MEMORY && status != GTE_E_IO)
            printf("\n    %s, request %zu: %s %s", name, n, gte_status_name(status), err.message);
        CU_ASSERT_TRUE(status == GTE_E_MEMORY || status == GTE_E_IO);
        CU_ASSERT_EQUAL(err.status, status);
        CU_ASSERT_TRUE(err.message[0] != '\0');
    }
    CU_ASSERT_TRUE(n < MOST_REQUESTS);
    printf("\n    %s: %zu requests, %zu of them refused the call", name, n - 1, refused);
    return n - 1;
}

static gte_status open_model(gte_error *err)
{
    gte_model *m = NULL;
    gte_model_options options = GTE_MODEL_OPTIONS_INIT;
    options.verify = 1;
    gte_status status = gte_model_open(&m, model_path, &options, err);
    CU_ASSERT_EQUAL(status == GTE_OK, m != NULL);
    gte_model_close(&m);
    return status;
}

static gte_backend backend;

static gte_status create_context(gte_error *err)
{
    gte_context *c = NULL;
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    options.threads = 3;
    options.backend = backend;
    gte_status status = gte_context_create(&c, model, &options, err);
    CU_ASSERT_EQUAL(status == GTE_OK, c != NULL);
    gte_context_free(&c);
    return status;
}

static gte_status tokenize(gte_error *err)
{
    static gte_token tokens[512];
    static char many[4 * 400 + 1];
    size_t count;
    for (size_t i = 0; i < 400; i++) memcpy(many + 4 * i, "w17 ", 5);
    gte_text pair = {many, sizeof many - 1, many, sizeof many - 1};
    return gte_tokenize(model, pair, 0, 300, tokens, 512, &count, NULL, err);
}

static gte_status embed(gte_error *err)
{
    static float out[3 * 32];
    gte_text texts[3] = {gte_text_of("w5 w6 w7"), gte_text_of(""), {"w8", 2, "w9 w10", 6}};
    return gte_embed(ctx, texts, 3, NULL, out, 3 * 32, err);
}

static gte_convert_options convert_options;

static gte_status convert_from(const char *folder, gte_error *err)
{
    const char *out = support_tmp_path("out/model.gte");
    gte_status status = gte_convert(folder, out, &convert_options, err);
    if (status == GTE_OK) {
        CU_ASSERT_EQUAL(unlink(out), 0);
    }
    /* under the final name or another: nothing may be left */
    DIR *dir = opendir(support_tmp_path("out"));
    const struct dirent *entry;
    CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
    while ((entry = readdir(dir))) CU_ASSERT_EQUAL(entry->d_name[0], '.');
    closedir(dir);
    return status;
}

static gte_status convert_tiny(gte_error *err)
{
    return convert_from(TINY, err);
}

static char json_folder[1024];

static gte_status convert_json(gte_error *err)
{
    return convert_from(json_folder, err);
}

static void test_prepare(void)
{
    gte_error err;
    char command[1200];
    snprintf(model_path, sizeof model_path, "%s", support_tmp_path("model.gte"));
    snprintf(command, sizeof command, "mkdir %s", support_tmp_path("out"));
    CU_ASSERT_EQUAL_FATAL(system(command), 0);
    CU_ASSERT_EQUAL_FATAL(gte_convert(TINY, model_path, NULL, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_model_open(&model, model_path, NULL, &err), GTE_OK);
}

static void test_open(void)
{
    CU_ASSERT_TRUE(oom_exhaust("gte_model_open", open_model) >= 3);
}

static void test_context(void)
{
    backend = GTE_BACKEND_PACKED;
    CU_ASSERT_TRUE(oom_exhaust("gte_context_create, packed", create_context) >= 5);
    backend = GTE_BACKEND_OPENBLAS;
    CU_ASSERT_TRUE(oom_exhaust("gte_context_create, openblas", create_context) >= 5);
}

static void test_tokenize(void)
{
    oom_exhaust("gte_tokenize", tokenize);
}

static gte_status record(gte_error *err)
{
    static size_t capacity = 100;
    return gte_context_trace_start(ctx, ++capacity, 0, err); /* another size: other memory */
}

/* From here on the context records; a second start of the same size asks for nothing either. */
static void test_recording(void)
{
    CU_ASSERT_EQUAL(oom_exhaust("gte_context_trace_start", record), 1);
    CU_ASSERT_EQUAL(gte_context_trace_start(ctx, 100, 0, NULL), GTE_OK);
    failing_arm(0);
    CU_ASSERT_EQUAL(gte_context_trace_start(ctx, 100, 0, NULL), GTE_OK);
    CU_ASSERT_EQUAL(failing_disarm(), 0);
}

static void check_embed(void)
{
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    gte_error err;
    for (int b = GTE_BACKEND_PACKED; b <= GTE_BACKEND_OPENBLAS; b++) {
        options.backend = (gte_backend)b;
        CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, &options, &err), GTE_OK);
        CU_ASSERT_EQUAL(embed(&err), GTE_OK);
        for (int i = 0; i < 3; i++) {
            if (i == 1) test_recording();
            failing_arm(0);
            CU_ASSERT_EQUAL(embed(&err), GTE_OK);
            CU_ASSERT_EQUAL(failing_disarm(), 0);
        }
        gte_context_free(&ctx);
    }
}

static void test_embed(void)
{
    const gte_convert_options int8 = {.dtype = "int8"};
    gte_model *f32 = model;
    check_embed();
    CU_ASSERT_EQUAL_FATAL(gte_convert(TINY, support_tmp_path("int8.gte"), &int8, NULL), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_model_open(&model, support_tmp_path("int8.gte"), NULL, NULL), GTE_OK);
    check_embed();
    gte_model_close(&model);
    model = f32;
}

static pointer_fixture *pointers;
static char *asked;
static bool again; /* with what the call before left */

/* Several windows and three levels, from a context that has nothing yet. */
static gte_status extract(gte_error *err)
{
    static const gte_schema_node schema[] = {{"w5", -1}, {"w6", 0}, {"w7", 1}};
    static gte_result *result;
    gte_request request = GTE_REQUEST_INIT;
    if (!result && gte_result_create(&result, err) != GTE_OK) return err->status;
    request.task = GTE_TASK_EVENT;
    request.text = gte_text_of(asked);
    request.flags = GTE_KEEP_LOGITS;
    request.schema = schema;
    request.schema_count = 3;
    gte_status status = gte_predict(pointers->ctx, &pointers->head, &request, 1, &result, err);
    if (again) return status;
    gte__extraction_free(&pointers->ctx->extraction);
    gte_result_free(&result);
    return status;
}

static void test_extract(void)
{
    gte_model *own = NULL;
    gte_error err;
    CU_ASSERT_EQUAL_FATAL(gte_model_open(&own, model_path, NULL, &err), GTE_OK);
    pointers = pointer_open(own, 1, 0, 0.0f);
    asked = pointer_words(60, 3);
    CU_ASSERT_TRUE(oom_exhaust("gte_predict, pointers", extract) > 10);
    again = true;
    for (int i = 0; i < 3; i++) {
        failing_arm(0);
        CU_ASSERT_EQUAL(extract(&err), GTE_OK);
        if (i > 0) CU_ASSERT_EQUAL(failing_disarm(), 0);
    }
    again = false;
    CU_ASSERT_EQUAL(extract(&err), GTE_OK);
    pointer_close(pointers);
    free(asked);
}

static void test_convert(void)
{
    CU_ASSERT_TRUE(oom_exhaust("gte_convert, vocab.txt", convert_tiny) > 20);
    convert_options.dtype = "int8";
    CU_ASSERT_TRUE(oom_exhaust("gte_convert, int8", convert_tiny) > 20);
    convert_options.dtype = NULL;
}

/* The same with tokenizer.json and the other descriptions that a folder may have. */
static void test_convert_json(void)
{
    char command[4096];
    snprintf(json_folder, sizeof json_folder, "%s", support_tmp_path("json"));
    snprintf(command, sizeof command,
             "cp -r %s %s && rm %s/vocab.txt && cp tests/oom/data/*.json %s/", TINY, json_folder,
             json_folder, json_folder);
    CU_ASSERT_EQUAL_FATAL(system(command), 0);
    CU_ASSERT_TRUE(oom_exhaust("gte_convert, tokenizer.json", convert_json) > 20);
}

static void test_end(void)
{
    gte_model_close(&model);
    CU_ASSERT_PTR_NULL(model);
}

int main(void)
{
    static const support_case cases[] = {
        {"prepare", test_prepare},
        {"opening a model", test_open},
        {"creating a context", test_context},
        {"tokenizing a pair", test_tokenize},
        {"embedding asks for nothing", test_embed},
        {"extraction", test_extract},
        {"heads and tasks", oom_test_tasks},
        {"training", oom_test_train},
        {"converting, vocab.txt", test_convert},
        {"converting, tokenizer.json", test_convert_json},
        {"end", test_end},
    };
    return SUPPORT_MAIN("allocation failures", cases);
}
