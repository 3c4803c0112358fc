/* gte eval ner: spans of names. As seqeval counts: a span is right when its type and both its ends
 * are; F1 by type, of all together (micro) and the mean over types (macro). */
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "report.h"
#include "train/word_tags.h"

typedef struct sentences {
    cli_eval *eval;
    train__examples examples;
    train__tags tags;
    uint32_t *labels;               /* [words of the longest] */
    train__span *spans, *predicted; /* [the same], [capacity] */
    size_t capacity;
} sentences;

static gte_text text_of(const void *of, size_t i)
{
    const train__examples *examples = &((const sentences *)of)->examples;
    return (gte_text){train__example_text(examples, i), examples->items[i].size, NULL, 0};
}

static void place_of(const void *of, size_t i, char out[CLI_EVAL_PLACE])
{
    const sentences *s = of;
    cli__train_place(s->eval->path, s->examples.items[i].line, out);
}

/* The annotated spans in bytes, by the renamed types; negative: reported. */
static int truth_of(sentences *s, size_t i, size_t *out)
{
    const train__example *example = &s->examples.items[i];
    const train__mark *marks = s->examples.marks + example->first;
    size_t kept = 0;
    for (uint32_t j = 0; j < example->count; j++) s->labels[j] = marks[j].label;
    const size_t count = train__tags_spans(&s->tags, s->labels, example->count, s->spans);
    for (size_t j = 0; j < count; j++) {
        train__span span = {marks[s->spans[j].start].start, marks[s->spans[j].end - 1].end, 0};
        int code = cli__eval_label(s->eval, s->tags.types.names[s->spans[j].type], &span.type);
        if (code != CLI_OK) return code;
        if (span.type != TRAIN__NO_LABEL) s->spans[kept++] = span;
    }
    *out = kept;
    return CLI_OK;
}

static int predicted_of(sentences *s, const gte_result_info *info, size_t *out)
{
    if (info->span_count > s->capacity) {
        train__span *spans = realloc(s->predicted, info->span_count * sizeof *spans);
        if (!spans) return cli__out_of_memory();
        s->predicted = spans;
        s->capacity = info->span_count;
    }
    *out = 0;
    for (size_t i = 0; i < info->span_count; i++) {
        const gte_span *span = &info->spans[i];
        train__span own = {span->byte_start, span->byte_end, 0};
        int code = cli__eval_label(s->eval, span->type, &own.type);
        if (code != CLI_OK) return code;
        if (own.type != TRAIN__NO_LABEL) s->predicted[(*out)++] = own;
    }
    return CLI_OK;
}

static int take(void *of, size_t i, const gte_result *result)
{
    sentences *s = of;
    gte_result_info info;
    size_t present = 0, claimed = 0;
    gte_result_describe(result, &info, sizeof info);
    int code = truth_of(s, i, &present);
    if (code == CLI_OK) code = predicted_of(s, &info, &claimed);
    if (code != CLI_OK) return code;
    train__tally tally = {s->eval->counts, s->eval->labels.count, 0, 0};
    train__spans_tally(s->spans, present, s->predicted, claimed, &tally);
    return CLI_OK;
}

static int print(const sentences *s)
{
    const train__tally tally = {s->eval->counts, s->eval->labels.count, 0, 0};
    train__counts all = {0, 0, 0};
    for (size_t i = 0; i < tally.k; i++) {
        all.right += tally.of[i].right;
        all.claimed += tally.of[i].claimed;
        all.present += tally.of[i].present;
    }
    const cli_eval_figure figures[] = {
        {"precision", all.claimed ? (double)all.right / (double)all.claimed : 0.0},
        {"recall", all.present ? (double)all.right / (double)all.present : 0.0},
        {"micro_f1", train__tally_micro_f1(&tally)},
        {"macro_f1", train__tally_macro_f1(&tally)}};
    const cli_eval_report report = {"sentences", s->examples.count, figures, 4};
    return cli__eval_print(s->eval, &report);
}

static int prepare(sentences *s)
{
    size_t words = 1, repaired = 0;
    cli_train_format format = s->eval->values->format;
    if (format.kind == CLI_TRAIN_BY_NAME) format.kind = CLI_TRAIN_CONLL;
    if (format.kind != CLI_TRAIN_CONLL) return cli__misuse("gte eval ner reads CoNLL");
    int code = cli__train_read(&format, s->eval->path, &s->examples);
    if (code == CLI_OK) code = cli__train_tags(&s->examples, s->eval->path, &s->tags, &repaired);
    if (code != CLI_OK) return code;
    for (size_t i = 0; i < s->examples.count; i++)
        if (s->examples.items[i].count > words) words = s->examples.items[i].count;
    s->labels = calloc(words, sizeof *s->labels);
    s->spans = calloc(words, sizeof *s->spans);
    return s->labels && s->spans ? CLI_OK : cli__out_of_memory();
}

int cli__eval_ner(cli_session *session, const cli_eval_values *values, const char *path)
{
    cli_eval eval;
    sentences s = {.eval = &eval};
    int code = cli__eval_open(&eval, session, values, path, GTE_TASK_NER);
    if (code == CLI_OK) code = prepare(&s);
    const cli_eval_set set = {s.examples.count, &s, text_of, place_of, take};
    if (code == CLI_OK) code = cli__eval_run(&eval, &set);
    if (code == CLI_OK) code = print(&s);
    train__tags_free(&s.tags);
    train__examples_free(&s.examples);
    free(s.labels);
    free(s.spans);
    free(s.predicted);
    cli__eval_close(&eval);
    return code;
}
