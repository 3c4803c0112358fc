/* Down the schema: the types of a level, below every span of the level above, are asked together.
 * A hint names the path it is on: "父类型: 父片段, 类型: ". */
#include <string.h>

#include "tasks/extract.h"
#include "tasks/extract_schema.h"
#include "tasks/tasks.h"

static const gte_schema_node *schema_of(const gte__extraction *x)
{
    return x->run->result->schema.data;
}

static gte__found *found_of(const gte__extraction *x, int i)
{
    return (gte__found *)x->found.data + i;
}

/* ---- hints --------------------------------------------------------------------------------- */

static gte_status append(gte__extraction *x, const char *data, size_t size, gte_error *err)
{
    size_t *end = &x->hint_byte[x->hints + 1];
    if (!gte__buffer_reserve(&x->hint_bytes, *end + size, 1))
        return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for a hint");
    memcpy((char *)x->hint_bytes.data + *end, data, size);
    *end += size;
    return GTE_OK;
}

/* "type: ", and behind it the span, unless its size is 0, and ", " */
static gte_status append_step(gte__extraction *x, const char *type, const char *span, size_t size,
                              gte_error *err)
{
    gte_status status = append(x, type, strlen(type), err);
    if (status == GTE_OK) status = append(x, ": ", 2, err);
    if (status == GTE_OK && size) status = append(x, span, size, err);
    return status == GTE_OK && size ? append(x, ", ", 2, err) : status;
}

static gte_status add_hint(gte__extraction *x, int parent, int type, gte_error *err)
{
    const gte_schema_node *schema = schema_of(x);
    int path[GTE_SCHEMA_DEPTH_MAX], depth = 0;
    gte_status status = GTE_OK;
    x->hint_byte[x->hints + 1] = x->hint_byte[x->hints];
    x->hint_type[x->hints] = type;
    x->hint_parent[x->hints] = parent;
    for (int i = parent; i >= 0; i = found_of(x, i)->parent) path[depth++] = i;
    while (depth-- > 0 && status == GTE_OK) {
        const gte__found *f = found_of(x, path[depth]);
        status = append_step(x, schema[f->type].name, x->run->result->text.data + f->byte,
                             f->byte_end - f->byte, err);
    }
    if (status == GTE_OK) status = append_step(x, schema[type].name, "", 0, err);
    if (status == GTE_OK) x->hints++;
    return status;
}

/* ---- answers ------------------------------------------------------------------------------- */

/* Behind those of the hints before, for the caller. */
static gte_status keep_logits(gte__extraction *x, gte_error *err)
{
    gte_result *r = x->run->result;
    const size_t rows = x->hints * x->tokens;
    if (!gte__buffer_reserve(&r->logits, r->logit_rows + rows, 2 * sizeof(float)) ||
        !gte__buffer_reserve(&r->logit_tokens, r->logit_rows + rows, sizeof(gte_token)))
        return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for logits");
    memcpy((float *)r->logits.data + 2 * r->logit_rows, x->logits.data, rows * 2 * sizeof(float));
    for (size_t i = 0; i < x->hints; i++) {
        gte_token *tokens = (gte_token *)r->logit_tokens.data + r->logit_rows + i * x->tokens;
        memcpy(tokens, x->text.data, x->tokens * sizeof *tokens);
        gte__result_points(r, tokens, x->tokens);
    }
    r->logit_rows += rows;
    r->logit_columns = 2;
    r->logits_of_tokens = true;
    return GTE_OK;
}

/* Asks the hints that were gathered and takes what they find. */
static gte_status ask(gte__extraction *x, gte_error *err)
{
    if (x->hints == 0) return GTE_OK;
    gte_status status = gte__extraction_ask(x, err);
    if (status == GTE_OK && x->run->request->flags & GTE_KEEP_LOGITS) status = keep_logits(x, err);
    gte__extraction_mark(x);
    for (size_t i = 0; i < x->hints && status == GTE_OK; i++)
        status = gte__extraction_take(x, i, err);
    gte__extraction_lap(x, GTE_TRACE_DECODE, x->hints * x->tokens);
    x->hints = 0;
    x->hint_byte[0] = 0;
    return status;
}

/* ---- levels -------------------------------------------------------------------------------- */

/* Hints whose logits make some megabytes, of a long text fewer than of a short one. */
static size_t hints_together(const gte__extraction *x)
{
    const size_t few = ((size_t)1 << 20) / x->tokens;
    return few < GTE__EXTRACT_TOGETHER ? few : GTE__EXTRACT_TOGETHER;
}

/* The types below a span, or below none. */
static gte_status ask_below(gte__extraction *x, int parent, gte_error *err)
{
    const int above = parent < 0 ? -1 : found_of(x, parent)->type;
    gte_status status = GTE_OK;
    for (size_t i = 0; i < x->run->result->schema_count && status == GTE_OK; i++) {
        if (schema_of(x)[i].parent != above) continue;
        if (x->asked == GTE__EXTRACT_HINTS) {
            x->cut_short = true;
            return GTE_OK;
        }
        x->asked++;
        status = add_hint(x, parent, (int)i, err);
        if (status == GTE_OK && x->hints == hints_together(x)) status = ask(x, err);
    }
    return status;
}

static gte_status descend(gte__extraction *x, gte_error *err)
{
    gte_status status = ask_below(x, -1, err);
    if (status == GTE_OK) status = ask(x, err);
    for (size_t at = 0; status == GTE_OK && at < x->found_count;) {
        const size_t level = x->found_count; /* what it finds is the level below */
        for (; at < level && status == GTE_OK; at++) status = ask_below(x, (int)at, err);
        if (status == GTE_OK) status = ask(x, err);
    }
    return status;
}

/* The spans below a parent into the result, each followed by what is below it; those below one
 * parent stand together, and those of a later parent later. */
static gte_status put_below(gte__extraction *x, int parent, size_t first, gte_error *err)
{
    gte_result *r = x->run->result;
    gte_status status = GTE_OK;
    for (size_t i = first; i < x->found_count && status == GTE_OK; i++) {
        gte__found *f = found_of(x, (int)i);
        if (f->parent != parent) {
            if (f->parent > parent) break;
            continue;
        }
        f->number = r->span_count;
        status = gte__result_add_span(r, schema_of(x)[f->type].name, f->byte, f->byte_end, f->score,
                                      parent < 0 ? -1 : (int)found_of(x, parent)->number, err);
        if (status == GTE_OK) status = put_below(x, (int)i, i + 1, err);
    }
    return status;
}

gte_status gte__extract(const gte__run *run, gte__extraction *x, gte__encoder *encoder,
                        gte_error *err)
{
    gte_result *r = run->result;
    x->encoder = encoder;
    x->run = run;
    x->upper = run->head->header->lower_layers;
    x->hints = x->found_count = x->asked = x->hint_byte[0] = 0;
    x->cut_short = false;
    gte_status status = gte__schema_complete(r, err);
    if (status == GTE_OK) status = gte__extraction_read(x, err);
    if (status == GTE_OK) status = descend(x, err);
    gte__extraction_mark(x);
    if (status == GTE_OK) status = put_below(x, -1, 0, err);
    if (status == GTE_OK) gte__result_end(r);
    gte__extraction_lap(x, GTE_TRACE_DECODE, x->tokens);
    r->tokens = x->tokens;
    r->window_count = x->windows;
    r->truncated = x->cut_short;
    gte__extraction_trim(x);
    return status;
}
