/* The profile as one JSON object: what --json prints and what the page draws. */
#include <math.h>
#include <string.h>

#include "perf/profile/profile.h"

/* Escapes what JSON asks for, and '<', which could end the script element of a page. */
void profile__write_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20 || *c == '<' || *c == 0x7f)
            fprintf(out, "\\u%04x", *c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

static void name(FILE *out, const char *key, const char *value)
{
    fprintf(out, "\"%s\":", key);
    profile__write_string(out, value);
    fputc(',', out);
}

/* Nine digits: a nanosecond of a second. Infinities are no JSON. */
static void number(FILE *out, const char *key, double value)
{
    fprintf(out, "\"%s\":", key);
    if (isfinite(value))
        fprintf(out, "%.9g,", value);
    else
        fputs("null,", out);
}

static void write_roofs(FILE *out, const profile *p)
{
    static const char *const kinds[PROFILE_KINDS] = {"linear", "attention", "elements"};
    fputs("\"roofs\":{\"peaks\":{", out);
    for (int i = 0; i < PROFILE_KINDS; i++) {
        fprintf(out, "%s\"%s\":{", i ? "," : "", kinds[i]);
        number(out, "flops_per_s", p->roofs.peak[i]);
        fputs("\"unit\":", out);
        profile__write_string(out, bench__unit_name(p->roofs.unit[i]));
        fputc('}', out);
    }
    fputs("},\"bandwidth\":{", out);
    for (int i = 0; i < BENCH_LEVELS; i++)
        fprintf(out, "%s\"%s\":%.9g", i ? "," : "", profile__level_name((bench_level)i),
                p->roofs.bandwidth[i]);
    fputs("}},", out);
}

static void write_row(FILE *out, const profile *p, int row, const profile_row *r)
{
    bench_level level;
    const double roof = profile__roof(p, row, r, &level);
    fputc('{', out);
    name(out, "operation", profile__row_name(row));
    number(out, "calls", r->calls);
    number(out, "seconds", r->seconds);
    number(out, "share", r->seconds / profile__whole(p));
    number(out, "flops", r->flops);
    number(out, "bytes", r->bytes);
    number(out, "flops_per_s", r->seconds > 0 ? r->flops / r->seconds : 0);
    number(out, "bytes_per_s", r->seconds > 0 ? r->bytes / r->seconds : 0);
    fputs("\"level\":", out);
    if (roof > 0)
        profile__write_string(out, profile__level_name(level));
    else
        fputs("null", out);
    fprintf(out, ",\"roof_flops_per_s\":%.9g,\"roof_share\":", roof);
    if (roof > 0 && r->seconds > 0)
        fprintf(out, "%.9g}", r->flops / r->seconds / roof);
    else
        fputs("null}", out);
}

/* The rows that have something to say; the enclosing ones are in the head. */
static void write_rows(FILE *out, const profile *p, const profile_row *rows)
{
    int written = 0;
    fputc('[', out);
    for (int i = 0; i < PROFILE_ROWS; i++) {
        if (i == GTE_TRACE_CALL || i == GTE_TRACE_FORWARD) continue;
        if (rows[i].calls <= 0 && rows[i].seconds == 0) continue;
        if (written++) fputc(',', out);
        write_row(out, p, i, &rows[i]);
    }
    fputc(']', out);
}

static void write_counters(FILE *out, const profile_counters *c)
{
    fputs("\"counters\":{", out);
    for (int i = 0; i < PROFILE_COUNTERS; i++) {
        fprintf(out, "%s\"%s\":", i ? "," : "", profile__counter_name(i));
        if (c->value[i] < 0)
            fputs("null", out);
        else
            fprintf(out, "%.9g", c->value[i]);
    }
    fputs("},\"counters_error\":", out);
    if (c->error)
        profile__write_string(out, strerror(c->error));
    else
        fputs("null", out);
}

void profile__write_json(FILE *out, const profile *p)
{
    fputc('{', out);
    name(out, "version", gte_version());
    name(out, "model", p->name);
    name(out, "sha256", p->model.sha256);
    name(out, "dtype", p->model.dtype);
    name(out, "backend", p->context.backend);
    name(out, "isa", p->runtime.isa);
    name(out, "blas_core", p->runtime.blas_core);
    name(out, "processor", p->roofs.processor);
    fprintf(out, "\"layers\":%d,\"hidden_size\":%d,\"threads\":%d,\"texts\":%zu,\"tokens\":%zu,",
            p->model.layers, p->model.hidden_size, p->context.threads, p->texts, p->tokens);
    fprintf(out, "\"by_cpu\":%s,", p->by_cpu ? "true" : "false");
    fprintf(out, "\"rounds\":%d,\"kept\":%d,", p->rounds, p->kept);
    number(out, "call_s", p->mean_kept);
    number(out, "fastest_s", p->fastest);
    number(out, "median_s", p->median);
    number(out, "slowest_s", p->slowest);
    number(out, "unrecorded_s", p->untraced);
    number(out, "cpu_s", p->cpu);
    number(out, "preemptions", p->preempted);
    number(out, "thread_s", profile__whole(p));
    write_roofs(out, p);
    fputs("\"operations\":", out);
    write_rows(out, p, p->rows);
    fputs(",\"by_layer\":[", out);
    for (int i = 0; i < p->model.layers; i++) {
        if (i) fputc(',', out);
        write_rows(out, p, p->layers + (size_t)i * PROFILE_ROWS);
    }
    fputs("],", out);
    write_counters(out, &p->counters);
    fputc('}', out);
}
