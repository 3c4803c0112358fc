/* Labelled inputs through gte_predict, batch by batch. */
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "interrupt.h"
#include "report.h"

int cli__eval_open(cli_eval *eval, cli_session *session, const cli_eval_values *values,
                   const char *path, gte_task task)
{
    memset(eval, 0, sizeof *eval);
    eval->session = session;
    eval->values = values;
    eval->path = path;
    eval->engine = "";
    for (size_t i = 0; i < values->map.count; i++)
        if (!strchr(values->map.items[i], '='))
            return cli__misuse("--map %s: write OLD=NEW", values->map.items[i]);
    int code = cli__tasks_open(&eval->tasks, session, values->head.head, task);
    if (code == CLI_OK)
        code = cli__session_start(session, &values->engine, &values->vectors, &values->text);
    gte_request *standard = &eval->tasks.standard;
    standard->aggregation = (gte_aggregation)values->aggregation;
    standard->max_answer_tokens = values->max_answer;
    standard->flags =
        cli__text_flags(&values->text) | (values->vectors.no_truncate ? GTE_NO_TRUNCATE : 0);
    return code;
}

void cli__eval_close(cli_eval *eval)
{
    cli__tasks_close(&eval->tasks);
    train__label_set_free(&eval->labels);
    free(eval->counts);
    eval->counts = NULL;
}

static int run_batch(cli_eval *eval, const cli_eval_set *set, size_t first)
{
    gte_error err;
    gte_result_info info;
    char place[CLI_EVAL_PLACE];
    const size_t n = eval->tasks.chunk.count;
    int code = cli__tasks_run(&eval->tasks, eval->session, &err);
    if (code == CLI_FAILED) {
        set->place(set->of, first + (err.index < n ? err.index : 0), place);
        return cli__session_report(0, place, &err);
    }
    for (size_t i = 0; i < n && code == CLI_OK; i++)
        code = set->take(set->of, first + i, eval->tasks.results[i]);
    if (code != CLI_OK) return code;
    gte_result_describe(eval->tasks.results[0], &info, sizeof info);
    eval->engine = info.engine;
    return CLI_OK;
}

int cli__eval_run(cli_eval *eval, const cli_eval_set *set)
{
    int code = CLI_OK;
    cli__progress_start(&eval->session->bar, "texts", -1);
    for (size_t i = 0; i < set->count && code == CLI_OK;) {
        const size_t first = i;
        cli__tasks_begin(&eval->tasks);
        while (code == CLI_OK && i < set->count && cli__tasks_have_room(&eval->tasks))
            code = cli__tasks_add(&eval->tasks, set->text(set->of, i++), NULL, "");
        if (code == CLI_OK) code = run_batch(eval, set, first);
        if (code == CLI_OK && cli__interrupted()) code = CLI_INTERRUPTED;
    }
    cli__progress_wipe();
    return code;
}

/* NEW of the --map that says OLD=NEW, else the name. */
static const char *renamed(const cli_list *map, const char *name)
{
    const size_t size = strlen(name);
    for (size_t i = 0; i < map->count; i++) {
        const char *item = map->items[i];
        if (strncmp(item, name, size) == 0 && item[size] == '=') return item + size + 1;
    }
    return name;
}

int cli__eval_label(cli_eval *eval, const char *name, uint32_t *out)
{
    gte_error err;
    name = renamed(&eval->values->map, name);
    *out = TRAIN__NO_LABEL;
    if (!*name) return CLI_OK;
    if (train__label_add(&eval->labels, name, strlen(name), out, &err) != GTE_OK)
        return cli__fail("%s", err.message);
    if (eval->labels.count <= eval->capacity) return CLI_OK;
    const size_t capacity = 2 * (size_t)eval->labels.count;
    train__counts *counts = realloc(eval->counts, capacity * sizeof *counts);
    if (!counts) return cli__out_of_memory();
    memset(counts + eval->capacity, 0, (capacity - eval->capacity) * sizeof *counts);
    eval->counts = counts;
    eval->capacity = capacity;
    return CLI_OK;
}
