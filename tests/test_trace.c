/* The trace of a context: complete (every step of every layer, all FLOPs), in order (steps of a
 * thread do not overlap, and lie within their pass and call), bounded (a full buffer drops and
 * counts), and without effect on the vectors. */
#include <stdlib.h>
#include <string.h>

#include "made_head.h"
#include "support.h"

enum { MOST_SPANS = 65536, TEXTS = 40, MAX_DIMS = 1024 };

static gte_model *model;
static gte_model_info info;
static gte_trace_span spans[MOST_SPANS];
static gte_text texts[TEXTS];
static uint32_t counts[TEXTS];
static float vectors[TEXTS * MAX_DIMS];

static void prepare(void)
{
    static const char *const sentences[] = {"the cat sleeps in the garden", "",
                                            "a dog runs on the street and stock markets fell again",
                                            "music"};
    model = support_standin_open();
    gte_model_describe(model, &info, sizeof info);
    CU_ASSERT_TRUE_FATAL(info.hidden_size <= MAX_DIMS);
    for (size_t i = 0; i < TEXTS; i++) texts[i] = gte_text_of(sentences[i % 4]);
}

static gte_context *context(int threads)
{
    gte_context *ctx = NULL;
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    options.threads = threads;
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, &options, NULL), GTE_OK);
    return ctx;
}

static void embed(gte_context *ctx, size_t n)
{
    gte_embed_options options = GTE_EMBED_OPTIONS_INIT;
    options.token_counts = counts;
    CU_ASSERT_EQUAL(gte_embed(ctx, texts, n, &options, vectors, TEXTS * MAX_DIMS, NULL), GTE_OK);
}

/* One recorded call into `spans`. */
static size_t record(gte_context *ctx, size_t n)
{
    uint64_t dropped = 1;
    CU_ASSERT_EQUAL(gte_context_trace_start(ctx, MOST_SPANS / 4, 0, NULL), GTE_OK);
    embed(ctx, n);
    gte_context_trace_stop(ctx);
    size_t count = gte_context_trace_read(ctx, spans, sizeof *spans, MOST_SPANS, &dropped);
    CU_ASSERT_EQUAL(dropped, 0);
    CU_ASSERT_TRUE_FATAL(count > 0 && count <= MOST_SPANS);
    return count;
}

static int is_linear(gte_trace_operation operation)
{
    return operation == GTE_TRACE_QKV || operation == GTE_TRACE_ATTENTION_OUT ||
           operation == GTE_TRACE_FFN_UP || operation == GTE_TRACE_FFN_DOWN;
}

/* How many rows an operation of a layer had, over all threads. */
static uint64_t rows_of(size_t count, gte_trace_operation operation, int layer)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < count; i++)
        if (spans[i].operation == operation && spans[i].layer == layer) rows += spans[i].rows;
    return rows;
}

static void check_complete(gte_context *ctx, size_t n)
{
    const size_t count = record(ctx, n);
    for (size_t i = 0; i < count; i++) CU_ASSERT_EQUAL(spans[i].cpu_ns, 0); /* not asked for */
    const uint64_t h = (uint64_t)info.hidden_size, f = (uint64_t)info.ffn_size;
    uint64_t tokens = 0, squares = 0, linear = 0, attention = 0;
    for (size_t i = 0; i < n; i++) tokens += counts[i], squares += (uint64_t)counts[i] * counts[i];
    for (size_t i = 0; i < count; i++) {
        if (is_linear(spans[i].operation)) linear += spans[i].flops;
        if (spans[i].operation == GTE_TRACE_ATTENTION) attention += spans[i].flops;
        CU_ASSERT_TRUE(spans[i].layer >= -1 && spans[i].layer < info.layers);
        CU_ASSERT_STRING_NOT_EQUAL(gte_trace_operation_name(spans[i].operation), "unknown");
    }
    CU_ASSERT_EQUAL(linear, (uint64_t)info.layers * tokens * (8 * h * h + 4 * h * f));
    CU_ASSERT_EQUAL(attention, (uint64_t)info.layers * 4 * h * squares);
    for (int layer = 0; layer < info.layers; layer++)
        CU_ASSERT_EQUAL(rows_of(count, GTE_TRACE_NORM, layer), 2 * tokens);
    CU_ASSERT_EQUAL(rows_of(count, GTE_TRACE_TOKENIZE, -1), tokens);
    CU_ASSERT_EQUAL(rows_of(count, GTE_TRACE_EMBED, -1), tokens);
    CU_ASSERT_EQUAL(rows_of(count, GTE_TRACE_FORWARD, -1), tokens);
    CU_ASSERT_EQUAL(rows_of(count, GTE_TRACE_POOL, -1), tokens);
    CU_ASSERT_EQUAL(rows_of(count, GTE_TRACE_CALL, -1), n);
}

/* One text and many, so that every way of sharing out a pass is met. */
static void test_complete(void)
{
    for (int threads = 1; threads <= 3; threads++) {
        gte_context *ctx = context(threads);
        check_complete(ctx, 1);
        check_complete(ctx, 3);
        check_complete(ctx, TEXTS);
        gte_context_free(&ctx);
    }
}

static const gte_trace_span *find(size_t count, gte_trace_operation operation)
{
    for (size_t i = 0; i < count; i++)
        if (spans[i].operation == operation) return &spans[i];
    return NULL;
}

static int within(const gte_trace_span *inner, const gte_trace_span *outer)
{
    return inner->begin_ns >= outer->begin_ns && inner->end_ns <= outer->end_ns;
}

static int encloses(const gte_trace_span *span)
{
    return span->operation == GTE_TRACE_CALL || span->operation == GTE_TRACE_FORWARD;
}

static void check_order(size_t count, int threads)
{
    const gte_trace_span *call = find(count, GTE_TRACE_CALL);
    const gte_trace_span *forward = find(count, GTE_TRACE_FORWARD);
    int64_t busy[3] = {0}, last[3] = {0};
    CU_ASSERT_TRUE_FATAL(call && forward);
    for (size_t i = 0; i < count; i++) {
        const gte_trace_span *s = &spans[i];
        CU_ASSERT_TRUE_FATAL(s->member >= 0 && s->member < threads);
        CU_ASSERT_TRUE(s->end_ns >= s->begin_ns);
        CU_ASSERT_TRUE(within(s, call));
        if (encloses(s)) continue;
        CU_ASSERT_TRUE(s->begin_ns >= last[s->member]);
        last[s->member] = s->end_ns;
        if (s->operation == GTE_TRACE_TOKENIZE || s->operation == GTE_TRACE_POOL) continue;
        CU_ASSERT_TRUE(within(s, forward));
        busy[s->member] += s->end_ns - s->begin_ns;
    }
    /* with several threads, steps and waiting fill the pass but for its ends */
    for (int i = 0; i < threads && threads > 1; i++)
        CU_ASSERT_TRUE(busy[i] <= forward->end_ns - forward->begin_ns);
}

static void test_order(void)
{
    for (int threads = 1; threads <= 3; threads++) {
        gte_context *ctx = context(threads);
        check_order(record(ctx, 1), threads);
        check_order(record(ctx, TEXTS / 2), threads);
        CU_ASSERT_EQUAL(threads > 1, find(record(ctx, 1), GTE_TRACE_WAIT) != NULL);
        gte_context_free(&ctx);
    }
}

static void test_full(void)
{
    enum { ROOM = 5 };
    uint64_t dropped;
    gte_context *ctx = context(1);
    const size_t all = record(ctx, TEXTS);
    static gte_trace_span whole[ROOM];
    memcpy(whole, spans, sizeof whole);
    CU_ASSERT_EQUAL(gte_context_trace_start(ctx, ROOM, 0, NULL), GTE_OK);
    embed(ctx, TEXTS);
    CU_ASSERT_EQUAL(gte_context_trace_read(ctx, spans, sizeof *spans, MOST_SPANS, &dropped), ROOM);
    CU_ASSERT_EQUAL(dropped, all - ROOM);
    for (size_t i = 0; i < ROOM; i++) CU_ASSERT_EQUAL(spans[i].operation, whole[i].operation);

    /* a second start forgets, also what was dropped */
    CU_ASSERT_EQUAL(gte_context_trace_start(ctx, ROOM, 0, NULL), GTE_OK);
    CU_ASSERT_EQUAL(gte_context_trace_read(ctx, NULL, 0, 0, &dropped), 0);
    CU_ASSERT_EQUAL(dropped, 0);
    gte_context_free(&ctx);
}

static void test_read(void)
{
    gte_context *ctx = context(1);
    embed(ctx, 1);
    CU_ASSERT_EQUAL(gte_context_trace_read(ctx, spans, sizeof *spans, 1, NULL), 0);
    const size_t all = record(ctx, 2);
    embed(ctx, 2); /* not recorded: the trace has been stopped */
    memset(spans, 0xff, 3 * sizeof *spans);
    CU_ASSERT_EQUAL(gte_context_trace_read(ctx, spans, sizeof *spans, 2, NULL), all);
    CU_ASSERT_EQUAL(spans[0].operation, GTE_TRACE_TOKENIZE);
    CU_ASSERT_EQUAL(spans[1].operation, GTE_TRACE_EMBED);
    CU_ASSERT_EQUAL(spans[2].layer, -1);
    CU_ASSERT_EQUAL(spans[2].member, -1); /* untouched */

    int64_t times[2][2]; /* what an older program might know of a span */
    CU_ASSERT_EQUAL(
        gte_context_trace_read(ctx, (gte_trace_span *)(void *)times, sizeof times[0], 2, NULL),
        all);
    CU_ASSERT_EQUAL(times[1][0], spans[1].begin_ns);
    CU_ASSERT_EQUAL(times[1][1], spans[1].end_ns);
    gte_context_free(&ctx);
}

static void test_arguments(void)
{
    gte_context *ctx = context(1);
    gte_error err;
    CU_ASSERT_EQUAL(gte_context_trace_start(NULL, 1, 0, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte_context_trace_start(ctx, 0, 0, &err), GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte_context_trace_start(ctx, SIZE_MAX / 2, 0, &err), GTE_E_MEMORY);
    CU_ASSERT_EQUAL(gte_context_trace_read(NULL, spans, sizeof *spans, 1, NULL), 0);
    gte_context_trace_stop(NULL);
    gte_context_trace_stop(ctx);
    CU_ASSERT_STRING_EQUAL(gte_trace_operation_name(GTE_TRACE_FFN_UP), "ffn up");
    CU_ASSERT_STRING_EQUAL(gte_trace_operation_name((gte_trace_operation)999), "unknown");
    gte_context_free(&ctx);
}

static int stop(void *arg, size_t done)
{
    (void)arg, (void)done;
    return 1;
}

/* A call that is stopped encloses what it did, too. */
static void test_stopped(void)
{
    gte_context *ctx = NULL;
    gte_context_options small = GTE_CONTEXT_OPTIONS_INIT;
    gte_embed_options options = GTE_EMBED_OPTIONS_INIT;
    small.threads = 1;
    small.batch_tokens = 1; /* as few as the model allows: 40 texts are several batches */
    options.progress = stop;
    CU_ASSERT_EQUAL_FATAL(gte_context_create(&ctx, model, &small, NULL), GTE_OK);
    CU_ASSERT_EQUAL(gte_context_trace_start(ctx, 4096, 0, NULL), GTE_OK);
    CU_ASSERT_EQUAL(gte_embed(ctx, texts, TEXTS, &options, vectors, TEXTS * MAX_DIMS, NULL),
                    GTE_E_CANCELLED);
    check_order(gte_context_trace_read(ctx, spans, sizeof *spans, MOST_SPANS, NULL), 1);
    gte_context_free(&ctx);
}

/* Processor time never exceeds the time by much: both clocks are read, one after the other. */
static void test_cpu(void)
{
    gte_context *ctx = context(2);
    int64_t all = 0;
    CU_ASSERT_EQUAL(gte_context_trace_start(ctx, 4096, GTE_TRACE_CPU, NULL), GTE_OK);
    embed(ctx, TEXTS);
    const size_t count = gte_context_trace_read(ctx, spans, sizeof *spans, MOST_SPANS, NULL);
    CU_ASSERT_TRUE_FATAL(count > 0 && count <= MOST_SPANS);
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_TRUE(spans[i].cpu_ns >= 0);
        if (encloses(&spans[i]) || spans[i].operation == GTE_TRACE_WAIT)
            CU_ASSERT_EQUAL(spans[i].cpu_ns, 0);
        all += spans[i].cpu_ns;
    }
    const gte_trace_span *call = find(count, GTE_TRACE_CALL);
    CU_ASSERT_TRUE(call && all > 0 && all < 3 * (call->end_ns - call->begin_ns));
    CU_ASSERT_EQUAL(gte_context_trace_start(ctx, 4096, 2, NULL), GTE_E_ARGUMENT);
    gte_context_free(&ctx);
}

static void test_vectors(void)
{
    static float before[TEXTS * MAX_DIMS];
    gte_context *ctx = context(1);
    embed(ctx, TEXTS);
    memcpy(before, vectors, sizeof before);
    record(ctx, TEXTS);
    CU_ASSERT_EQUAL(memcmp(before, vectors, sizeof before), 0);
    gte_context_free(&ctx);
    gte_model_close(&model);
}

/* A task: one call around its steps, which are not the encoder's. */
static void test_task(void)
{
    static const gte__head_header like = {
        .kind = GTE__HEAD_SPAN, .labels = 2, .tasks = GTE_TASK_BIT(GTE_TASK_QA)};
    gte_request request = GTE_REQUEST_INIT;
    gte_context *ctx = context(1);
    gte_result *result;
    gte_result_info answer;
    void *bytes;
    gte_head *head = made_head(model, &like, 3, 1.0f, &bytes);
    CU_ASSERT_EQUAL_FATAL(gte_result_create(&result, NULL), GTE_OK);
    request.task = GTE_TASK_QA;
    request.text = (gte_text){"the cat sleeps in the garden", 28, "who sleeps?", 11};
    CU_ASSERT_EQUAL(gte_context_trace_start(ctx, MOST_SPANS / 4, 0, NULL), GTE_OK);
    CU_ASSERT_EQUAL(gte_predict(ctx, head, &request, 1, &result, NULL), GTE_OK);
    gte_context_trace_stop(ctx);
    const size_t count = gte_context_trace_read(ctx, spans, sizeof *spans, MOST_SPANS, NULL);
    gte_result_describe(result, &answer, sizeof answer);
    CU_ASSERT_EQUAL(rows_of(count, GTE_TRACE_CALL, -1), 1);
    CU_ASSERT_EQUAL(rows_of(count, GTE_TRACE_HEAD, -1), answer.tokens);
    CU_ASSERT_EQUAL(rows_of(count, GTE_TRACE_DECODE, -1), answer.tokens);
    const gte_trace_span *call = find(count, GTE_TRACE_CALL), *step = spans;
    CU_ASSERT_PTR_NOT_NULL_FATAL(call);
    int64_t last = 0;
    for (size_t i = 0; i < count; i++, step++) {
        CU_ASSERT_TRUE(within(step, call));
        if (encloses(step)) continue;
        CU_ASSERT_TRUE(step->begin_ns >= last);
        last = step->end_ns;
    }
    gte_result_free(&result);
    gte_head_close(&head);
    free(bytes);
    gte_context_free(&ctx);
}

int main(void)
{
    static const support_case cases[] = {
        {"the stand-in model opens", prepare},
        {"every step, every FLOP", test_complete},
        {"steps follow each other within their pass", test_order},
        {"a full buffer drops and counts", test_full},
        {"what is read", test_read},
        {"a call that is stopped", test_stopped},
        {"arguments", test_arguments},
        {"a task", test_task},
        {"processor time", test_cpu},
        {"the vectors are the same", test_vectors},
    };
    return SUPPORT_MAIN("trace", cases);
}
