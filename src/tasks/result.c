/* What a decoder leaves behind: labels and spans, with copies of all that the request owned. */
#include "tasks/result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/sort.h"
#include "base/utf8.h"

static gte_status no_memory(gte_error *err)
{
    return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for a result");
}

gte_status gte_result_create(gte_result **out, gte_error *err)
{
    if (!out) return gte__fail(err, GTE_E_ARGUMENT, 0, "out is NULL");
    *out = calloc(1, sizeof **out);
    return *out ? gte__ok(err) : no_memory(err);
}

void gte_result_free(gte_result **result)
{
    if (!result || !*result) return;
    gte_result *r = *result;
    gte__buffer *const buffers[] = {
        &r->copy,       &r->names,        &r->labels,     &r->spans,
        &r->logits,     &r->logit_tokens, &r->content,    &r->windows,
        &r->merged,     &r->scratch[0],   &r->scratch[1], &r->scratch[2],
        &r->scratch[3], &r->schema,       &r->own_labels, &r->texts};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) gte__buffer_free(buffers[i]);
    free(r);
    *result = NULL;
}

/* ---- the request's copies ------------------------------------------------------------------- */

static gte_status copy_text(gte_result *r, const gte_text *text, gte_error *err)
{
    size_t total;
    if ((text->size && !text->data) || (text->pair_size && !text->pair))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "the request's text is NULL");
    if (text->size > UINT32_MAX || text->pair_size > UINT32_MAX)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "a text of 4 GiB or more");
    if (!gte__add(text->size, text->pair_size, &total) ||
        !gte__buffer_reserve(&r->copy, total + 1, 1))
        return no_memory(err);
    char *copy = r->copy.data;
    if (text->size) memcpy(copy, text->data, text->size);
    if (text->pair_size) memcpy(copy + text->size, text->pair, text->pair_size);
    r->text = (gte_text){copy, text->size, text->pair ? copy + text->size : NULL, text->pair_size};
    return GTE_OK;
}

static gte_status check_name(const char *name, const char *what, size_t i, gte_error *err)
{
    if (!name || !*name)
        return gte__fail(err, GTE_E_ARGUMENT, i, "%s %zu is empty: each must have a name", what, i);
    const size_t size = strlen(name);
    if (size > GTE_SCHEMA_NAME_MAX)
        return gte__fail(err, GTE_E_ARGUMENT, i, "%s %zu has %zu bytes, more than %d", what, i,
                         size, GTE_SCHEMA_NAME_MAX);
    if (gte__utf8_invalid(name, size) != size)
        return gte__fail(err, GTE_E_ARGUMENT, i, "%s %zu is not valid UTF-8", what, i);
    return GTE_OK;
}

static gte_status check_labels(const gte_request *request, gte_error *err)
{
    if (request->label_count > GTE_LABELS_MAX)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "%zu labels, more than %d", request->label_count,
                         GTE_LABELS_MAX);
    if (request->label_count && !request->labels)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "labels is NULL");
    for (size_t i = 0; i < request->label_count; i++) {
        const gte_label *label = &request->labels[i];
        gte_status status = check_name(label->name, "label", i, err);
        if (status == GTE_OK && label->text)
            status = check_name(label->text, "the text of label", i, err);
        if (status != GTE_OK) return status;
        for (size_t j = 0; j < i; j++)
            if (strcmp(label->name, request->labels[j].name) == 0)
                return gte__fail(err, GTE_E_ARGUMENT, i, "label %zu stands twice", i);
    }
    return GTE_OK;
}

static gte_status check_schema(const gte_request *request, gte_error *err)
{
    uint8_t depth[GTE_SCHEMA_NODES_MAX];
    if (request->schema_count > GTE_SCHEMA_NODES_MAX)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "the schema has %zu types, more than %d",
                         request->schema_count, GTE_SCHEMA_NODES_MAX);
    if (request->schema_count && !request->schema)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "schema is NULL");
    for (size_t i = 0; i < request->schema_count; i++) {
        const gte_schema_node *node = &request->schema[i];
        gte_status status = check_name(node->name, "the schema's type", i, err);
        if (status != GTE_OK) return status;
        if (node->parent < -1 || node->parent >= (int)i)
            return gte__fail(err, GTE_E_ARGUMENT, i, "type %zu of the schema: its parent is %d", i,
                             node->parent);
        depth[i] = node->parent < 0 ? 1 : (uint8_t)(depth[node->parent] + 1);
        if (depth[i] > GTE_SCHEMA_DEPTH_MAX)
            return gte__fail(err, GTE_E_ARGUMENT, i, "the schema is deeper than %d",
                             GTE_SCHEMA_DEPTH_MAX);
    }
    return GTE_OK;
}

static const char *copy_name(gte_result *r, size_t *used, const char *name)
{
    char *copy = (char *)r->names.data + *used;
    const size_t size = strlen(name) + 1;
    memcpy(copy, name, size);
    *used += size;
    return copy;
}

static const char *text_of(const gte_label *label)
{
    return label->text ? label->text : label->name;
}

/* Names of labels and schema, once they have been checked; what holds them does not move then. */
static gte_status copy_names(gte_result *r, const gte_request *request, gte_error *err)
{
    size_t bytes = 1, used = 0;
    for (size_t i = 0; i < request->label_count; i++)
        bytes += strlen(request->labels[i].name) + strlen(text_of(&request->labels[i])) + 2;
    for (size_t i = 0; i < request->schema_count; i++) bytes += strlen(request->schema[i].name) + 1;
    if (!gte__buffer_reserve(&r->names, bytes, 1) ||
        !gte__buffer_reserve(&r->schema, request->schema_count, sizeof *request->schema) ||
        !gte__buffer_reserve(&r->own_labels, request->label_count, sizeof(gte_label)))
        return no_memory(err);
    gte_label *labels = r->own_labels.data;
    gte_schema_node *schema = r->schema.data;
    for (size_t i = 0; i < request->label_count; i++) {
        labels[i].name = copy_name(r, &used, request->labels[i].name);
        labels[i].text = copy_name(r, &used, text_of(&request->labels[i]));
    }
    for (size_t i = 0; i < request->schema_count; i++)
        schema[i] = (gte_schema_node){copy_name(r, &used, request->schema[i].name),
                                      request->schema[i].parent};
    r->own_label_count = request->label_count;
    r->schema_count = request->schema_count;
    return GTE_OK;
}

gte_status gte__result_begin(gte_result *r, const gte_request *request, const char *engine,
                             gte_error *err)
{
    r->task = request->task;
    r->engine = engine;
    r->label_count = r->span_count = r->tokens = r->window_count = r->content_count = 0;
    r->logit_rows = r->logit_columns = r->own_label_count = r->schema_count = 0;
    r->null_score = 0.0f;
    r->truncated = r->awaits_vectors = false;
    r->sentence = (gte__piece){0, 0}; /* of another text */
    r->text = (gte_text){"", 0, NULL, 0};
    gte_status status = check_labels(request, err);
    if (status == GTE_OK) status = check_schema(request, err);
    if (status == GTE_OK) status = copy_names(r, request, err);
    if (status == GTE_OK) status = copy_text(r, &request->text, err);
    return status;
}

gte_status gte__result_sides(const gte_result *r, gte__piece *question, gte__piece *context,
                             gte_error *err)
{
    const gte_text text = r->text;
    if (!text.pair)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "qa needs a question: the pair of the text");
    *question = gte__trim(text.pair, (gte__piece){0, text.pair_size});
    *context = gte__trim(text.data, (gte__piece){0, text.size});
    if (question->begin == question->end || context->begin == context->end)
        return gte__fail(err, GTE_E_ARGUMENT, 0, "the question or its context is empty");
    return GTE_OK;
}

/* ---- what decoders add ---------------------------------------------------------------------- */

gte_status gte__result_add_label(gte_result *r, const char *name, float score, gte_error *err)
{
    gte_label_score label = {name, score};
    if (!gte__buffer_reserve(&r->labels, r->label_count + 1, sizeof label)) return no_memory(err);
    ((gte_label_score *)r->labels.data)[r->label_count++] = label;
    return GTE_OK;
}

static int by_score(const void *a, const void *b)
{
    const gte_label_score *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    /* names of one list lie one after the other in memory */
    return ((uintptr_t)x->name > (uintptr_t)y->name) - ((uintptr_t)x->name < (uintptr_t)y->name);
}

void gte__result_sort_labels(gte_result *r)
{
    gte__sort(r->labels.data, r->label_count, sizeof(gte_label_score), by_score);
}

gte_status gte__result_add_span(gte_result *r, const char *type, size_t byte_start, size_t byte_end,
                                float score, int parent, gte_error *err)
{
    gte_span span = {.type = type,
                     .byte_start = (uint32_t)byte_start,
                     .byte_end = (uint32_t)byte_end,
                     .score = score,
                     .parent = parent};
    if (!gte__buffer_reserve(&r->spans, r->span_count + 1, sizeof span)) return no_memory(err);
    ((gte_span *)r->spans.data)[r->span_count++] = span;
    return GTE_OK;
}

/* Where the last count ended: spans mostly come in the order of the text. */
typedef struct cursor {
    uint32_t byte, point;
} cursor;

static uint32_t point_of(const gte_text *text, cursor *at, uint32_t byte)
{
    const uint8_t *p = (const uint8_t *)text->data, *end = p + text->size;
    if (byte < at->byte) *at = (cursor){0, 0};
    while (at->byte < byte && at->byte < text->size) {
        unsigned length;
        (void)gte__utf8_decode_lossy(p + at->byte, end, &length);
        at->byte += length;
        at->point++;
    }
    return at->point;
}

void gte__result_end(gte_result *r)
{
    gte_span *spans = r->spans.data;
    cursor at = {0, 0};
    for (size_t i = 0; i < r->span_count; i++) {
        spans[i].start = point_of(&r->text, &at, spans[i].byte_start);
        spans[i].end = point_of(&r->text, &at, spans[i].byte_end);
    }
}

void gte__result_points(const gte_result *r, gte_token *tokens, size_t n)
{
    cursor at = {0, 0};
    for (size_t i = 0; i < n; i++) {
        tokens[i].start = point_of(&r->text, &at, tokens[i].start);
        tokens[i].end = point_of(&r->text, &at, tokens[i].end);
    }
}

gte_status gte__result_keep_logits(gte_result *r, const float *logits, size_t rows, size_t columns,
                                   const gte_token *tokens, gte_error *err)
{
    const size_t cells = rows * columns; /* they lie in memory: no overflow */
    if (!gte__buffer_reserve(&r->logits, cells + 1, sizeof *logits) ||
        !gte__buffer_reserve(&r->logit_tokens, tokens ? rows : 0, sizeof *tokens))
        return no_memory(err);
    if (cells) memcpy(r->logits.data, logits, cells * sizeof *logits);
    if (tokens && rows) memcpy(r->logit_tokens.data, tokens, rows * sizeof *tokens);
    r->logit_rows = rows;
    r->logit_columns = columns;
    r->logits_of_tokens = tokens != NULL;
    return GTE_OK;
}

void gte_result_describe(const gte_result *r, gte_result_info *out, size_t size)
{
    if (!r) return;
    const gte_result_info info = {
        .task = r->task,
        .engine = r->engine ? r->engine : "",
        .labels = r->labels.data,
        .label_count = r->label_count,
        .spans = r->spans.data,
        .span_count = r->span_count,
        .null_score = r->null_score,
        .tokens = r->tokens,
        .windows = r->window_count,
        .truncated = r->truncated,
        .logits = r->logit_rows ? r->logits.data : NULL,
        .logit_rows = r->logit_rows,
        .logit_columns = r->logit_columns,
        .logit_tokens = r->logit_rows && r->logits_of_tokens ? r->logit_tokens.data : NULL,
    };
    if (out) memcpy(out, &info, size < sizeof info ? size : sizeof info);
}

/* ---- scores --------------------------------------------------------------------------------- */

void gte__scores_softmax(float *x, size_t n)
{
    double sum = 0.0;
    float most = x[0];
    for (size_t i = 1; i < n; i++) most = x[i] > most ? x[i] : most;
    for (size_t i = 0; i < n; i++) sum += exp((double)x[i] - most);
    for (size_t i = 0; i < n; i++) x[i] = (float)(exp((double)x[i] - most) / sum);
}

float gte__scores_sigmoid(float x)
{
    return (float)(1.0 / (1.0 + exp(-(double)x)));
}
