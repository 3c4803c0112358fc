/* Parsing and counting for cell.h. */
#include "cell.h"

#include <stdlib.h>

#include "refuse.h"

/* A number without sign or space, within 1..max. */
static int read_number(const char **text, int max, int *out)
{
    char *end;
    if (**text < '0' || **text > '9') return 0;
    const unsigned long value = strtoul(*text, &end, 10);
    if (value < 1 || value > (unsigned long)max) return 0;
    *text = end;
    *out = (int)value;
    return 1;
}

int bench__cell_parse(const char **text, bench_cell *out)
{
    if (!**text) return 0;
    if (!read_number(text, BENCH_MAX_TEXTS, &out->texts)) return -1;
    if (*(*text)++ != 'x') return -1;
    if (!read_number(text, BENCH_MAX_TOKENS, &out->tokens)) return -1;
    if ((long)out->texts * out->tokens > BENCH_MAX_CELL_TOKENS) return -1;
    if (!**text) return 1;
    return *(*text)++ == ',' && **text ? 1 : -1;
}

gte_status bench__cell_check(bench_cell cell, const gte_model_info *model, gte_error *err)
{
    if (cell.tokens <= model->max_tokens) return GTE_OK;
    return bench__refuse(err, GTE_E_TOO_LONG, "cell %dx%d: the model reads at most %d tokens",
                         cell.texts, cell.tokens, model->max_tokens);
}

double bench__cell_flops(const gte_model_info *model, bench_cell cell)
{
    const double h = model->hidden_size, f = model->ffn_size, length = cell.tokens;
    const double tokens = (double)cell.texts * length;
    return model->layers * (2.0 * tokens * (4.0 * h * h + 2.0 * h * f) + 4.0 * tokens * length * h);
}
