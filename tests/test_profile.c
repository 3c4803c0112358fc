/* perf/profile without a model: spans that are made up become rows that add up to the whole, layers
 * are found, and the roof is the lower one. */
#include <stdlib.h>
#include <string.h>

#include "perf/profile/profile.h"
#include "support.h"

enum { LAYERS = 2, MS = 1000000 };

/* One call of 10 ms on two threads; the pass is from 1 to 9 ms. Out of order, as threads end. */
static const gte_trace_span recorded[] = {
    {0, 1 * MS, GTE_TRACE_TOKENIZE, -1, 0, 4, 0, 100, 0},
    {1 * MS, 3 * MS, GTE_TRACE_QKV, 0, 0, 4, 4000, 2000, 0},
    {3 * MS, 4 * MS, GTE_TRACE_NORM, 0, 0, 4, 10, 20, 0},
    {5 * MS, 8 * MS, GTE_TRACE_QKV, 1, 0, 4, 4000, 2000, 0},
    {1 * MS, 9 * MS, GTE_TRACE_FORWARD, -1, 0, 4, 0, 0, 0},
    {0, 10 * MS, GTE_TRACE_CALL, -1, 0, 1, 0, 0, 0},
    {1 * MS, 2 * MS, GTE_TRACE_WAIT, -1, 1, 0, 0, 0, 0},
    {2 * MS, 4 * MS, GTE_TRACE_QKV, 0, 1, 4, 4000, 2000, 0},
    {4 * MS, 5 * MS, GTE_TRACE_WAIT, -1, 1, 0, 0, 0, 0},
    {5 * MS, 6 * MS, GTE_TRACE_NORM, 0, 1, 4, 10, 20, 0},
    {6 * MS, 7 * MS, (gte_trace_operation)4711, 1, 1, 4, 0, 0, 0},
};
enum { COUNT = sizeof recorded / sizeof *recorded };

static int near(double a, double b)
{
    return a - b < 1e-12 && b - a < 1e-12;
}

static void test_sums(void)
{
    profile_row rows[PROFILE_ROWS], layers[LAYERS][PROFILE_ROWS];
    profile_sum how = {.threads = 2, .layers = LAYERS};
    const double call = profile__add_up(recorded, COUNT, &how, rows, &layers[0][0]);
    CU_ASSERT_TRUE(near(call, 0.010));
    CU_ASSERT_EQUAL(rows[GTE_TRACE_QKV].calls, 3);
    CU_ASSERT_TRUE(near(rows[GTE_TRACE_QKV].seconds, 0.007));
    CU_ASSERT_EQUAL(rows[GTE_TRACE_QKV].flops, 12000);
    CU_ASSERT_EQUAL(rows[GTE_TRACE_QKV].bytes, 6000);
    CU_ASSERT_TRUE(near(rows[GTE_TRACE_WAIT].seconds, 0.002));
    CU_ASSERT_TRUE(near(rows[PROFILE_IDLE].seconds, 0.002)); /* one thread, outside of the pass */
    /* all but tokenize 1, qkv 7, norm 2, wait 2, idle 2 of 20; the unknown operation is in it */
    CU_ASSERT_TRUE(near(rows[PROFILE_REST].seconds, 0.006));
    CU_ASSERT_TRUE(near(layers[0][GTE_TRACE_QKV].seconds, 0.004));
    CU_ASSERT_TRUE(near(layers[1][GTE_TRACE_QKV].seconds, 0.003));
    CU_ASSERT_TRUE(near(layers[0][GTE_TRACE_NORM].seconds, 0.002));
    CU_ASSERT_EQUAL(layers[1][GTE_TRACE_NORM].calls, 0);
    CU_ASSERT_EQUAL(rows[PROFILE_LOST].seconds, 0);

    /* by processor time: half a millisecond in each step of 1, 7 and 2 */
    gte_trace_span spans[COUNT];
    memcpy(spans, recorded, sizeof spans);
    for (size_t i = 0; i < COUNT; i++) spans[i].cpu_ns = MS / 2;
    how.by_cpu = true;
    CU_ASSERT_TRUE(near(profile__add_up(spans, COUNT, &how, rows, &layers[0][0]), 0.010));
    CU_ASSERT_TRUE(near(rows[GTE_TRACE_QKV].seconds, 0.0015));
    CU_ASSERT_TRUE(near(layers[1][GTE_TRACE_QKV].seconds, 0.0005));
    CU_ASSERT_TRUE(near(rows[GTE_TRACE_WAIT].seconds, 0.002)); /* has none */
    CU_ASSERT_TRUE(near(rows[PROFILE_LOST].seconds, 0.010 - 0.003));
    CU_ASSERT_TRUE(near(rows[PROFILE_REST].seconds, 0.006));
}

static void test_order_and_layers(void)
{
    gte_trace_span spans[COUNT];
    profile_stretch found;
    size_t at = 0;
    memcpy(spans, recorded, sizeof spans);
    profile__sort_spans(spans, COUNT);
    CU_ASSERT_EQUAL(spans[0].operation, GTE_TRACE_CALL);
    CU_ASSERT_EQUAL(spans[1].operation, GTE_TRACE_TOKENIZE);
    CU_ASSERT_EQUAL(spans[2].operation, GTE_TRACE_FORWARD);
    CU_ASSERT_EQUAL(spans[3].operation, GTE_TRACE_QKV);
    static const profile_stretch expected[] = {
        {0, 0, 1 * MS, 4 * MS},
        {0, 1, 5 * MS, 8 * MS},
        {1, 0, 2 * MS, 6 * MS}, /* waiting within a layer belongs to it */
        {1, 1, 6 * MS, 7 * MS},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        CU_ASSERT_TRUE_FATAL(profile__next_stretch(spans, COUNT, &at, &found));
        CU_ASSERT_EQUAL(found.member, expected[i].member);
        CU_ASSERT_EQUAL(found.layer, expected[i].layer);
        CU_ASSERT_EQUAL(found.begin_ns, expected[i].begin_ns);
        CU_ASSERT_EQUAL(found.end_ns, expected[i].end_ns);
    }
    CU_ASSERT_FALSE(profile__next_stretch(spans, COUNT, &at, &found));
}

/* Weights of 12 h^2 = 3 MB a layer in f32, 12 layers: 36 MB. */
static void describe(profile *p)
{
    memset(p, 0, sizeof *p);
    p->model.dtype = "f32";
    p->model.layers = 12;
    p->model.hidden_size = 256;
    p->model.ffn_size = 1024;
    p->model.file_size = 38 << 20;
    p->context.backend = "packed";
    p->roofs.peak[PROFILE_LINEAR] = 100e9;
    p->roofs.peak[PROFILE_ATTENTION] = 90e9;
    p->roofs.peak[PROFILE_ELEMENTS] = 80e9;
    p->roofs.bandwidth[BENCH_L2] = 50e9;
    p->roofs.bandwidth[BENCH_L3] = 20e9;
    p->roofs.bandwidth[BENCH_DRAM] = 5e9;
    p->roofs.cache[BENCH_L2] = 1 << 20;
    p->roofs.cache[BENCH_L3] = 32 << 20;
}

static void test_roof(void)
{
    profile p;
    bench_level level;
    describe(&p);
    profile_row row = {.calls = 10, .seconds = 1, .flops = 1e6, .bytes = 1e5};
    /* the weights are in memory alone: 10 FLOP/B times 5 GB/s */
    CU_ASSERT_TRUE(near(profile__roof(&p, GTE_TRACE_QKV, &row, &level), 50e9));
    CU_ASSERT_EQUAL(level, BENCH_DRAM);
    p.model.dtype = "bf16"; /* half of that, in the third level */
    CU_ASSERT_TRUE(near(profile__roof(&p, GTE_TRACE_QKV, &row, &level), 100e9));
    CU_ASSERT_EQUAL(level, BENCH_L3);
    p.context.backend = "openblas"; /* which reads a copy in f32 */
    profile__roof(&p, GTE_TRACE_QKV, &row, &level);
    CU_ASSERT_EQUAL(level, BENCH_DRAM);
    /* the rest of the file, 20 MB */
    profile__roof(&p, GTE_TRACE_EMBED, &row, &level);
    CU_ASSERT_EQUAL(level, BENCH_L3);
    /* 10 kB a call */
    CU_ASSERT_TRUE(near(profile__roof(&p, GTE_TRACE_ATTENTION, &row, &level), 90e9));
    CU_ASSERT_EQUAL(level, BENCH_L2);
    row.bytes = 4e6;
    CU_ASSERT_TRUE(near(profile__roof(&p, GTE_TRACE_NORM, &row, &level), 12.5e9));
    row.flops = 0;
    CU_ASSERT_EQUAL(profile__roof(&p, GTE_TRACE_TOKENIZE, &row, NULL), 0);
}

static void test_strings(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    profile__write_string(out, "a\"\\\n</script>\xc3\xa9");
    fclose(out);
    CU_ASSERT_STRING_EQUAL(text, "\"a\\\"\\\\\\u000a\\u003c/script>\xc3\xa9\"");
    free(text);
    CU_ASSERT_STRING_EQUAL(profile__row_name(GTE_TRACE_FFN_UP), "ffn up");
    CU_ASSERT_STRING_EQUAL(profile__row_name(PROFILE_REST), "rest");
}

/* Counters count, or say why not; both are right. */
static void test_counters(void)
{
    profile_counters c;
    profile__counters_open(&c);
    profile__counters_start(&c);
    volatile double sum = 0;
    for (int i = 0; i < 100000; i++) sum = sum + i;
    profile__counters_stop(&c);
    for (int i = 0; i < PROFILE_COUNTERS; i++) {
        if (c.fd[i] < 0) CU_ASSERT_TRUE(c.error != 0 && c.value[i] < 0);
        CU_ASSERT_PTR_NOT_NULL(profile__counter_name(i));
    }
    if (c.value[PROFILE_INSTRUCTIONS] >= 0) CU_ASSERT_TRUE(c.value[PROFILE_INSTRUCTIONS] > 100000);
    profile__counters_close(&c);
}

int main(void)
{
    static const support_case cases[] = {
        {"spans become rows that add up", test_sums},
        {"spans in order, and their layers", test_order_and_layers},
        {"the roof is the lower one", test_roof},
        {"strings of the JSON", test_strings},
        {"counters", test_counters},
    };
    return SUPPORT_MAIN("profile", cases);
}
