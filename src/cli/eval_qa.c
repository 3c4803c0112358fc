/* gte eval qa: answers to questions about a text, from JSON as SQuAD and CMRC 2018 have it:
 * data[].paragraphs[] of "context" and qas[] of "question" and answers[]. A question without
 * answers is one that the text does not answer. Of several answers the nearest counts. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer_overlap.h"
#include "eval.h"
#include "report.h"

typedef struct question {
    const json_t *context, *qa; /* checked: a string, an object with a question */
} question;

typedef struct questions {
    cli_eval *eval;
    json_t *json;
    question *of;
    size_t count, capacity;
    size_t empty; /* questions that ask nothing: wrong, and not asked */
    cli_units predicted, truth;
    double exact, f1, run_f1; /* sums */
} questions;

/* ---- reading -------------------------------------------------------------------------------- */

static int wrong(const questions *q, const char *what)
{
    return cli__fail("%s: question %zu: %s", q->eval->path, q->count + q->empty + 1, what);
}

static bool is_blank(const json_t *text)
{
    const char *at = json_string_value(text);
    return !at[strspn(at, " \t\r\n")];
}

static int add_question(questions *q, const json_t *context, const json_t *qa)
{
    const json_t *answers = json_object_get(qa, "answers");
    if (!json_is_string(context)) return wrong(q, "its \"context\" is no string");
    if (!json_is_string(json_object_get(qa, "question")))
        return wrong(q, "its \"question\" is no string");
    for (size_t i = 0; i < json_array_size(answers); i++)
        if (!json_is_string(json_object_get(json_array_get(answers, i), "text")))
            return wrong(q, "an answer has no \"text\"");
    if (is_blank(context) || is_blank(json_object_get(qa, "question"))) {
        q->empty++;
        return CLI_OK;
    }
    if (q->count == q->capacity) {
        const size_t capacity = q->capacity ? 2 * q->capacity : 256;
        question *of = realloc(q->of, capacity * sizeof *of);
        if (!of) return cli__out_of_memory();
        q->of = of;
        q->capacity = capacity;
    }
    q->of[q->count++] = (question){context, qa};
    return CLI_OK;
}

static int add_paragraph(questions *q, const json_t *paragraph)
{
    const json_t *qas = json_object_get(paragraph, "qas");
    const json_t *context = json_object_get(paragraph, "context");
    int code = CLI_OK;
    for (size_t i = 0; i < json_array_size(qas) && code == CLI_OK; i++)
        code = add_question(q, context, json_array_get(qas, i));
    return code;
}

static int read_questions(questions *q)
{
    json_error_t why;
    const char *path = q->eval->path;
    int code = CLI_OK;
    q->json = strcmp(path, "-") == 0 ? json_loadf(stdin, JSON_ALLOW_NUL, &why)
                                     : json_load_file(path, JSON_ALLOW_NUL, &why);
    if (!q->json && why.line < 0) return cli__fail("%s: %s", path, why.text);
    if (!q->json) return cli__fail("%s: line %d: not JSON: %s", path, why.line, why.text);
    const json_t *data = json_object_get(q->json, "data");
    for (size_t i = 0; i < json_array_size(data); i++) {
        const json_t *paragraphs = json_object_get(json_array_get(data, i), "paragraphs");
        for (size_t j = 0; j < json_array_size(paragraphs) && code == CLI_OK; j++)
            code = add_paragraph(q, json_array_get(paragraphs, j));
    }
    if (code == CLI_OK && !q->count)
        code = cli__fail("%s: no questions: expected {\"data\": [{\"paragraphs\": [{\"context\", "
                         "\"qas\": [...]}]}]}",
                         path);
    return code;
}

/* ---- asking --------------------------------------------------------------------------------- */

static gte_text text_of(const void *of, size_t i)
{
    const question *q = &((const questions *)of)->of[i];
    const json_t *asked = json_object_get(q->qa, "question");
    return (gte_text){json_string_value(q->context), json_string_length(q->context),
                      json_string_value(asked), json_string_length(asked)};
}

static void place_of(const void *of, size_t i, char out[CLI_EVAL_PLACE])
{
    const questions *q = of;
    const char *id = json_string_value(json_object_get(q->of[i].qa, "id"));
    snprintf(out, CLI_EVAL_PLACE, "%.300s: question %zu%s%.100s", q->eval->path, i + 1,
             id ? ", " : "", id ? id : "");
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static int take(void *of, size_t i, const gte_result *result)
{
    questions *q = of;
    const json_t *answers = json_object_get(q->of[i].qa, "answers");
    const size_t count = json_array_size(answers);
    gte_result_info info;
    double exact = 0.0, f1 = 0.0, run = 0.0;
    gte_result_describe(result, &info, sizeof info);
    const gte_span *best = info.span_count ? info.spans : NULL;
    const char *context = json_string_value(q->of[i].context);
    if (!cli__units_read(&q->predicted, best ? context + best->byte_start : "",
                         best ? best->byte_end - best->byte_start : 0))
        return cli__out_of_memory();
    for (size_t j = 0; j < count || j == 0; j++) {
        const json_t *text = json_object_get(json_array_get(answers, j), "text");
        if (!cli__units_read(&q->truth, text ? json_string_value(text) : "",
                             text ? json_string_length(text) : 0))
            return cli__out_of_memory();
        exact = larger(exact, cli__units_equal(&q->predicted, &q->truth));
        f1 = larger(f1, cli__units_f1(&q->predicted, &q->truth));
        run = larger(run, cli__units_run_f1(&q->predicted, &q->truth));
    }
    q->exact += exact;
    q->f1 += f1;
    q->run_f1 += run;
    return CLI_OK;
}

int cli__eval_qa(cli_session *session, const cli_eval_values *values, const char *path)
{
    cli_eval eval;
    questions q = {.eval = &eval};
    int code = cli__eval_open(&eval, session, values, path, GTE_TASK_QA);
    if (code == CLI_OK) code = read_questions(&q);
    const cli_eval_set set = {q.count, &q, text_of, place_of, take};
    if (code == CLI_OK) code = cli__eval_run(&eval, &set);
    if (code == CLI_OK) {
        const double n = (double)(q.count + q.empty);
        const cli_eval_figure figures[] = {
            {"exact_match", q.exact / n}, {"f1", q.f1 / n}, {"cmrc_f1", q.run_f1 / n}};
        const cli_eval_report report = {"questions", q.count + q.empty, figures, 3};
        if (q.empty)
            cli__note("%zu question%s empty: wrong without being asked", q.empty,
                      q.empty == 1 ? " is" : "s are");
        code = cli__eval_print(&eval, &report);
    }
    json_decref(q.json);
    free(q.of);
    cli__units_free(&q.predicted);
    cli__units_free(&q.truth);
    cli__eval_close(&eval);
    return code;
}
