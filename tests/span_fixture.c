/* Questions to a model of random weights; see span_fixture.h. */
#include "span_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden_cases.h"
#include "made_head.h"
#include "support.h"

const char span_place[] =
    "北京大学在北京市海淀区,是中国的一所大学。大学成立于1898年,第一位校长是孙家鼐。"
    "2022年冬奥会在北京和张家口举行,开幕式在国家体育场。OpenAI在New York没有办公室😀。";

span_fixture *span_open(void)
{
    static const gte__head_header like = {
        .kind = GTE__HEAD_SPAN, .labels = 2, .tasks = GTE_TASK_BIT(GTE_TASK_QA)};
    span_fixture *f = calloc(1, sizeof *f);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    f->model = golden_open(SPAN_FOLDER);
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&f->ctx, f->model, NULL, NULL), GTE_OK);
    f->head = made_head(f->model, &like, 11, 1.0f, &f->bytes);
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&f->result, NULL), GTE_OK);
    return f;
}

void span_close(span_fixture *f)
{
    gte_result_free(&f->result);
    gte_head_close(&f->head);
    free(f->bytes);
    gte_context_free(&f->ctx);
    gte_model_close(&f->model);
    free(f);
}

gte_request span_ask(const char *question, const char *context)
{
    gte_request r = GTE_REQUEST_INIT;
    r.task = GTE_TASK_QA;
    r.text = (gte_text){context, strlen(context), question, question ? strlen(question) : 0};
    return r;
}

gte_result_info span_answer(span_fixture *f, const gte_head *head, const gte_request *request)
{
    gte_result_info info;
    gte_error err = {0};
    const gte_status status = gte_predict(f->ctx, head, request, 1, &f->result, &err);
    if (status != GTE_OK) fprintf(stderr, "%s\n", err.message);
    CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
    gte_result_describe(f->result, &info, sizeof info);
    return info;
}

char *span_repeated(const char *text, size_t n)
{
    const size_t size = strlen(text);
    char *out = malloc(n * size + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    for (size_t i = 0; i < n; i++) memcpy(out + i * size, text, size);
    out[n * size] = '\0';
    return out;
}
