/* The report of gte bench as JSON, one object per cell. */
#include "bench_report.h"

#include <string.h>

#include "json_text.h"

void cli__bench_model_name(const bench_model *model, char *out, size_t size)
{
    const char *slash = strrchr(model->path, '/');
    const char *name = slash && slash[1] ? slash + 1 : model->path;
    size_t length = strlen(name);
    if (length > 4 && strcmp(name + length - 4, ".gte") == 0) length -= 4;
    if (length >= size) length = size - 1;
    memcpy(out, name, length);
    out[length] = '\0';
}

static void string_field(cli_sink *sink, const char *key, const char *value)
{
    cli__sink_printf(sink, ",\"%s\":", key);
    cli__json_c_string(sink, value);
}

static void number_field(cli_sink *sink, const char *key, double value)
{
    cli__sink_printf(sink, ",\"%s\":%.9g", key, value);
}

static void write_what(cli_sink *sink, const bench_result *r, const cli_bench_facts *facts)
{
    const gte_model_info *info = &r->engine->model->info;
    char name[256];
    cli__bench_model_name(r->engine->model, name, sizeof name);
    cli__sink_string(sink, "{\"model\":");
    cli__json_string(sink, name, strlen(name));
    string_field(sink, "dtype", info->dtype);
    cli__sink_printf(sink, ",\"cell\":\"%dx%d\",\"threads\":%d", r->cell.texts, r->cell.tokens,
                     r->engine->threads);
    string_field(sink, "backend", r->engine->backend);
    string_field(sink, "isa", facts->runtime.isa);
    string_field(sink, "unit", bench__unit_name(r->engine->unit));
    cli__sink_printf(sink, ",\"texts\":%d,\"tokens\":%d,\"layers\":%d,\"hidden_size\":%d",
                     r->cell.texts, r->cell.texts * r->cell.tokens, info->layers,
                     info->hidden_size);
    number_field(sink, "parameters", (double)info->parameters);
}

static void write_times(cli_sink *sink, const bench_result *r)
{
    number_field(sink, "wall_s", r->wall);
    number_field(sink, "cpu_s", r->cpu);
    number_field(sink, "p90_s", r->p90);
    number_field(sink, "p99_s", r->p99);
    number_field(sink, "cold_s", r->cold);
    number_field(sink, "calls", (double)r->calls);
    number_field(sink, "spread", r->spread);
    number_field(sink, "texts_per_s", r->cell.texts / r->wall);
    number_field(sink, "tokens_per_s", r->cell.texts * r->cell.tokens / r->wall);
    number_field(sink, "tokenizer_s", r->tokenizer);
    number_field(sink, "tokenizer_share", r->tokenizer / r->cpu);
}

static void write_rates(cli_sink *sink, const bench_result *r)
{
    number_field(sink, "flops", r->flops);
    number_field(sink, "gflops", r->flops / r->wall * 1e-9);
    number_field(sink, "peak_gflops", r->peak * 1e-9);
    number_field(sink, "peak_share", r->flops / r->wall / r->peak);
    number_field(sink, "peak_gflops_1", r->peak_of_one * 1e-9);
    number_field(sink, "cpu_share", r->flops / r->cpu / r->peak_of_one);
    number_field(sink, "weight_bytes", r->engine->weight_bytes);
    number_field(sink, "weight_gb_per_s", r->engine->weight_bytes / r->wall * 1e-9);
    number_field(sink, "memory_gb_per_s", r->memory * 1e-9);
}

double cli__bench_decode_share(const bench_result *r)
{
    return r->shares.decode > 0 ? r->shares.decode / r->shares.forward : -1;
}

static void write_task(cli_sink *sink, const bench_result *r, const char *task)
{
    gte_head_info head = {0};
    gte_head_describe(r->engine->model->head, &head, sizeof head);
    string_field(sink, "task", task);
    number_field(sink, "labels", head.labels);
    cli__sink_printf(sink, ",\"crf\":%s", head.crf ? "true" : "false");
    number_field(sink, "forward_s", r->shares.forward);
    number_field(sink, "head_s", r->shares.head);
    number_field(sink, "decode_s", r->shares.decode);
    if (cli__bench_decode_share(r) >= 0)
        number_field(sink, "decode_share", cli__bench_decode_share(r));
    else
        cli__sink_string(sink, ",\"decode_share\":null");
}

static void write_load(cli_sink *sink, const bench_load *load)
{
    number_field(sink, "open_s", load->open);
    number_field(sink, "context_s", load->context);
    number_field(sink, "first_s", load->first);
    if (load->cold >= 0)
        number_field(sink, "cold_file_s", load->cold);
    else
        cli__sink_string(sink, ",\"cold_file_s\":null");
    number_field(sink, "resident_bytes", load->resident);
    number_field(sink, "private_bytes", load->anonymous);
}

void cli__bench_json(cli_sink *sink, bench_report *report, const cli_bench_facts *facts)
{
    const gte_runtime *runtime = &facts->runtime;
    for (size_t i = 0; i < report->result_count; i++) {
        const bench_result *r = &report->results[i];
        write_what(sink, r, facts);
        write_times(sink, r);
        write_rates(sink, r);
        if (facts->task) write_task(sink, r, facts->task);
        write_load(sink, &r->engine->load);
        number_field(sink, "clock_ghz", bench__clock(&report->peaks) * 1e-9);
        string_field(sink, "processor", facts->processor);
        string_field(sink, "isa_best", runtime->isa_best);
        string_field(sink, "blas", runtime->blas);
        string_field(sink, "blas_core", runtime->blas_core);
        string_field(sink, "blas_warning", runtime->blas_warning);
        string_field(sink, "version", gte_version());
        string_field(sink, "started", facts->started);
        cli__sink_string(sink, "}\n");
    }
}
