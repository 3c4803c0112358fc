/* What naming costs beside the forward pass of the same texts, on one thread and in processor time:
 *
 *     build/perf/bench_tag MODEL.gte TEXTS [ROUNDS]     (a file of lines; 9 rounds)
 *     build/perf/bench_tag --crf WORDS LABELS           one CRF, random weights
 *
 * The model has a head that labels tokens. Tokens and windows, pass with the head's layer, and
 * decoding (merging windows, labels, spans, code points) are timed apart; the best of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "handle.h"
#include "tasks/tags.h"

enum { MOST_TEXTS = 4096, LINE = 1 << 16 };

typedef struct bench {
    gte_model *model;
    gte_context *ctx;
    gte_request requests[MOST_TEXTS];
    gte_result *results[MOST_TEXTS];
    gte__inputs inputs;
    size_t count;
    float *logits;
} bench;

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void need(gte_status status, const gte_error *err)
{
    if (status == GTE_OK) return;
    fprintf(stderr, "bench_tag: %s\n", err->message);
    exit(1);
}

static void *room(size_t count, size_t size)
{
    void *p = calloc(count + 1, size);
    if (!p) exit(1);
    return p;
}

static void open_bench(bench *b, const char *model, const char *texts)
{
    static char line[LINE];
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    const gte_request standard = GTE_REQUEST_INIT;
    gte_error err;
    FILE *file = fopen(texts, "r");
    if (!file) exit(1);
    options.threads = 1;
    need(gte_model_open(&b->model, model, NULL, &err), &err);
    need(gte_context_create(&b->ctx, b->model, &options, &err), &err);
    while (b->count < MOST_TEXTS && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        b->requests[b->count] = standard;
        b->requests[b->count].task = GTE_TASK_NER;
        b->requests[b->count].text = gte_text_of(strdup(line));
        need(gte_result_create(&b->results[b->count++], &err), &err);
    }
    fclose(file);
}

static gte__run run_of(bench *b, size_t i)
{
    return (gte__run){.model = &b->model->file,
                      .tokenizer = &b->model->tokenizer,
                      .head = gte_model_head(b->model),
                      .request = &b->requests[i],
                      .result = b->results[i],
                      .inputs = &b->inputs};
}

/* The three parts of a round, in seconds. */
static void measure(bench *b, double best[3])
{
    gte_error err;
    double at = cpu();
    b->inputs.count = b->inputs.token_count = 0;
    for (size_t i = 0; i < b->count; i++) {
        const gte__run run = run_of(b, i);
        need(gte__result_begin(run.result, run.request, "", &err), &err);
        need(gte__tag_decoder.plan(&run, &err), &err);
    }
    const double planned = cpu();
    const size_t k = gte_model_head(b->model)->header->labels, cells = b->inputs.token_count * k;
    if (!b->logits) b->logits = room(cells, sizeof *b->logits);
    double begin = cpu();
    need(gte_logits_tokens(b->ctx, gte_model_head(b->model), b->inputs.tokens.data,
                           b->inputs.starts.data, b->inputs.count, NULL, b->logits, cells, &err),
         &err);
    const double passed = cpu();
    const float *logits = b->logits;
    for (size_t i = 0; i < b->count; i++) {
        const gte__run run = run_of(b, i);
        need(gte__tag_decoder.decode(&run, logits, &err), &err);
        gte__result_end(run.result);
        logits += run.result->tokens * k;
    }
    const double parts[3] = {planned - at, passed - begin, cpu() - passed};
    for (size_t i = 0; i < 3; i++)
        if (best[i] == 0 || parts[i] < best[i]) best[i] = parts[i];
}

static float *numbers(size_t n)
{
    float *x = room(n, sizeof *x);
    uint32_t state = 1;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = (float)(state >> 8) * 4.0f / (float)(1 << 24);
    }
    return x;
}

static void measure_crf(size_t n, size_t k)
{
    gte__head_header header = {.kind = GTE__HEAD_TOKEN, .labels = (uint32_t)k};
    const gte_head head = {.header = &header,
                           .crf_start = numbers(k),
                           .crf_end = numbers(k),
                           .crf_transitions = numbers(k * k)};
    const float *logits = numbers(n * k);
    gte__unit *units = room(n, sizeof *units);
    gte__buffer steps = {0}, rows = {0};
    gte_error err;
    for (uint32_t i = 0; i < n; i++) units[i] = (gte__unit){i, i, 0, i, 0.0f};
    const double begin = cpu();
    need(gte__crf_decode(&head, logits, units, n, (gte__crf_memory){&steps, &rows}, &err), &err);
    const double middle = cpu();
    gte__tag_span span = {(uint32_t)n / 2, (uint32_t)n / 2, 0.0};
    need(gte__crf_scores(&head, logits, units, n, &span, 1, (gte__crf_memory){&steps, &rows}, &err),
         &err);
    printf("%zu words, %zu labels: Viterbi %.1f ms, scores %.1f ms, %.1f MB\n", n, k,
           1e3 * (middle - begin), 1e3 * (cpu() - middle),
           1e-6 * (double)(steps.capacity + rows.capacity));
}

int main(int argc, char **argv)
{
    static bench b;
    double best[3] = {0, 0, 0};
    if (argc == 4 && strcmp(argv[1], "--crf") == 0) {
        measure_crf(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
        return 0;
    }
    if (argc < 3) return 2;
    open_bench(&b, argv[1], argv[2]);
    if (!gte_model_head(b.model) || gte_model_head(b.model)->header->kind != GTE__HEAD_TOKEN)
        return 2;
    const size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 9;
    for (size_t i = 0; i <= rounds; i++) measure(&b, best);
    size_t spans = 0;
    for (size_t i = 0; i < b.count; i++) spans += b.results[i]->span_count;
    printf("%zu texts, %zu tokens, %zu names: tokens %.3f ms, pass %.3f ms, decoding %.3f ms, "
           "%.2f %% of the pass\n",
           b.count, b.inputs.token_count, spans, 1e3 * best[0], 1e3 * best[1], 1e3 * best[2],
           100 * best[2] / best[1]);
    return 0;
}
