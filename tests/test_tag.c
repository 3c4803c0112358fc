/* Decoders of heads that label tokens, on logits given to them: entities as the references have
 * them, families of label names. What the encoder makes of a text is test_decode_tag.c's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "support.h"
#include "tag_passage.h"

#define CLOSE 2e-6 /* of probabilities from logits of 7 decimals */

/* ---- references ------------------------------------------------------------------------------ */

typedef struct reference {
    gte_model *model;
    json_t *json;
    tag_head head;
} reference;

static void floats_of(const json_t *list, float *out)
{
    size_t i;
    const json_t *value;
    json_array_foreach(list, i, value) out[i] = (float)json_number_value(value);
}

static void load(reference *r, const char *name)
{
    json_error_t why;
    char path[256];
    const json_t *labels, *crf, *row;
    size_t i;
    snprintf(path, sizeof path, TAG_HEADS "/%s/reference.json", name);
    r->json = json_load_file(path, 0, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r->json);
    r->model = tag_open_model(name);
    labels = json_object_get(r->json, "labels");
    json_array_foreach(labels, i, row) r->head.labels[i] = json_string_value(row);
    crf = json_object_get(r->json, "crf");
    tag_make_head(&r->head, (uint32_t)json_array_size(labels), crf ? GTE__HEAD_CRF : 0);
    if (!crf) return;
    floats_of(json_array_get(json_object_get(crf, "start"), 0), r->head.start);
    floats_of(json_array_get(json_object_get(crf, "end"), 0), r->head.end);
    json_array_foreach(json_object_get(crf, "transitions"), i, row)
        floats_of(row, r->head.transitions + i * r->head.header.labels);
}

static void unload(reference *r)
{
    json_decref(r->json);
    gte_model_close(&r->model);
}

/* The reference's logits of a case, through the decoder. */
static gte_result_info answer(reference *r, const json_t *item, tag_passage *p)
{
    const json_t *text = json_object_get(item, "text"), *rows = json_object_get(item, "logits");
    const json_t *row;
    const size_t k = r->head.header.labels;
    gte_error err = {0};
    size_t i;
    float *logits = calloc(json_array_size(rows) * k, sizeof *logits);
    CU_ASSERT_PTR_NOT_NULL_FATAL(logits);
    json_array_foreach(rows, i, row) floats_of(row, logits + i * k);
    const gte_text given = {json_string_value(text), json_string_length(text), NULL, 0};
    CU_ASSERT_EQUAL_FATAL(tag_begin(p, r->model, &r->head, given, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(p->result->tokens, json_array_size(rows));
    const gte_result_info info = tag_finish(p, logits);
    free(logits);
    return info;
}

/* [{type, start, end, score?}] */
static void compare(const gte_result_info *info, const json_t *want, const char *how, size_t at)
{
    size_t i;
    const json_t *w;
    bool same = info->span_count == json_array_size(want);
    if (same) json_array_foreach(want, i, w)
        {
            const gte_span *s = &info->spans[i];
            const json_t *score = json_object_get(w, "score");
            same &= strcmp(s->type, json_string_value(json_object_get(w, "type"))) == 0 &&
                    s->start == json_integer_value(json_object_get(w, "start")) &&
                    s->end == json_integer_value(json_object_get(w, "end")) &&
                    (!score || fabs((double)s->score - json_number_value(score)) < CLOSE);
        }
    CU_ASSERT_TRUE(same);
    if (!same) printf("\n  case %zu, %s: %zu entities\n", at, how, info->span_count);
}

static void test_huggingface(void)
{
    static const char *const names[] = {"", "none", "simple", "first", "average", "max"};
    reference r = {0};
    tag_passage p = {0};
    size_t at, all = 0;
    const json_t *item;
    load(&r, "ner-bio");
    json_array_foreach(json_object_get(r.json, "cases"), at, item)
    {
        const json_t *entities = json_object_get(item, "entities");
        for (int how = GTE_AGGREGATION_NONE; how <= GTE_AGGREGATION_MAX; how++) {
            p.request.aggregation = (gte_aggregation)how;
            const gte_result_info info = answer(&r, item, &p);
            CU_ASSERT_STRING_EQUAL(info.engine, "token-classifier");
            compare(&info, json_object_get(entities, names[how]), names[how], at);
            all += info.span_count;
        }
        p.request.aggregation = GTE_AGGREGATION_DEFAULT;
        const gte_result_info info = answer(&r, item, &p);
        compare(&info, json_object_get(entities, "first"), "default", at);
        compare(&info, json_object_get(item, "strict"), "strict", at);
    }
    CU_ASSERT_TRUE(all > 100);
    tag_end(&p);
    unload(&r);
}

static void test_bioes(void)
{
    reference r = {0};
    tag_passage p = {0};
    size_t at, all = 0;
    const json_t *item;
    load(&r, "ner-bioes");
    CU_ASSERT_TRUE(gte__tags_mark_ends(&r.head.head));
    json_array_foreach(json_object_get(r.json, "cases"), at, item)
    {
        const gte_result_info info = answer(&r, item, &p);
        compare(&info, json_object_get(item, "strict"), "strict", at);
        all += info.span_count;
    }
    CU_ASSERT_TRUE(all > 10);
    tag_end(&p);
    unload(&r);
}

/* The reference's path, and as the score of one word alone its posterior. */
static void check_path(const reference *r, const json_t *item, const tag_passage *p)
{
    const json_t *path = json_object_get(item, "path"),
                 *posterior = json_object_get(item, "posterior");
    const gte__unit *units = p->result->scratch[0].data;
    const gte__tag_span *spans = p->result->scratch[1].data;
    bool same = true;
    for (size_t u = 0; u < json_array_size(path); u++)
        same &= units[u].label == json_integer_value(json_array_get(path, u));
    CU_ASSERT_TRUE(same);
    for (size_t i = 0; i < p->result->span_count; i++) {
        const double first = json_number_value(json_array_get(posterior, spans[i].first));
        const bool one = spans[i].first == spans[i].last;
        CU_ASSERT_TRUE(one ? fabs(spans[i].score - first) < CLOSE : spans[i].score < first + CLOSE);
    }
    CU_ASSERT_TRUE(r->head.header.flags == GTE__HEAD_CRF);
}

static void test_crf_references(void)
{
    static const char *const names[] = {"raner", "raner-head"};
    for (size_t n = 0; n < 2; n++) {
        reference r = {0};
        tag_passage p = {0};
        size_t at, all = 0;
        const json_t *item;
        load(&r, names[n]);
        json_array_foreach(json_object_get(r.json, "cases"), at, item)
        {
            const gte_result_info info = answer(&r, item, &p);
            CU_ASSERT_STRING_EQUAL(info.engine, "crf");
            compare(&info, json_object_get(item, "strict"), names[n], at);
            check_path(&r, item, &p);
            all += info.span_count;
        }
        CU_ASSERT_TRUE(all > 10);
        tag_end(&p);
        unload(&r);
    }
}

/* ---- names of labels ------------------------------------------------------------------------- */

/* Labels by letter to the spans they make: "B-x I-x O" is given as numbers of `names`. */
static void check_spans(const tag_head *h, const char *labels, const char *want)
{
    gte__unit units[32];
    gte__tag_span spans[32];
    char got[256] = "";
    const size_t n = strlen(labels);
    for (uint32_t i = 0; i < n; i++)
        units[i] = (gte__unit){i, i, (uint32_t)(labels[i] - 'a'), i, 0};
    const size_t count = gte__tag_spans(&h->head, units, n, spans);
    for (size_t i = 0; i < count; i++)
        snprintf(
            got + strlen(got), sizeof got - strlen(got), "%u-%u:%s ", spans[i].first, spans[i].last,
            gte__tag_of(&h->head, gte__tags_mark_ends(&h->head), units[spans[i].first].label).type);
    CU_ASSERT_STRING_EQUAL(got, want);
}

static void test_schemes(void)
{
    static tag_head h;
    static const char *const bio[] = {"O", "B-P", "I-P", "B-L", "I-L"};
    tag_name_labels(&h, bio, 5, 0);
    CU_ASSERT_FALSE(gte__tags_mark_ends(&h.head));
    check_spans(&h, "abca", "1-2:P ");
    check_spans(&h, "cc", "0-1:P ");
    check_spans(&h, "bb", "0-0:P 1-1:P ");
    check_spans(&h, "bedcac", "0-0:P 1-1:L 2-2:L 3-3:P 5-5:P ");
    check_spans(&h, "", "");
    static const char *const bmes[] = {"O", "B-P", "M-P", "E-P", "S-P", "M-L", "E-L"};
    tag_name_labels(&h, bmes, 7, 0);
    CU_ASSERT_TRUE(gte__tags_mark_ends(&h.head));
    check_spans(&h, "bccde", "0-3:P 4-4:P ");
    check_spans(&h, "dd", "0-0:P 1-1:P ");
    check_spans(&h, "bgd", "0-0:P 1-1:L 2-2:P ");
    check_spans(&h, "ecbad", "0-0:P 1-1:P 2-2:P 4-4:P ");
    static const char *const bilou[] = {"O", "B-P", "I-P", "L-P", "U-P"};
    tag_name_labels(&h, bilou, 5, 0);
    check_spans(&h, "bcdec", "0-2:P 3-3:P 4-4:P ");
    static const char *const io[] = {"O", "I-P", "I-L"};
    tag_name_labels(&h, io, 3, 0);
    check_spans(&h, "abbcc", "1-2:P 3-4:L ");
    static const char *const plain[] = {"O", "person", "S-curve", "E-number"};
    tag_name_labels(&h, plain, 4, 0);
    CU_ASSERT_FALSE(gte__tags_mark_ends(&h.head));
    check_spans(&h, "bbccdd", "0-1:person 2-3:curve 4-5:number ");
}

int main(void)
{
    static const support_case cases[] = {
        {"entities as HuggingFace aggregates them", test_huggingface},
        {"labels that mark ends", test_bioes},
        {"a CRF gives the references' paths", test_crf_references},
        {"families of label names", test_schemes},
    };
    return SUPPORT_MAIN("tag", cases);
}
