/* gte eval cls: labels of texts. Accuracy, and F1 as scikit-learn defines it: macro, the mean over
 * the labels that are present or predicted; micro, of all together. */
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "report.h"

typedef struct texts {
    cli_eval *eval;
    train__examples examples;
    bool several; /* a text may have any number of labels */
    train__tally tally;
    float *scores; /* [labels]: 1 of what is predicted, else -1 */
    size_t capacity;
    uint32_t *truth; /* the labels of one text, renamed */
} texts;

static gte_text text_of(const void *of, size_t i)
{
    const train__examples *examples = &((const texts *)of)->examples;
    return (gte_text){train__example_text(examples, i), examples->items[i].size, NULL, 0};
}

static void place_of(const void *of, size_t i, char out[CLI_EVAL_PLACE])
{
    const texts *t = of;
    cli__train_place(t->eval->path, t->examples.items[i].line, out);
}

/* A score for every label there is. */
static int make_room(texts *t)
{
    const size_t count = t->eval->labels.count, capacity = 2 * count;
    if (count <= t->capacity) return CLI_OK;
    float *scores = realloc(t->scores, capacity * sizeof *scores);
    if (!scores) return cli__out_of_memory();
    for (size_t i = t->capacity; i < capacity; i++) scores[i] = -1.0f;
    t->scores = scores;
    t->capacity = capacity;
    return CLI_OK;
}

/* The labels that the result claims, as scores. */
static int claims(texts *t, const gte_result_info *info)
{
    int code = make_room(t);
    for (size_t i = 0; i < info->label_count && code == CLI_OK; i++) {
        uint32_t label;
        if (t->several ? info->labels[i].score <= 0.5f : i > 0) break;
        code = cli__eval_label(t->eval, info->labels[i].name, &label);
        if (code == CLI_OK) code = make_room(t);
        if (code == CLI_OK && label != TRAIN__NO_LABEL) t->scores[label] = 1.0f;
    }
    return code;
}

static int take(void *of, size_t i, const gte_result *result)
{
    texts *t = of;
    const train__example *example = &t->examples.items[i];
    gte_result_info info;
    size_t count = 0;
    gte_result_describe(result, &info, sizeof info);
    for (uint32_t j = 0; j < example->count; j++) {
        const char *name = t->examples.labels.names[t->examples.marks[example->first + j].label];
        int code = cli__eval_label(t->eval, name, &t->truth[count]);
        if (code != CLI_OK) return code;
        count += t->truth[count] != TRAIN__NO_LABEL;
    }
    for (size_t j = 0; j < t->capacity; j++) t->scores[j] = -1.0f;
    int code = claims(t, &info);
    if (code != CLI_OK) return code;
    t->tally.of = t->eval->counts;
    t->tally.k = t->eval->labels.count;
    train__tally_add(&t->tally, t->scores, t->truth, count, true);
    return CLI_OK;
}

/* An embedding model chooses from the labels that the file has. */
static int offer_labels(texts *t, gte_label *labels)
{
    const train__label_set *set = &t->examples.labels;
    if (t->eval->tasks.head) return CLI_OK;
    if (set->count > GTE_LABELS_MAX)
        return cli__fail("%s: %u labels; without a head there may be %d", t->eval->path, set->count,
                         GTE_LABELS_MAX);
    for (uint32_t i = 0; i < set->count; i++) labels[i].name = set->names[i];
    t->eval->tasks.standard.labels = labels;
    t->eval->tasks.standard.label_count = set->count;
    return CLI_OK;
}

static int print(const texts *t)
{
    const cli_eval_figure figures[] = {{"accuracy", train__tally_accuracy(&t->tally)},
                                       {"macro_f1", train__tally_macro_f1(&t->tally)},
                                       {"micro_f1", train__tally_micro_f1(&t->tally)}};
    const cli_eval_report report = {"texts", t->examples.count, figures, 3};
    return cli__eval_print(t->eval, &report);
}

int cli__eval_cls(cli_session *session, const cli_eval_values *values, const char *path)
{
    cli_eval eval;
    gte_label labels[GTE_LABELS_MAX] = {{0}};
    gte_head_info info = {0};
    texts t = {.eval = &eval};
    int code = cli__eval_open(&eval, session, values, path, GTE_TASK_CLASSIFICATION);
    if (code == CLI_OK) code = cli__train_read(&values->format, path, &t.examples);
    if (code == CLI_OK) code = offer_labels(&t, labels);
    if (code == CLI_OK && !(t.truth = calloc(t.examples.mark_count + 1, sizeof *t.truth)))
        code = cli__out_of_memory();
    if (eval.tasks.head) gte_head_describe(eval.tasks.head, &info, sizeof info);
    t.several = info.multi_label;
    const cli_eval_set set = {t.examples.count, &t, text_of, place_of, take};
    if (code == CLI_OK) code = cli__eval_run(&eval, &set);
    if (code == CLI_OK) code = print(&t);
    train__examples_free(&t.examples);
    free(t.truth);
    free(t.scores);
    cli__eval_close(&eval);
    return code;
}
