/* Reading the folders of tests/golden/heads; see head_cases.h. */
#include "head_cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/convert.h"
#include "support.h"

static void die(const char *folder, const char *why)
{
    fprintf(stderr, "%s: %s\n", folder, why);
    exit(2);
}

static void *room(size_t count, size_t size)
{
    void *p = calloc(count + 1, size);
    if (!p) die(HEADS, "no memory");
    return p;
}

json_t *head_reference(const char *folder)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/reference.json", folder);
    json_t *reference = json_load_file(path, 0, NULL);
    if (!reference) die(folder, "reference.json cannot be read");
    return reference;
}

gte_model *head_open(const char *folder, const char *dtype)
{
    const char *name = strrchr(folder, '/'), *bits = dtype ? dtype : "f32";
    const char *path = support_tmp_path("%s-%s.gte", name ? name + 1 : folder, bits);
    const gte_convert_options options = {.dtype = dtype};
    gte_model_options open = GTE_MODEL_OPTIONS_INIT;
    gte_model *model = NULL;
    gte_error err = {0};
    open.verify = 1;
    gte_status status = gte_convert(folder, path, &options, &err);
    if (status == GTE_OK) status = gte_model_open(&model, path, &open, &err);
    if (status != GTE_OK) fprintf(stderr, "%s: %s\n", folder, err.message);
    CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
    return model;
}

gte_context *head_context(const gte_model *model, int threads)
{
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    gte_context *ctx = NULL;
    options.threads = threads;
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, &options, NULL), GTE_OK);
    return ctx;
}

/* ---- inputs and logits --------------------------------------------------------------------- */

static void add_input(head_inputs *inputs, const json_t *ids, const json_t *types)
{
    size_t i, at = inputs->starts[inputs->n];
    json_t *id;
    json_array_foreach(ids, i, id)
    {
        inputs->tokens[at + i].id = (int32_t)json_integer_value(id);
        inputs->tokens[at + i].type = (int32_t)json_integer_value(json_array_get(types, i));
    }
    inputs->n++;
    inputs->starts[inputs->n] = at + json_array_size(ids);
}

/* Appends the numbers of an array, or of an array of arrays. */
static void add_row(head_inputs *inputs, const json_t *row)
{
    size_t i;
    json_t *value;
    json_array_foreach(row, i, value) inputs->want[inputs->rows * inputs->columns + i] =
        json_number_value(value);
    inputs->rows++;
}

static void add_rows(head_inputs *inputs, const json_t *logits)
{
    size_t i;
    json_t *row;
    if (!json_is_array(json_array_get(logits, 0))) {
        add_row(inputs, logits);
        return;
    }
    json_array_foreach(logits, i, row) add_row(inputs, row);
}

static void add_window(head_inputs *inputs, const json_t *window)
{
    const json_t *begin = json_object_get(window, "start"), *end = json_object_get(window, "end");
    add_input(inputs, json_object_get(window, "ids"), json_object_get(window, "types"));
    for (size_t i = 0; i < json_array_size(begin); i++) {
        double *row = inputs->want + 2 * inputs->rows++;
        row[0] = json_number_value(json_array_get(begin, i));
        row[1] = json_number_value(json_array_get(end, i));
    }
}

static void add_case(head_inputs *inputs, const json_t *c)
{
    const json_t *windows = json_object_get(c, "windows");
    size_t i;
    json_t *window;
    if (!windows) {
        add_input(inputs, json_object_get(c, "ids"), json_object_get(c, "types"));
        add_rows(inputs, json_object_get(c, "logits"));
    }
    json_array_foreach(windows, i, window) add_window(inputs, window);
}

head_inputs head_inputs_of(const json_t *reference, const gte_head *head)
{
    enum { TOKENS = 1 << 14, INPUTS = 256 };
    gte_head_info info;
    head_inputs inputs = {0};
    size_t i;
    json_t *c;
    gte_head_describe(head, &info, sizeof info);
    inputs.columns = (size_t)info.labels;
    inputs.tokens = room(TOKENS, sizeof *inputs.tokens);
    inputs.starts = room(INPUTS, sizeof *inputs.starts);
    inputs.want = room(TOKENS * inputs.columns, sizeof *inputs.want);
    json_array_foreach(json_object_get(reference, "cases"), i, c) add_case(&inputs, c);
    if (inputs.n == 0 || inputs.n > INPUTS || inputs.starts[inputs.n] > TOKENS)
        die(HEADS, "no cases, or more than there is room for");
    return inputs;
}

void head_inputs_free(head_inputs *inputs)
{
    free(inputs->tokens);
    free(inputs->starts);
    free(inputs->want);
    *inputs = (head_inputs){0};
}

size_t head_logits(gte_context *ctx, const gte_head *head, const head_inputs *inputs, size_t first,
                   size_t count, float *out)
{
    const size_t begin = inputs->starts[first], tokens = inputs->starts[first + count] - begin;
    gte_head_info info;
    gte_head_describe(head, &info, sizeof info);
    const size_t rows = info.kind == GTE_HEAD_SEQUENCE ? count : tokens;
    size_t *starts = room(count, sizeof *starts);
    gte_error err = {0};
    for (size_t i = 0; i <= count; i++) starts[i] = inputs->starts[first + i] - begin;
    gte_status status = gte_logits_tokens(ctx, head, inputs->tokens + begin, starts, count, NULL,
                                          out, rows * inputs->columns, &err);
    if (status != GTE_OK) fprintf(stderr, "gte_logits_tokens: %s\n", err.message);
    CU_ASSERT_EQUAL_FATAL(status, GTE_OK);
    free(starts);
    return rows;
}

double head_difference(const double *want, const float *got, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double d = fabs(want[i] - (double)got[i]);
        if (!(d <= worst)) worst = isnan(d) ? (double)INFINITY : d;
    }
    return worst;
}

gte_text head_text(const json_t *text, const json_t *pair)
{
    gte_text t = {json_string_value(text), json_string_length(text), NULL, 0};
    if (json_is_string(pair)) {
        t.pair = json_string_value(pair);
        t.pair_size = json_string_length(pair);
    }
    return t;
}

/* ---- real text ------------------------------------------------------------------------------- */

head_texts head_texts_of_conll(const char *path)
{
    enum { TEXTS = 4096 };
    head_texts out = {.bytes = support_read_file(path, NULL)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(out.bytes);
    out.texts = room(TEXTS, sizeof *out.texts);
    char *to = out.bytes, *begin = to, *next = out.bytes;
    for (char *line; (line = next) && *line && out.count < TEXTS;) {
        char *end = strchr(line, '\n');
        next = end ? end + 1 : NULL;
        const size_t bytes = strcspn(line, "\t\n");
        if (bytes > 1) { /* without the digit behind the character */
            memmove(to, line, bytes - 1);
            to += bytes - 1;
        } else if (to > begin) {
            out.texts[out.count++] = (gte_text){begin, (size_t)(to - begin), NULL, 0};
            begin = to;
        }
    }
    return out;
}

void head_texts_free(head_texts *texts)
{
    free(texts->texts);
    free(texts->bytes);
    *texts = (head_texts){0};
}
