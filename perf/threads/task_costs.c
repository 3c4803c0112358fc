/* What the steps of a pass cost on one thread, for simulate.py: task_costs MODEL [ROUNDS].
 *
 * Prints "shape LAYERS HIDDEN FFN HEADS" and, for texts of 8 to 512 tokens, a line "TOKENS
 * OPERATION MICROSECONDS" per operation: the time of all its spans in a call, the least of the
 * rounds. */
#include <gte.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SPANS = 1 << 14, OPERATIONS = 32 };

static const size_t lengths[] = {8, 16, 32, 64, 128, 256, 512};

static gte_trace_span spans[MOST_SPANS];

/* Adds up the spans of one call by operation, in microseconds. */
static void sums_of_call(const gte_context *ctx, double *sums)
{
    const size_t n = gte_context_trace_read(ctx, spans, sizeof *spans, MOST_SPANS, NULL);
    memset(sums, 0, OPERATIONS * sizeof *sums);
    for (size_t i = 0; i < n && i < MOST_SPANS; i++)
        if ((unsigned)spans[i].operation < OPERATIONS)
            sums[spans[i].operation] += (double)(spans[i].end_ns - spans[i].begin_ns) * 1e-3;
}

static int measure(gte_context *ctx, size_t tokens, int rounds, float *out, size_t capacity)
{
    double least[OPERATIONS] = {0}, sums[OPERATIONS];
    char text[512 * 8] = "", *at = text;
    gte_error err;
    for (size_t i = 2; i < tokens; i++) at += sprintf(at, "w%d ", rand() % 20000);
    const gte_text input = gte_text_of(text);
    for (int r = 0; r < rounds; r++) {
        if (gte_context_trace_start(ctx, MOST_SPANS, 0, &err) != GTE_OK ||
            gte_embed(ctx, &input, 1, NULL, out, capacity, &err) != GTE_OK)
            return 0;
        sums_of_call(ctx, sums);
        for (int i = 0; i < OPERATIONS; i++)
            if (r == 0 || sums[i] < least[i]) least[i] = sums[i];
    }
    for (int i = 0; i < OPERATIONS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s", gte_trace_operation_name((gte_trace_operation)i));
        for (char *c = name; *c; c++)
            if (*c == ' ') *c = '_';
        if (least[i] > 0) printf("%zu %s %.3f\n", tokens, name, least[i]);
    }
    return 1;
}

int main(int argc, char **argv)
{
    gte_model *model = NULL;
    gte_context *ctx = NULL;
    gte_error err;
    gte_model_info info;
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    const int rounds = argc > 2 ? atoi(argv[2]) : 10;
    static float out[4096];
    options.threads = 1;
    if (argc < 2 || gte_model_open(&model, argv[1], NULL, &err) != GTE_OK ||
        gte_context_create(&ctx, model, &options, &err) != GTE_OK)
        return 1;
    gte_model_describe(model, &info, sizeof info);
    printf("shape %d %d %d %d\n", info.layers, info.hidden_size, info.ffn_size, info.heads);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        if (!measure(ctx, lengths[i], rounds, out, 4096)) return 1;
    gte_context_free(&ctx);
    gte_model_close(&model);
    return 0;
}
