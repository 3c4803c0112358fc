/* Results as the JSON of POST /predict, and in the form that ModelScope's users know. */
#include <string.h>

#include "tasks/json_sink.h"
#include "tasks/result.h"

typedef gte__json_sink sink;

static const gte_span *spans_of(const gte_result *r)
{
    return r->spans.data;
}

static void key(sink *out, const char *name)
{
    gte__json_put(out, name);
}

static void put_text_of(sink *out, const gte_result *r, const gte_span *s)
{
    gte__json_string(out, r->text.data + s->byte_start, s->byte_end - s->byte_start);
}

/* The rest of an object that has been opened: where the span stands, and how sure it is. */
static void put_place(sink *out, const gte_span *s)
{
    key(out, ",\"start\":");
    gte__json_integer(out, s->start);
    key(out, ",\"end\":");
    gte__json_integer(out, s->end);
    key(out, ",\"score\":");
    gte__json_float(out, s->score);
}

/* {"text","KEY":type,"start","end","score"}; KEY NULL leaves the type out. */
static void put_span(sink *out, const gte_result *r, const gte_span *s, const char *type_key,
                     const char *type, size_t type_size)
{
    key(out, "{\"text\":");
    put_text_of(out, r, s);
    if (type_key) {
        key(out, type_key);
        gte__json_string(out, type, type_size);
    }
    put_place(out, s);
    key(out, "}");
}

/* "创始人(人物)": what stands before the bracket, and within it; without one all and nothing. Both
 * the narrow and the wide bracket. */
typedef struct typed {
    const char *name, *within;
    size_t name_size, within_size;
} typed;

static typed split_type(const char *type)
{
    static const char wide[] = "\xef\xbc\x88", wide_end[] = "\xef\xbc\x89";
    const size_t size = strlen(type);
    const char *open = strchr(type, '('), *open_wide = strstr(type, wide);
    if (open && size > 1 && type[size - 1] == ')' && open > type)
        return (typed){type, open + 1, (size_t)(open - type), (size_t)(type + size - open) - 2};
    if (open_wide && open_wide > type && size >= 6 && strcmp(type + size - 3, wide_end) == 0)
        return (typed){type, open_wide + 3, (size_t)(open_wide - type),
                       (size_t)(type + size - open_wide) - 6};
    return (typed){type, "", size, 0};
}

/* ---- one task each -------------------------------------------------------------------------- */

static void put_ner(sink *out, const gte_result *r)
{
    key(out, "\"entities\":[");
    for (size_t i = 0; i < r->span_count; i++) {
        const gte_span *s = &spans_of(r)[i];
        if (i) key(out, ",");
        put_span(out, r, s, ",\"type\":", s->type, strlen(s->type));
    }
    key(out, "]");
}

static void put_relation(sink *out, const gte_result *r)
{
    size_t count = 0;
    key(out, "\"relations\":[");
    for (size_t i = 0; i < r->span_count; i++) {
        const gte_span *object = &spans_of(r)[i];
        if (object->parent < 0) continue;
        const gte_span *subject = &spans_of(r)[object->parent];
        const typed own = split_type(subject->type), t = split_type(object->type);
        const bool nested = subject->parent >= 0; /* then its type is a predicate, too */
        key(out, count++ ? ",{\"subject\":" : "{\"subject\":");
        put_span(out, r, subject, ",\"type\":", nested ? own.within : subject->type,
                 nested ? own.within_size : strlen(subject->type));
        key(out, ",\"predicate\":");
        gte__json_string(out, t.name, t.name_size);
        key(out, ",\"object\":");
        put_span(out, r, object, ",\"type\":", t.within, t.within_size);
        key(out, ",\"score\":");
        gte__json_float(out, object->score);
        key(out, "}");
    }
    key(out, "]");
}

static void put_event(sink *out, const gte_result *r)
{
    size_t count = 0;
    key(out, "\"events\":[");
    for (size_t i = 0; i < r->span_count; i++) {
        const gte_span *trigger = &spans_of(r)[i];
        if (trigger->parent >= 0) continue;
        const typed t = split_type(trigger->type);
        key(out, count++ ? ",{\"type\":" : "{\"type\":");
        gte__json_string(out, t.name, t.name_size);
        key(out, ",\"trigger\":");
        put_span(out, r, trigger, NULL, NULL, 0);
        key(out, ",\"arguments\":[");
        size_t arguments = 0;
        for (size_t j = 0; j < r->span_count; j++) {
            const gte_span *s = &spans_of(r)[j];
            if (s->parent < 0 || (size_t)s->parent != i) continue;
            if (arguments++) key(out, ",");
            put_span(out, r, s, ",\"role\":", s->type, strlen(s->type));
        }
        key(out, "],\"score\":");
        gte__json_float(out, trigger->score);
        key(out, "}");
    }
    key(out, "]");
}

static bool has_child(const gte_result *r, size_t parent)
{
    for (size_t i = parent + 1; i < r->span_count; i++)
        if (spans_of(r)[i].parent == (int)parent) return true;
    return false;
}

/* An aspect and an opinion about it; either may be missing. */
static void put_aspect(sink *out, const gte_result *r, const gte_span *aspect,
                       const gte_span *opinion)
{
    key(out, "{\"aspect\":");
    if (aspect)
        put_span(out, r, aspect, NULL, NULL, 0);
    else
        key(out, "null");
    key(out, ",\"opinion\":");
    if (opinion)
        put_span(out, r, opinion, NULL, NULL, 0);
    else
        key(out, "null");
    key(out, ",\"polarity\":");
    const typed t = split_type(opinion ? opinion->type : "");
    if (t.within_size) /* "正向情感(情感词)"; of a plain "情感词" it is not known */
        gte__json_string(out, t.name, t.name_size);
    else
        key(out, "null");
    key(out, "}");
}

/* A text that begins with "#" says that an aspect need not be named: the "#" stands for it. */
static bool is_absent(const gte_result *r, const gte_span *aspect)
{
    return aspect->byte_start == 0 && aspect->byte_end == 1 && r->text.data[0] == '#';
}

static void put_aspects(sink *out, const gte_result *r)
{
    size_t count = 0;
    key(out, ",\"aspects\":[");
    for (size_t i = 0; i < r->span_count; i++) {
        const gte_span *s = &spans_of(r)[i];
        const gte_span *aspect = s->parent >= 0 ? &spans_of(r)[s->parent] : NULL;
        if (!aspect && (has_child(r, i) || is_absent(r, s))) continue; /* with its opinions */
        if (count++) key(out, ",");
        if (aspect)
            put_aspect(out, r, is_absent(r, aspect) ? NULL : aspect, s);
        else if (split_type(s->type).within_size) /* an opinion whose aspect is not named */
            put_aspect(out, r, NULL, s);
        else
            put_aspect(out, r, s, NULL);
    }
    key(out, "]");
}

/* "label" and "score" of the best. */
static void put_best(sink *out, const gte_result *r)
{
    const gte_label_score *labels = r->labels.data;
    key(out, "\"label\":");
    if (r->label_count)
        gte__json_string(out, labels[0].name, strlen(labels[0].name));
    else
        key(out, "null");
    key(out, ",\"score\":");
    if (r->label_count)
        gte__json_float(out, labels[0].score);
    else
        key(out, "null");
}

static void put_sentiment(sink *out, const gte_result *r)
{
    const gte_label_score *labels = r->labels.data;
    put_best(out, r);
    key(out, ",\"scores\":{");
    for (size_t i = 0; i < r->label_count; i++) {
        if (i) key(out, ",");
        gte__json_string(out, labels[i].name, strlen(labels[i].name));
        key(out, ":");
        gte__json_float(out, labels[i].score);
    }
    key(out, "}");
    put_aspects(out, r);
}

static void put_classification(sink *out, const gte_result *r)
{
    const gte_label_score *labels = r->labels.data;
    put_best(out, r);
    key(out, ",\"labels\":[");
    for (size_t i = 0; i < r->label_count; i++) {
        if (i) key(out, ",");
        gte__json_string(out, labels[i].name, strlen(labels[i].name));
    }
    key(out, "],\"scores\":[");
    for (size_t i = 0; i < r->label_count; i++) {
        if (i) key(out, ",");
        gte__json_float(out, labels[i].score);
    }
    key(out, "]");
}

static void put_qa(sink *out, const gte_result *r)
{
    static const gte_span none = {.type = "", .parent = -1};
    gte_span best = r->span_count ? spans_of(r)[0] : none;
    if (!r->span_count) best.score = r->null_score;
    key(out, "\"answer\":");
    put_text_of(out, r, &best);
    put_place(out, &best);
    if (r->sentence.end > r->sentence.begin) {
        key(out, ",\"sentence\":");
        gte__json_string(out, r->text.data + r->sentence.begin,
                         r->sentence.end - r->sentence.begin);
    }
    if (r->span_count < 2) return;
    key(out, ",\"answers\":[");
    for (size_t i = 0; i < r->span_count; i++) {
        if (i) key(out, ",");
        key(out, "{\"answer\":");
        put_text_of(out, r, &spans_of(r)[i]);
        put_place(out, &spans_of(r)[i]);
        key(out, "}");
    }
    key(out, "]");
}

/* ---- raw ------------------------------------------------------------------------------------ */

static void put_raw_span(sink *out, const char *type, size_t type_size, const char *text,
                         size_t size, size_t start, size_t end)
{
    key(out, "{\"type\":");
    gte__json_string(out, type, type_size);
    key(out, ",\"span\":");
    gte__json_string(out, text, size);
    key(out, ",\"offset\":[");
    gte__json_integer(out, start);
    key(out, ",");
    gte__json_integer(out, end);
    key(out, "]}");
}

/* A span after those it belongs to. */
static void put_raw_chain(sink *out, const gte_result *r, const gte_span *s)
{
    if (s->parent >= 0) {
        put_raw_chain(out, r, &spans_of(r)[s->parent]);
        key(out, ",");
    }
    const bool question = r->task == GTE_TASK_QA && r->text.pair;
    put_raw_span(out, question ? r->text.pair : s->type,
                 question ? r->text.pair_size : strlen(s->type), r->text.data + s->byte_start,
                 s->byte_end - s->byte_start, s->start, s->end);
}

/* Whether the schema asks for something below the span: then it is no answer by itself. */
static bool is_asked_below(const gte_result *r, const gte_span *s)
{
    const gte_schema_node *schema = r->schema.data;
    for (size_t i = 0; i < r->schema_count; i++)
        if (schema[i].parent >= 0 && schema[schema[i].parent].name == s->type) return true;
    return false;
}

/* An inner list for each span of a type that the schema ends with, its chain before it; a whole
 * text's label as its [CLASSIFY]. */
static void put_raw(sink *out, const gte_result *r)
{
    static const char whole[] = "[CLASSIFY]";
    const gte_label_score *labels = r->labels.data;
    size_t count = 0;
    key(out, "{\"output\":[");
    if (r->label_count) {
        key(out, "[");
        put_raw_span(out, labels[0].name, strlen(labels[0].name), whole, sizeof whole - 1, 0,
                     sizeof whole - 1);
        key(out, "]");
        count++;
    }
    for (size_t i = 0; i < r->span_count; i++) {
        if (is_asked_below(r, &spans_of(r)[i])) continue;
        key(out, count++ ? ",[" : "[");
        put_raw_chain(out, r, &spans_of(r)[i]);
        key(out, "]");
    }
    key(out, "]");
}

gte_status gte_result_json(const gte_result *r, unsigned flags, char *out, size_t capacity,
                           size_t *size, gte_error *err)
{
    static void (*const put[])(sink *, const gte_result *) = {
        [GTE_TASK_NER] = put_ner,
        [GTE_TASK_RELATION] = put_relation,
        [GTE_TASK_EVENT] = put_event,
        [GTE_TASK_SENTIMENT] = put_sentiment,
        [GTE_TASK_CLASSIFICATION] = put_classification,
        [GTE_TASK_QA] = put_qa,
    };
    if (!r || !size || (capacity && !out))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "result, out or size is NULL");
    if (flags & ~GTE_JSON_RAW)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "flags 0x%x are not for gte_result_json", flags);
    if (r->task < GTE_TASK_NER || r->task > GTE_TASK_QA)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "the result is empty: no task has filled it");
    sink s = {out, capacity, 0};
    if (flags & GTE_JSON_RAW) {
        put_raw(&s, r);
    } else {
        key(&s, "{");
        put[r->task](&s, r);
    }
    key(&s, ",\"engine\":");
    gte__json_string(&s, r->engine, strlen(r->engine));
    key(&s, "}");
    *size = s.size;
    if (s.size > capacity)
        return gte__fail(err, GTE_E_CAPACITY, 0, "the JSON has %zu bytes, out holds %zu", s.size,
                         capacity);
    return gte__ok(err);
}
