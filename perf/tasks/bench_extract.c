/* What extraction costs beside a plain pass over the same text, in one run on one thread:
 *
 *     build/perf/bench_extract MODEL.gte [TYPES [TOKENS [ROUNDS]]]      (8 types, 100 tokens, 9)
 *
 * The model is any encoder; the head points nowhere, so that one level of the schema is all there
 * is. Rounds alternate; the best of each, by the clock and in processor time, and the share that
 * is not spent in passes, from the trace. Types have names of four words, as "组织机构" has four
 * characters. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "gte_task.h"
#include "handle.h"

enum { MOST_TYPES = 64, MOST_TOKENS = 8192, MOST_ROUNDS = 101, SPANS = 1 << 16 };

typedef struct bench {
    gte_model *model;
    gte_context *ctx;
    gte__head_header header;
    gte_head head;
    gte_schema_node schema[MOST_TYPES];
    gte_result *result;
    char names[MOST_TYPES][256];
    char *text;
    size_t types, tokens;
    gte_token plain[MOST_TOKENS];
    size_t starts[2];
    float *vector;
} bench;

/* By the clock, and of this thread's processor time. */
typedef struct instant {
    double wall, cpu;
} instant;

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static instant since(instant begin)
{
    return (instant){seconds(CLOCK_MONOTONIC) - begin.wall,
                     seconds(CLOCK_THREAD_CPUTIME_ID) - begin.cpu};
}

/* The best of some rounds: neighbours only ever take time. */
static void keep_best(instant *best, instant t)
{
    if (best->wall == 0 || t.wall < best->wall) best->wall = t.wall;
    if (best->cpu == 0 || t.cpu < best->cpu) best->cpu = t.cpu;
}

static void need(gte_status status, const gte_error *err)
{
    if (status == GTE_OK) return;
    fprintf(stderr, "bench_extract: %s\n", err->message);
    exit(1);
}

/* A word of the vocabulary that is one token by itself. */
static const char *word(const bench *b, size_t i, char out[64])
{
    const int32_t count = (int32_t)b->model->file.header->vocab_size;
    for (int32_t id = 200 + (int32_t)i * 7; id < count; id++) {
        size_t size;
        const char *piece = gte_token_text(b->model, id, &size);
        if (!piece || size == 0 || size > 63 || piece[0] == '#' || piece[0] == '[') continue;
        memcpy(out, piece, size);
        out[size] = '\0';
        size_t tokens;
        if (gte_tokenize(b->model, gte_text_of(out), GTE_NO_SPECIAL, 0, NULL, 0, &tokens, NULL,
                         NULL) == GTE_E_CAPACITY &&
            tokens == 1)
            return out;
    }
    return NULL;
}

static void make_texts(bench *b)
{
    char piece[64];
    gte_error err;
    b->text = malloc(b->tokens * 64 + 65);
    if (!b->text) exit(1);
    size_t size = 0;
    for (size_t i = 0; i < b->tokens; i++)
        size += (size_t)snprintf(b->text + size, 65, "%s ", word(b, i % 500, piece));
    for (size_t i = 0; i < b->types; i++) {
        size_t used = 0;
        for (size_t w = 0; w < 4; w++)
            used += (size_t)snprintf(b->names[i] + used, sizeof b->names[i] - used, "%s ",
                                     word(b, 1000 + 4 * i + w, piece));
        if (used >= sizeof b->names[i]) exit(1);
        b->schema[i] = (gte_schema_node){b->names[i], -1};
    }
    need(gte_tokenize(b->model, gte_text_of(b->text), 0, 0, b->plain, MOST_TOKENS, &b->starts[1],
                      NULL, &err),
         &err);
}

static void open_bench(bench *b, const char *path)
{
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    gte_error err;
    options.threads = 1;
    need(gte_model_open(&b->model, path, NULL, &err), &err);
    need(gte_context_create(&b->ctx, b->model, &options, &err), &err);
    need(gte_result_create(&b->result, &err), &err);
    const gte__file_header *h = b->model->file.header;
    static float bias[2] = {-1e6f, -1e6f};
    const size_t bytes = gte__panels_bytes(GTE__ELEMENT_F32, 2, h->hidden_size);
    float *weight = gte__block_alloc(bytes);
    b->vector = malloc(h->hidden_size * sizeof *b->vector);
    if (!weight || !b->vector) exit(1);
    for (size_t i = 0; i < bytes / sizeof *weight; i++) weight[i] = sinf((float)i);
    b->header = (gte__head_header){.kind = GTE__HEAD_POINTER,
                                   .hidden_size = h->hidden_size,
                                   .labels = 2,
                                   .lower_layers = h->layers / 2};
    b->head =
        (gte_head){.header = &b->header, .model = &b->model->file, .weight = weight, .bias = bias};
}

static instant plain(bench *b)
{
    gte_error err;
    const instant begin = since((instant){0, 0});
    need(gte_embed_tokens(b->ctx, b->plain, b->starts, 1, NULL, b->vector,
                          b->model->file.header->hidden_size, &err),
         &err);
    return since(begin);
}

static instant extract(bench *b)
{
    gte_request request = GTE_REQUEST_INIT;
    gte_error err;
    request.task = GTE_TASK_NER;
    request.text = gte_text_of(b->text);
    request.schema = b->schema;
    request.schema_count = b->types;
    const instant begin = since((instant){0, 0});
    need(gte_predict(b->ctx, &b->head, &request, 1, &b->result, &err), &err);
    return since(begin);
}

/* The share of an extraction that is not spent in passes: tokens, copies, logits, spans. */
static double beside(bench *b)
{
    static gte_trace_span spans[SPANS];
    gte_error err;
    need(gte_context_trace_start(b->ctx, SPANS, 0, &err), &err);
    const double whole = extract(b).wall;
    const size_t n = gte_context_trace_read(b->ctx, spans, sizeof *spans, SPANS, NULL);
    double passes = 0;
    for (size_t i = 0; i < n && i < SPANS; i++)
        if (spans[i].operation == GTE_TRACE_FORWARD)
            passes += 1e-9 * (double)(spans[i].end_ns - spans[i].begin_ns);
    gte_context_trace_stop(b->ctx);
    return (whole - passes) / whole;
}

int main(int argc, char **argv)
{
    static bench b;
    instant one = {0, 0}, all = {0, 0};
    double share = 1;
    if (argc < 2) return 2;
    b.types = argc > 2 ? strtoul(argv[2], NULL, 10) : 8;
    b.tokens = argc > 3 ? strtoul(argv[3], NULL, 10) : 100;
    const size_t rounds = argc > 4 ? strtoul(argv[4], NULL, 10) : 9;
    if (b.types < 1 || b.types > MOST_TYPES || b.tokens < 1 || b.tokens > 382 || rounds < 1 ||
        rounds > MOST_ROUNDS)
        return 2;
    open_bench(&b, argv[1]);
    make_texts(&b);
    for (size_t i = 0; i < rounds; i++) {
        if (i == 0) plain(&b), extract(&b);
        keep_best(&one, plain(&b));
        keep_best(&all, extract(&b));
        share = fmin(share, beside(&b));
    }
    printf("%zu tokens, %zu types: plain pass %.2f ms (%.2f of cpu), extraction %.2f ms (%.2f): "
           "%.2f passes (%.2f); beside the passes %.2f %%\n",
           b.starts[1], b.types, one.wall * 1e3, one.cpu * 1e3, all.wall * 1e3, all.cpu * 1e3,
           all.wall / one.wall, all.cpu / one.cpu, 100 * share);
    return 0;
}
