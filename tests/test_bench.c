/* The measuring tools: cells are read as written, and texts have exactly the tokens a cell asks for
 * with the model's own tokenizer, English or Chinese. */
#include <stdlib.h>
#include <string.h>

#include "convert/convert.h"
#include "perf/bench/cell_texts.h"
#include "perf/bench/peaks.h"
#include "support.h"

static void test_parse(void)
{
    const char *list = "1x8,32x128";
    bench_cell cell = {0};
    CU_ASSERT_EQUAL(bench__cell_parse(&list, &cell), 1);
    CU_ASSERT(cell.texts == 1 && cell.tokens == 8);
    CU_ASSERT_EQUAL(bench__cell_parse(&list, &cell), 1);
    CU_ASSERT(cell.texts == 32 && cell.tokens == 128);
    CU_ASSERT_EQUAL(bench__cell_parse(&list, &cell), 0);
    static const char *const wrong[] = {
        "x",    "1x",      "x8",      "0x8",         "1x0",
        "1x8,", "1x8;2x",  "1x 8",    "-1x8",        "1x8 ",
        "1X8",  "65537x1", "1x65537", "65536x65536", "99999999999999999999x1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        list = wrong[i];
        CU_ASSERT_EQUAL(bench__cell_parse(&list, &cell), -1);
    }
}

static void test_flops(void)
{
    gte_model_info info = {.hidden_size = 384, .layers = 12, .ffn_size = 1536};
    const bench_cell cell = {32, 128};
    const double tokens = 32 * 128;
    const double want = 24.0 * 12 * 384 * 384 * tokens + 4.0 * 12 * 384 * tokens * 128;
    CU_ASSERT_DOUBLE_EQUAL(bench__cell_flops(&info, cell), want, 1);
    info.ffn_size = 0;
    CU_ASSERT_DOUBLE_EQUAL(bench__cell_flops(&info, cell),
                           8.0 * 12 * 384 * 384 * tokens + 4.0 * 12 * 384 * tokens * 128, 1);
}

/* Every text of the cell has its tokens, no two are equal, and the seed decides which they are. */
static void check_cell(const gte_model *model, bench_cell cell)
{
    bench_texts texts, again, other;
    gte_error err = {0};
    CU_ASSERT_EQUAL_FATAL(bench__texts_make(&texts, model, cell, 1, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(bench__texts_make(&again, model, cell, 1, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(bench__texts_make(&other, model, cell, 2, &err), GTE_OK);
    CU_ASSERT_EQUAL(texts.count, (size_t)cell.texts);
    CU_ASSERT(texts.bytes == again.bytes && !memcmp(texts.room, again.room, texts.bytes));
    CU_ASSERT(texts.bytes != other.bytes || memcmp(texts.room, other.room, texts.bytes) != 0);
    for (size_t i = 0; i < texts.count; i++) {
        size_t count = 0;
        int truncated = 1;
        gte_token *room = calloc((size_t)cell.tokens, sizeof *room);
        CU_ASSERT_EQUAL(gte_tokenize(model, texts.texts[i], 0, 0, room, (size_t)cell.tokens, &count,
                                     &truncated, &err),
                        GTE_OK);
        CU_ASSERT(count == (size_t)cell.tokens && !truncated);
        free(room);
        for (size_t j = 0; j < i; j++)
            CU_ASSERT(texts.texts[i].size != texts.texts[j].size ||
                      memcmp(texts.texts[i].data, texts.texts[j].data, texts.texts[i].size) != 0);
    }
    bench__texts_free(&texts);
    bench__texts_free(&again);
    bench__texts_free(&other);
}

static void check_model(const gte_model *model)
{
    static const bench_cell cells[] = {{1, 3}, {1, 8}, {1, 32}, {8, 3}, {32, 32}, {4, 128}};
    gte_model_info info;
    bench_texts texts;
    gte_error err = {0};
    gte_model_describe(model, &info, sizeof info);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        if (cells[i].tokens <= info.max_tokens) check_cell(model, cells[i]);
    check_cell(model, (bench_cell){2, info.max_tokens});
    const bench_cell too_long = {1, info.max_tokens + 1}, empty = {1, 2};
    CU_ASSERT_EQUAL(bench__texts_make(&texts, model, too_long, 1, &err), GTE_E_TOO_LONG);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "the model reads at most"));
    bench__texts_free(&texts);
    CU_ASSERT_EQUAL(bench__texts_make(&texts, model, empty, 1, &err), GTE_E_UNSUPPORTED);
    bench__texts_free(&texts);
}

static void test_standin(void)
{
    gte_model *model = support_standin_open();
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    check_model(model);
    gte_model_close(&model);
}

static void check_shared(const char *name)
{
    const char *folder = support_shared(name), *path = support_tmp_path("bench.gte");
    gte_model *model = NULL;
    gte_error err = {0};
    if (!folder) return;
    CU_ASSERT_EQUAL_FATAL(gte_convert(folder, path, NULL, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte_model_open(&model, path, NULL, &err), GTE_OK);
    check_model(model);
    gte_model_close(&model);
}

static void test_english(void)
{
    check_shared("models/en-embed-tiny");
}

static void test_chinese(void)
{
    check_shared("models/zh-embed-tiny");
}

static void test_quantiles(void)
{
    bench_samples samples = {0};
    CU_ASSERT_EQUAL(bench__samples_quantile(&samples, 0.5), 0);
    for (int i = 1000; i >= 0; i--) CU_ASSERT_TRUE_FATAL(bench__samples_add(&samples, i));
    CU_ASSERT_DOUBLE_EQUAL(bench__samples_quantile(&samples, 0.5), 500, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(bench__samples_quantile(&samples, 0.99), 990, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(bench__samples_quantile(&samples, 0.0005), 0.5, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(bench__samples_quantile(&samples, 1), 1000, 1e-9);
    bench__samples_free(&samples);
}

/* Which instruction a rate is compared with. On a machine that lacks it: plain C. */
static void test_units(void)
{
    static const struct {
        const char *dtype, *isa;
        bench_unit unit;
    } cases[] = {
        {"f32", "scalar", BENCH_UNIT_PLAIN},        {"f32", "avx2", BENCH_UNIT_FMA_YMM},
        {"f32", "avxvnni", BENCH_UNIT_FMA_YMM},     {"f32", "avx512", BENCH_UNIT_FMA_ZMM},
        {"f32", "avx512bf16", BENCH_UNIT_FMA_ZMM},  {"bf16", "avx2", BENCH_UNIT_FMA_YMM},
        {"bf16", "avx512vnni", BENCH_UNIT_FMA_ZMM}, {"bf16", "avx512bf16", BENCH_UNIT_BF16_ZMM},
        {"int8", "scalar", BENCH_UNIT_PLAIN},       {"int8", "avx2", BENCH_UNIT_MADD_YMM},
        {"int8", "avxvnni", BENCH_UNIT_VNNI_YMM},   {"int8", "avx512", BENCH_UNIT_MADD_YMM},
        {"int8", "avx512vnni", BENCH_UNIT_VNNI_ZMM}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bench_unit unit = cases[i].unit, got = bench__unit_of(cases[i].dtype, cases[i].isa);
        CU_ASSERT(got == (bench__unit_here(unit) ? unit : BENCH_UNIT_PLAIN));
    }
}

/* Every probe gives a rate, of one thread and of two. */
static void test_probes(void)
{
    static const int threads[] = {2, 2, 1};
    bench_peaks peaks;
    CU_ASSERT_TRUE_FATAL(bench__peaks_open(&peaks, threads, 3));
    CU_ASSERT(peaks.thread_counts == 2 && peaks.threads[0] == 1 && peaks.threads[1] == 2);
    CU_ASSERT_TRUE(bench__peaks_probe_all(&peaks));
    for (int t = 1; t <= 2; t++) {
        for (int u = 0; u < BENCH_UNITS; u++) {
            const double rate = bench__peak(&peaks, (bench_unit)u, t);
            CU_ASSERT(bench__unit_here((bench_unit)u) ? rate > 1e6 : rate == 0);
        }
        for (int l = 0; l < BENCH_LEVELS; l++)
            CU_ASSERT(bench__bandwidth(&peaks, (bench_level)l, t) > 1e6);
    }
    CU_ASSERT(bench__memory_span(peaks.memory, BENCH_L2) <
              bench__memory_span(peaks.memory, BENCH_DRAM));
    bench__peaks_close(&peaks);
}

int main(void)
{
    static const support_case cases[] = {
        {"cells are read as written", test_parse},
        {"operations of a cell", test_flops},
        {"quantiles of samples", test_quantiles},
        {"the instruction of a type at a level", test_units},
        {"probes of the processor", test_probes},
        {"texts of the stand-in's vocabulary", test_standin},
        {"texts of an English vocabulary", test_english},
        {"texts of a Chinese vocabulary", test_chinese},
    };
    return SUPPORT_MAIN("bench", cases);
}
