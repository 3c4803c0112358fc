/* What gte eval prints of tasks: a table, or one JSON object. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "json_text.h"
#include "report.h"
#include "utf8_text.h"

#define FEWEST_COLUMNS 10

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0.0;
}

static void write_json(cli_sink *sink, const cli_eval *eval, const cli_eval_report *report)
{
    cli__sink_string(sink, "{\"model\":");
    cli__json_c_string(sink, eval->session->path);
    cli__sink_string(sink, ",\"task\":");
    cli__json_c_string(sink, gte_task_name(eval->tasks.standard.task));
    cli__sink_string(sink, ",\"engine\":");
    cli__json_c_string(sink, eval->engine);
    cli__sink_printf(sink, ",\"%s\":%zu", report->unit, report->count);
    for (size_t i = 0; i < report->figure_count; i++)
        cli__sink_printf(sink, ",\"%s\":%.9g", report->figures[i].name, report->figures[i].value);
    for (uint32_t i = 0; i < eval->labels.count; i++) {
        const train__counts *c = &eval->counts[i];
        cli__sink_string(sink, i ? ",{\"label\":" : ",\"labels\":[{\"label\":");
        cli__json_c_string(sink, eval->labels.names[i]);
        cli__sink_printf(sink,
                         ",\"right\":%" PRIu64 ",\"predicted\":%" PRIu64 ",\"present\":%" PRIu64
                         ",\"precision\":%.9g,\"recall\":%.9g,\"f1\":%.9g}",
                         c->right, c->claimed, c->present, share(c->right, c->claimed),
                         share(c->right, c->present), train__f1(c));
    }
    cli__sink_string(sink, eval->labels.count ? "]}\n" : "}\n");
}

static void write_padded(cli_sink *sink, const char *text, size_t columns)
{
    const size_t used = cli__columns(text, strlen(text));
    cli__sink_string(sink, text);
    cli__sink_printf(sink, "%*s", (int)(columns > used ? columns - used : 0), "");
}

static void write_table(cli_sink *sink, const cli_eval *eval, const cli_eval_report *report)
{
    size_t columns = FEWEST_COLUMNS;
    for (uint32_t i = 0; i < eval->labels.count; i++) {
        const char *name = eval->labels.names[i];
        const size_t own = cli__columns(name, strlen(name));
        if (own > columns) columns = own;
    }
    if (eval->labels.count)
        cli__sink_printf(sink, "%*s  precision  recall      f1  present\n", (int)columns, "");
    for (uint32_t i = 0; i < eval->labels.count; i++) {
        const train__counts *c = &eval->counts[i];
        write_padded(sink, eval->labels.names[i], columns);
        cli__sink_printf(sink, "  %9.4f  %6.4f  %6.4f  %7" PRIu64 "\n", share(c->right, c->claimed),
                         share(c->right, c->present), train__f1(c), c->present);
    }
    if (eval->labels.count) cli__sink_string(sink, "\n");
    write_padded(sink, report->unit, columns);
    cli__sink_printf(sink, "  %zu\n", report->count);
    for (size_t i = 0; i < report->figure_count; i++) {
        write_padded(sink, report->figures[i].name, columns);
        cli__sink_printf(sink, "  %.4f\n", report->figures[i].value);
    }
    write_padded(sink, "engine", columns);
    cli__sink_printf(sink, "  %s\n", eval->engine);
}

/* Labels in FILE, others in the answers, none in both: no bad model, but two sets of names. */
static void tell_strangers(const cli_eval *eval)
{
    bool present = false, claimed = false;
    for (uint32_t i = 0; i < eval->labels.count; i++) {
        const train__counts *c = &eval->counts[i];
        if (c->present && c->claimed) return;
        present |= c->present > 0;
        claimed |= c->claimed > 0;
    }
    if (present && claimed)
        cli__note("no label of FILE is among the answers: if they mean the same by other names, "
                  "--map OLD=NEW");
}

int cli__eval_print(const cli_eval *eval, const cli_eval_report *report)
{
    cli_sink *sink = malloc(sizeof *sink);
    if (!sink) return cli__out_of_memory();
    int code = cli__sink_open(sink, NULL);
    if (code == CLI_OK) {
        tell_strangers(eval);
        if (eval->values->json)
            write_json(sink, eval, report);
        else
            write_table(sink, eval, report);
        code = cli__sink_close(sink, code);
    }
    free(sink);
    return code;
}
