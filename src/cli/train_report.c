/* What gte train says at its end. */
#include <math.h>
#include <stdlib.h>

#include "json_text.h"
#include "report.h"
#include "train_run.h"

static const char *method_name(const cli_train_run *run)
{
    switch (run->method) {
    case CLI_TRAIN_PROTOTYPE:
        return "prototype";
    case CLI_TRAIN_CRF:
        return "crf";
    default:
        return "logistic";
    }
}

static bool of_words(const cli_train_run *run)
{
    return run->task == GTE_TASK_NER;
}

/* Precision and recall of all spans. */
static void all_spans(const train__tally *tally, double *precision, double *recall)
{
    train__counts all = {0, 0, 0};
    for (size_t i = 0; i < tally->k; i++) {
        all.right += tally->of[i].right;
        all.claimed += tally->of[i].claimed;
        all.present += tally->of[i].present;
    }
    *precision = all.claimed ? (double)all.right / (double)all.claimed : 0;
    *recall = all.present ? (double)all.right / (double)all.present : 0;
}

static void json_trials(cli_sink *sink, const cli_train_run *run)
{
    cli__sink_printf(sink, ",\"folds\":%u,\"validation\":[", run->folds);
    for (size_t i = 0; i < run->trials.count; i++) {
        const train__trial *trial = &run->trials.of[i];
        cli__sink_printf(sink,
                         "%s{\"c\":%g,\"accuracy\":%.6f,\"accuracy_spread\":%.6f,\"%s\":%.6f,"
                         "\"%s_spread\":%.6f}",
                         i ? "," : "", trial->c, trial->mean.accuracy, trial->spread.accuracy,
                         of_words(run) ? "span_f1" : "macro_f1", trial->mean.f1,
                         of_words(run) ? "span_f1" : "macro_f1", trial->spread.f1);
    }
    cli__sink_string(sink, "]");
}

/* "test":{...}, or of prototypes "left_out":{...} */
static void json_tally(cli_sink *sink, const cli_train_run *run)
{
    const train__tally *tally = &run->tally;
    double precision, recall;
    if (!tally->total) return;
    cli__sink_printf(sink, ",\"%s\":{\"%s\":%llu,\"accuracy\":%.6f",
                     run->test_path ? "test" : "left_out", of_words(run) ? "tokens" : "examples",
                     (unsigned long long)tally->total, train__tally_accuracy(tally));
    all_spans(tally, &precision, &recall);
    if (of_words(run))
        cli__sink_printf(sink, ",\"span_precision\":%.6f,\"span_recall\":%.6f,\"span_f1\":%.6f",
                         precision, recall, train__tally_micro_f1(tally));
    else
        cli__sink_printf(sink, ",\"macro_f1\":%.6f,\"micro_f1\":%.6f", train__tally_macro_f1(tally),
                         train__tally_micro_f1(tally));
    cli__sink_printf(sink, ",\"unknown_labels\":%zu,\"labels\":[", run->strange);
    for (size_t i = 0; i < tally->k; i++) {
        cli__sink_string(sink, i ? ",{\"label\":" : "{\"label\":");
        cli__json_c_string(sink, run->names->names[i]);
        cli__sink_printf(sink, ",\"right\":%llu,\"predicted\":%llu,\"present\":%llu,\"f1\":%.6f}",
                         (unsigned long long)tally->of[i].right,
                         (unsigned long long)tally->of[i].claimed,
                         (unsigned long long)tally->of[i].present, train__f1(&tally->of[i]));
    }
    cli__sink_string(sink, "]}");
}

static void write_json(cli_sink *sink, const cli_train_run *run, const char *output)
{
    cli__sink_string(sink, "{\"model\":");
    cli__json_c_string(sink, run->session.path);
    cli__sink_printf(sink, ",\"task\":\"%s\",\"method\":\"%s\",\"head\":", gte_task_name(run->task),
                     method_name(run));
    cli__json_c_string(sink, output);
    cli__sink_printf(sink, ",\"examples\":%zu,\"labels\":%u,\"several\":%s", run->examples.count,
                     run->examples.labels.count, run->examples.several ? "true" : "false");
    if (of_words(run))
        cli__sink_printf(sink, ",\"tokens\":%zu,\"cut\":%zu,\"repaired\":%zu", run->rows, run->cut,
                         run->repaired);
    if (run->method == CLI_TRAIN_PROTOTYPE) {
        cli__sink_printf(sink, ",\"temperature\":%g", run->temperature);
    } else {
        cli__sink_printf(sink, ",\"c\":%g,\"iterations\":%d,\"converged\":%s", run->c,
                         run->outcome.iterations, run->outcome.converged ? "true" : "false");
        json_trials(sink, run);
    }
    json_tally(sink, run);
    cli__sink_printf(sink, ",\"embed_seconds\":%.3f,\"train_seconds\":%.3f}\n", run->embed_seconds,
                     run->train_seconds);
}

static void text_trials(cli_sink *sink, const cli_train_run *run)
{
    if (!run->trials.count) return;
    cli__sink_printf(sink, "\n%u folds held back in turn; mean and standard deviation\n",
                     run->folds);
    cli__sink_printf(sink, "         C  accuracy           %s\n",
                     of_words(run) ? "span F1" : "macro F1");
    for (size_t i = 0; i < run->trials.count; i++) {
        const train__trial *trial = &run->trials.of[i];
        cli__sink_printf(sink, "%10g  %.4f +- %.4f   %.4f +- %.4f%s\n", trial->c,
                         trial->mean.accuracy, trial->spread.accuracy, trial->mean.f1,
                         trial->spread.f1, i == run->trials.best ? "  chosen" : "");
    }
}

static void text_tally(cli_sink *sink, const cli_train_run *run)
{
    const train__tally *tally = &run->tally;
    double precision, recall;
    if (!tally->total) return;
    all_spans(tally, &precision, &recall);
    cli__sink_printf(sink, "\n%s, %llu %s\n",
                     run->test_path ? run->test_path : "each example left out in turn",
                     (unsigned long long)tally->total, of_words(run) ? "tokens" : "examples");
    cli__sink_printf(sink, "accuracy  %.4f\n", train__tally_accuracy(tally));
    if (!of_words(run)) {
        cli__sink_printf(sink, "macro F1  %.4f\n", train__tally_macro_f1(tally));
        if (run->examples.several)
            cli__sink_printf(sink, "micro F1  %.4f\n", train__tally_micro_f1(tally));
        return;
    }
    cli__sink_printf(sink, "spans     precision %.4f  recall %.4f  F1 %.4f\n", precision, recall,
                     train__tally_micro_f1(tally));
    for (size_t i = 0; i < tally->k; i++)
        cli__sink_printf(sink, "%-16s F1 %.4f of %llu\n", run->names->names[i],
                         train__f1(&tally->of[i]), (unsigned long long)tally->of[i].present);
}

static void write_text(cli_sink *sink, const cli_train_run *run)
{
    cli__sink_printf(sink, "task      %s\nmethod    %s", gte_task_name(run->task),
                     method_name(run));
    if (run->method == CLI_TRAIN_PROTOTYPE)
        cli__sink_printf(sink, ", temperature %g\n", run->temperature);
    else
        cli__sink_printf(sink, ", C %g, %d iterations\n", run->c, run->outcome.iterations);
    cli__sink_printf(sink, "examples  %zu of %u labels%s", run->examples.count,
                     run->examples.labels.count, run->examples.several ? ", several each" : "");
    if (of_words(run)) cli__sink_printf(sink, ", %zu tokens", run->rows);
    cli__sink_printf(sink, "\ntime      %.1f s embedding, %.1f s training\n", run->embed_seconds,
                     run->train_seconds);
    text_trials(sink, run);
    text_tally(sink, run);
}

int cli__train_report(const cli_train_run *run, const char *output, int json)
{
    cli_sink *sink = malloc(sizeof *sink);
    if (!sink) return cli__out_of_memory();
    int code = cli__sink_open(sink, NULL);
    if (json)
        write_json(sink, run, output);
    else
        write_text(sink, run);
    code = cli__sink_close(sink, code);
    free(sink);
    return code;
}
