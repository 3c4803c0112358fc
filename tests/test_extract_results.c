/* What is said of extracted spans: the JSON of each task and the form of ModelScope, from spans
 * that were put there by hand; the schemas of requests that have none. */
#include <string.h>

#include "golden_cases.h"
#include "pointer_fixture.h"
#include "support.h"
#include "tasks/extract_schema.h"

typedef struct put_span {
    const char *type, *text; /* text: the first place where it stands */
    int parent;
} put_span;

static gte_result *result;
static gte_error err;

static void make(gte_task task, const char *text, const gte_schema_node *schema, size_t nodes,
                 const put_span *spans, size_t count)
{
    gte_request request = GTE_REQUEST_INIT;
    request.task = task;
    request.text = gte_text_of(text);
    request.schema = schema;
    request.schema_count = nodes;
    if (!result) CU_ASSERT_EQUAL_FATAL(gte_result_create(&result, NULL), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte__result_begin(result, &request, "siamese-uie", &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte__schema_complete(result, &err), GTE_OK);
    const gte_schema_node *own = result->schema.data;
    for (size_t i = 0; i < count; i++) {
        const char *at = strstr(text, spans[i].text), *type = NULL;
        for (size_t t = 0; t < result->schema_count; t++)
            if (strcmp(own[t].name, spans[i].type) == 0) type = own[t].name;
        CU_ASSERT_FATAL(at && type);
        const size_t byte = (size_t)(at - text);
        gte__result_add_span(result, type, byte, byte + strlen(spans[i].text), 1.5f,
                             spans[i].parent, &err);
    }
    gte__result_end(result);
}

static void check_json(unsigned flags, const char *want)
{
    char got[4096];
    size_t size;
    CU_ASSERT_EQUAL_FATAL(gte_result_json(result, flags, got, sizeof got - 1, &size, &err), GTE_OK);
    got[size] = '\0';
    if (strcmp(got, want) != 0) fprintf(stderr, "\n%s\n%s\n", got, want);
    CU_ASSERT_STRING_EQUAL(got, want);
}
#define MAKE(task, text, schema, spans)                                                            \
    make(task, text, schema, sizeof(schema) / sizeof *(schema), spans,                             \
         sizeof(spans) / sizeof *(spans))

static void test_ner(void)
{
    static const put_span spans[] = {{"人物", "谷口清太郎", -1}, {"组织机构", "北大", -1}};
    make(GTE_TASK_NER, "毕业于北大的谷口清太郎", NULL, 0, spans, 2);
    check_json(0,
               "{\"entities\":[{\"text\":\"谷口清太郎\",\"type\":\"人物\",\"start\":6,\"end\":11,"
               "\"score\":1.5},{\"text\":\"北大\",\"type\":\"组织机构\",\"start\":3,\"end\":5,"
               "\"score\":1.5}],\"engine\":\"siamese-uie\"}");
    check_json(GTE_JSON_RAW,
               "{\"output\":[[{\"type\":\"人物\",\"span\":\"谷口清太郎\",\"offset\":[6,11]}],"
               "[{\"type\":\"组织机构\",\"span\":\"北大\",\"offset\":[3,5]}]],"
               "\"engine\":\"siamese-uie\"}");
}

/* A subject of which nothing is said is no relation. */
static void test_relation(void)
{
    static const gte_schema_node schema[] = {{"组织机构", -1}, {"创始人(人物)", 0}};
    static const put_span spans[] = {
        {"组织机构", "甲社", -1}, {"创始人(人物)", "张三", 0}, {"组织机构", "乙社", -1}};
    MAKE(GTE_TASK_RELATION, "甲社和乙社,张三", schema, spans);
    check_json(0,
               "{\"relations\":[{\"subject\":{\"text\":\"甲社\",\"type\":\"组织机构\",\"start\":0,"
               "\"end\":2,\"score\":1.5},\"predicate\":\"创始人\",\"object\":{\"text\":\"张三\","
               "\"type\":\"人物\",\"start\":6,\"end\":8,\"score\":1.5},\"score\":1.5}],"
               "\"engine\":\"siamese-uie\"}");
    check_json(GTE_JSON_RAW,
               "{\"output\":[[{\"type\":\"组织机构\",\"span\":\"甲社\",\"offset\":[0,2]},"
               "{\"type\":\"创始人(人物)\",\"span\":\"张三\",\"offset\":[6,8]}]],"
               "\"engine\":\"siamese-uie\"}");
}

static void test_event(void)
{
    static const put_span spans[] = {{"胜负(事件触发词)", "负", -1}, {"时间", "周六", 0}};
    make(GTE_TASK_EVENT, "周六负于乙", NULL, 0, spans, 2);
    check_json(0,
               "{\"events\":[{\"type\":\"胜负\",\"trigger\":{\"text\":\"负\",\"start\":2,\"end\":3,"
               "\"score\":1.5},\"arguments\":[{\"text\":\"周六\",\"role\":\"时间\",\"start\":0,"
               "\"end\":2,\"score\":1.5}],\"score\":1.5}],\"engine\":\"siamese-uie\"}");
}

#define OPINION(text, start, end)                                                                  \
    "{\"text\":\"" text "\",\"start\":" start ",\"end\":" end ",\"score\":1.5}"

/* With "#" an opinion need not say of what; of a "#" without opinion there is nothing to say. */
static void test_aspects(void)
{
    static const gte_schema_node plain[] = {{"属性词", -1}, {"情感词", 0}};
    static const put_span own[] = {
        {"属性词", "音质", -1}, {"正向情感(情感词)", "很好", 0}, {"属性词", "价格", -1}};
    static const put_span absent[] = {{"属性词", "#", -1}, {"情感词", "很满意", 0}};
    make(GTE_TASK_SENTIMENT, "音质很好,价格", NULL, 0, own, 3);
    check_json(0, "{\"label\":null,\"score\":null,\"scores\":{},\"aspects\":[{\"aspect\":" OPINION(
                      "音质", "0",
                      "2") ",\"opinion\":" OPINION("很好", "2",
                                                   "4") ",\"polarity\":"
                                                        "\"正向情感\"},{\"aspect\":" OPINION(
                                                            "价格", "5",
                                                            "7") ",\"opinion\":null,"
                                                                 "\"polarity\":null}],"
                                                                 "\"engine\":\"siamese-uie\"}");
    MAKE(GTE_TASK_SENTIMENT, "#很满意", plain, absent);
    check_json(0, "{\"label\":null,\"score\":null,\"scores\":{},\"aspects\":[{\"aspect\":null,"
                  "\"opinion\":" OPINION("很满意", "1", "4") ",\"polarity\":null}],"
                                                             "\"engine\":\"siamese-uie\"}");
    make(GTE_TASK_SENTIMENT, "#很满意", plain, 2, absent, 1);
    check_json(0, "{\"label\":null,\"score\":null,\"scores\":{},\"aspects\":[],"
                  "\"engine\":\"siamese-uie\"}");
}

/* Wrong schemas are refused before any work. */
static void test_schemas(void)
{
    static char name[GTE_SCHEMA_NAME_MAX + 2];
    memset(name, 'x', sizeof name - 1);
    const gte_schema_node wrong[][5] = {
        {{"a", 0}},
        {{"a", -2}},
        {{"", -1}},
        {{NULL, -1}},
        {{"\xff", -1}},
        {{name, -1}},
        {{"a", -1}, {"b", 0}, {"c", 1}, {"d", 2}, {"e", 3}},
    };
    pointer_fixture *f = pointer_open(golden_open("tests/golden/tiny"), 1, 0, 0.0f);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        gte_request request = GTE_REQUEST_INIT;
        request.task = GTE_TASK_EVENT;
        request.text = gte_text_of("w5 w6");
        request.schema = wrong[i];
        request.schema_count = wrong[i][1].name ? 5 : 1;
        CU_ASSERT_EQUAL(gte_predict(f->ctx, &f->head, &request, 1, &result, &err), GTE_E_ARGUMENT);
        CU_ASSERT_TRUE(err.message[0] != '\0');
    }
    pointer_close(f);
    gte_result_free(&result);
}

int main(void)
{
    static const support_case cases[] = {
        {"entities", test_ner},    {"relations", test_relation}, {"events", test_event},
        {"aspects", test_aspects}, {"schemas", test_schemas},
    };
    return SUPPORT_MAIN("extract results", cases);
}
