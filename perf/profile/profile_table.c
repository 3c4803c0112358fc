/* The profile as a table for people. */
#include <string.h>

#include "perf/profile/profile.h"

/* A time in the unit of the whole table. */
typedef struct unit {
    const char *name;
    double per_second;
    int digits;
} unit;

static unit choose_unit(double whole)
{
    if (whole >= 0.02) return (unit){"ms", 1e3, 3};
    return (unit){"us", 1e6, 1};
}

static int is_shown(int row)
{
    return row != GTE_TRACE_CALL && row != GTE_TRACE_FORWARD;
}

static double share(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

/* "12.34", or a dash where there is none. */
static void number(FILE *out, int width, int digits, double value)
{
    if (value > 0)
        fprintf(out, " %*.*f", width, digits, value);
    else
        fprintf(out, " %*s", width, "-");
}

static void write_head(FILE *out, const profile *p)
{
    fprintf(out, "%s (%s): %zu text%s, %zu tokens; %d thread%s, %s, %s\n", p->name, p->model.dtype,
            p->texts, p->texts == 1 ? "" : "s", p->tokens, p->context.threads,
            p->context.threads == 1 ? "" : "s", p->context.backend, p->runtime.isa);
    fprintf(out, "%s\na thread's roofs: %.0f GFLOP/s (%s)", p->roofs.processor,
            p->roofs.peak[PROFILE_LINEAR] * 1e-9, bench__unit_name(p->roofs.unit[PROFILE_LINEAR]));
    for (int i = 0; i < BENCH_LEVELS; i++)
        fprintf(out, ", %s %.0f", profile__level_name((bench_level)i),
                p->roofs.bandwidth[i] * 1e-9);
    fputs(" GB/s\n\n", out);
}

static void write_row(FILE *out, const profile *p, const unit *u, int row)
{
    const profile_row *r = &p->rows[row];
    bench_level level;
    const double roof = profile__roof(p, row, r, &level), rate = r->flops / r->seconds;
    fprintf(out, "%-14s %6.0f %11.*f %5.1f %%", profile__row_name(row), r->calls, u->digits,
            r->seconds * u->per_second, share(r->seconds, profile__whole(p)));
    if (r->seconds <= 0 || r->bytes <= 0) {
        fputc('\n', out);
        return;
    }
    number(out, 8, 2, r->flops * 1e-9);
    number(out, 8, 1, rate * 1e-9);
    number(out, 9, 2, r->bytes * 1e-6);
    number(out, 7, 1, r->bytes / r->seconds * 1e-9);
    number(out, 7, 1, r->flops / r->bytes);
    if (roof > 0) fprintf(out, "  %3s %5.1f %%", profile__level_name(level), share(rate, roof));
    fputc('\n', out);
}

static void write_rows(FILE *out, const profile *p, const unit *u)
{
    double flops = 0, sum = 0;
    fprintf(out, "%-14s %6s %11s %7s %8s %8s %9s %7s %7s  %s\n", "operation", "calls", u->name,
            "share", "GFLOP", "GFLOP/s", "MB", "GB/s", "FLOP/B", "share of roof");
    for (int i = 0; i < PROFILE_ROWS; i++) {
        if (!is_shown(i)) continue;
        if (p->rows[i].calls > 0 || i == PROFILE_REST || p->rows[i].seconds > 0)
            write_row(out, p, u, i);
        flops += p->rows[i].flops;
        sum += p->rows[i].seconds;
    }
    fprintf(out, "%-14s %6s %11.*f %5.1f %% %8.2f %8.1f\n", "all", "", u->digits,
            sum * u->per_second, share(sum, profile__whole(p)), flops * 1e-9,
            sum > 0 ? flops / sum * 1e-9 : 0);
}

/* A layer a line, its operations side by side; those that the model has not are left out. */
static void write_layers(FILE *out, const profile *p, const unit *u)
{
    static const struct {
        int row;
        const char *head;
    } steps[] = {{GTE_TRACE_QKV, "qkv"},
                 {GTE_TRACE_ATTENTION, "attention"},
                 {GTE_TRACE_ATTENTION_OUT, "attn out"},
                 {GTE_TRACE_FFN_UP, "ffn up"},
                 {GTE_TRACE_FFN_DOWN, "ffn down"},
                 {GTE_TRACE_NORM, "norm"},
                 {GTE_TRACE_QUANTIZE, "quantize"}};
    enum { STEPS = sizeof steps / sizeof *steps };
    fprintf(out, "\nlayer, %-7s", u->name);
    for (int k = 0; k < STEPS; k++)
        if (p->rows[steps[k].row].calls > 0) fprintf(out, " %10s", steps[k].head);
    fprintf(out, " %10s\n", "sum");
    for (int i = 0; i < p->model.layers; i++) {
        double sum = 0;
        fprintf(out, "%-14d", i);
        for (int k = 0; k < STEPS; k++) {
            const double seconds = p->layers[i * PROFILE_ROWS + steps[k].row].seconds;
            if (p->rows[steps[k].row].calls <= 0) continue;
            fprintf(out, " %10.*f", u->digits, seconds * u->per_second);
            sum += seconds;
        }
        fprintf(out, " %10.*f\n", u->digits, sum * u->per_second);
    }
}

static void write_counters(FILE *out, const profile_counters *c)
{
    int got = 0;
    fputs("counters     ", out);
    for (int i = 0; i < PROFILE_COUNTERS; i++) {
        if (c->value[i] < 0) continue;
        fprintf(out, "%s%.4g %s", got++ ? ", " : "", c->value[i], profile__counter_name(i));
    }
    if (c->value[PROFILE_CYCLES] > 0 && c->value[PROFILE_INSTRUCTIONS] > 0)
        fprintf(out, " (%.2f instructions per cycle)",
                c->value[PROFILE_INSTRUCTIONS] / c->value[PROFILE_CYCLES]);
    if (c->error)
        fprintf(out, "%s (perf_event_open: %s)", got ? "; the others are not here" : "none here",
                strerror(c->error));
    fputc('\n', out);
}

static void write_time(FILE *out, const unit *u, double seconds)
{
    fprintf(out, "%10.*f %s  ", u->digits, seconds * u->per_second, u->name);
}

void profile__write_table(FILE *out, const profile *p, int layers)
{
    const unit u = choose_unit(profile__whole(p));
    write_head(out, p);
    write_rows(out, p, &u);
    if (layers) write_layers(out, p, &u);
    fprintf(out, "\na call       ");
    write_time(out, &u, p->mean_kept);
    fprintf(out, "mean of the fastest %d of %d rounds; all: %.*f to %.*f, median %.*f\n", p->kept,
            p->rounds, u.digits, p->fastest * u.per_second, u.digits, p->slowest * u.per_second,
            u.digits, p->median * u.per_second);
    fputs("unrecorded   ", out);
    write_time(out, &u, p->untraced);
    fprintf(out, "recording costs %+.2f %%\n", share(p->mean_kept - p->untraced, p->untraced));
    fputs("processor    ", out);
    write_time(out, &u, p->cpu);
    const bool busy = p->preempted > 1 && !p->by_cpu;
    fprintf(out, "of all threads, mean%s; lost a core %.2f times a call%s\n",
            busy ? "" : " of all calls", p->preempted, busy ? ": see --cpu" : "");
    write_counters(out, &p->counters);
}
