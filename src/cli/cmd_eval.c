/* gte eval: how good a model is, by what people said. */
#include <stddef.h>
#include <string.h>

#include "eval.h"
#include "report.h"

static const cli_option options[] = {
    CLI_GROUP_ROW(cli__model_options, cli_eval_values, model),
    CLI_GROUP_ROW(cli__head_options, cli_eval_values, head),
    CLI_CHOICE_ROW("format", 0, "csv|tsv|jsonl|conll", cli_eval_values, kind,
                   "Of FILE [default: by its name; of ner conll]."),
    CLI_STRING_ROW("text-column", 0, "NAME|N", cli_eval_values, format.text_column,
                   "cls: where the text is, a name in the header, a\nnumber from 1, or the key of "
                   "JSON [default: found]."),
    CLI_STRING_ROW("labels-column", 0, "NAME|N", cli_eval_values, format.labels_column,
                   "The same of the labels."),
    CLI_LIST_ROW("map", 0, "OLD=NEW", cli_eval_values, map,
                 "Rename a label or type, of FILE and of answers\nalike; OLD= leaves it out. Any "
                 "number of times."),
    CLI_CHOICE_ROW("aggregation", 0, "none|simple|first|average|max", cli_eval_values, aggregation,
                   "ner: how tokens become entities [default: first]."),
    CLI_INTEGER_ROW("max-answer", 0, "N", 1, 65535, cli_eval_values, max_answer,
                    "qa: tokens of an answer at most [default: 30]."),
    CLI_FLAG_ROW("json", 0, cli_eval_values, json, "One JSON object."),
    CLI_GROUP_ROW(cli__vector_options, cli_eval_values, vectors),
    CLI_GROUP_ROW(cli__engine_options, cli_eval_values, engine),
    CLI_GROUP_ROW(cli__text_options, cli_eval_values, text),
    CLI_LAST_ROW,
};

static const char details[] =
    "sts: CSV of sentence, sentence, score; Pearson's and Spearman's correlation of the cosines.\n"
    "cls: CSV, TSV or JSONL of text and label; accuracy and F1.\n"
    "ner: CoNLL of word and tag a line; F1 of whole spans by type, as seqeval counts.\n"
    "qa:  JSON as SQuAD's and CMRC's; exact match and F1.\n"
    "FILE - is standard input. cls, ner and qa take the model's head or --head, or none.\n";

static const struct {
    const char *name;
    int (*run)(cli_session *session, const cli_eval_values *values, const char *path);
} evaluations[] = {
    {"sts", cli__eval_sts}, {"cls", cli__eval_cls}, {"ner", cli__eval_ner}, {"qa", cli__eval_qa}};

static int run_eval(const cli_command *self, int argc, char **argv)
{
    cli_eval_values values = {0};
    cli_session session = {0};
    size_t which = 0;
    const size_t count = sizeof evaluations / sizeof *evaluations;
    int operands, code = cli__parse(self, argc, argv, &values, &operands);
    if (code != CLI_RUN) return code;
    while (which < count && (operands < 1 || strcmp(argv[0], evaluations[which].name) != 0))
        which++;
    if (which == count) return cli__misuse("what to measure comes first: sts, cls, ner or qa");
    if (operands != 2) return cli__misuse("needs one FILE");
    values.format.kind = (cli_train_kind)values.kind;
    values.format.replace_invalid = values.text.replace_invalid != 0;
    code = cli__session_open(&session, values.model.model);
    if (code == CLI_OK) code = evaluations[which].run(&session, &values, argv[1]);
    cli__session_close(&session);
    return code;
}

const cli_command cli__eval_command = {
    .name = "eval",
    .synopsis = "sts|cls|ner|qa FILE",
    .summary = "Measure a model: by people's scores, labels, names, answers.",
    .details = details,
    .options = options,
    .run = run_eval,
};
