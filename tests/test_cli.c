/* The command's room, its small parts alone: numbers as text, UTF-8 and widths, lines, CSV, the
 * best lines, correlations. The command as a whole is tested by tests/cli/. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/correlation.h"
#include "cli/csv_reader.h"
#include "cli/line_reader.h"
#include "base/number_text.h"
#include "cli/top_lines.h"
#include "cli/utf8_text.h"
#include "tests/support.h"

static bool same_as_printf(uint32_t bits)
{
    char text[GTE__NUMBER_SIZE], expected[64];
    float value;
    memcpy(&value, &bits, sizeof value);
    size_t size = gte__float_text(value, text);
    snprintf(expected, sizeof expected, "%.9g", (double)value);
    return size == strlen(expected) && memcmp(text, expected, size) == 0;
}

/* All sizes of floats coarsely, those that take the fast path finely, both signs. */
static void float_text(void)
{
    unsigned long wrong = 0;
    for (uint32_t bits = 0; bits < 0x80000000u; bits += 65521u)
        wrong += (same_as_printf(bits) && same_as_printf(bits | 0x80000000u)) ? 0 : 1;
    for (uint32_t bits = 0x38d00000u; bits < 0x3f810000u; bits += 101u)
        wrong += same_as_printf(bits) ? 0 : 1;
    for (uint32_t power = 0; power < 6; power++) { /* around 1, 0.1, ... 1e-5 */
        float near = (float)pow(10, -(double)power);
        uint32_t bits;
        memcpy(&bits, &near, sizeof bits);
        for (uint32_t i = 0; i < 2000; i++) wrong += same_as_printf(bits - 1000 + i) ? 0 : 1;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void integer_text(void)
{
    static const int64_t values[] = {0, 7, -1, 10, 12345678901, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char text[GTE__NUMBER_SIZE], expected[64];
        size_t size = gte__integer_text(values[i], text);
        snprintf(expected, sizeof expected, "%lld", (long long)values[i]);
        CU_ASSERT_EQUAL(size, strlen(expected));
        CU_ASSERT_EQUAL(memcmp(text, expected, size), 0);
    }
}

/* The table of "Substitution of Maximal Subparts" in the Unicode standard, and its neighbours. */
static void utf8_replacing(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"plain", "plain"},
        {"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", "????????A"},
        {"\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", "????????A"},
        {"\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", "?????A??B"},
        {"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", "????A"},
        {"\xc3\xa9\xe4\xbd\xa0\xf0\x9f\x98\x80", "\xc3\xa9\xe4\xbd\xa0\xf0\x9f\x98\x80"},
        {"a\xe4\xbd", "a?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64], expected[64];
        size_t want = 0, size = strlen(cases[i].text);
        for (const char *c = cases[i].expected; *c; c++) {
            size_t n = *c == '?' ? 3 : 1;
            memcpy(expected + want, *c == '?' ? "\xef\xbf\xbd" : c, n);
            want += n;
        }
        CU_ASSERT_EQUAL(cli__utf8_replace(cases[i].text, size, out), want);
        CU_ASSERT_EQUAL(memcmp(out, expected, want), 0);
        CU_ASSERT_EQUAL(cli__utf8_valid(cases[i].text, size), !strchr(cases[i].expected, '?'));
    }
}

static void columns(void)
{
    const char *text = "a\xe4\xbd\xa0\xe5\xa5\xbd"  /* two wide */
                       "e\xcc\x81\xf0\x9f\x98\x80"; /* a combining accent, a wide emoji */
    CU_ASSERT_EQUAL(cli__columns(text, strlen(text)), 8);
    CU_ASSERT_EQUAL(cli__columns("a\tb\xc2\x9b\xe2\x80\xae", 8), 5); /* controls */
    CU_ASSERT_EQUAL(cli__fitting(text, strlen(text), 2), 1);
    CU_ASSERT_EQUAL(cli__fitting(text, strlen(text), 3), 4);
    CU_ASSERT_EQUAL(cli__fitting(text, strlen(text), 6), 10);
    CU_ASSERT_EQUAL(cli__fitting(text, strlen(text), 100), strlen(text));
}

/* Lines of every size around the buffer's, with their ends cut by the reads. */
static void long_lines(void)
{
    const char *path = support_tmp_path("lines");
    cli_lines lines;
    const char *text;
    size_t size;
    FILE *out = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    for (size_t n = 65530; n < 65545; n++) {
        for (size_t i = 0; i < n; i++) putc((int)('a' + i % 26), out);
        fputs("\r\n\n", out);
    }
    fclose(out);
    CU_ASSERT_EQUAL_FATAL(cli__lines_open(&lines, path), 0);
    for (size_t n = 65530; n < 65545; n++) {
        CU_ASSERT_EQUAL(cli__lines_next(&lines, &text, &size), 1);
        CU_ASSERT_EQUAL(size, n);
        CU_ASSERT_EQUAL(text[n - 1], (char)('a' + (n - 1) % 26));
        CU_ASSERT_EQUAL(cli__lines_next(&lines, &text, &size), 1);
        CU_ASSERT_EQUAL(size, 0);
    }
    CU_ASSERT_EQUAL(cli__lines_next(&lines, &text, &size), 0);
    CU_ASSERT_EQUAL(cli__lines_next(&lines, &text, &size), 0);
    CU_ASSERT_EQUAL(lines.line, 30);
    CU_ASSERT_EQUAL(lines.consumed, lines.total);
    cli__lines_close(&lines);
}

static void csv_records(void)
{
    static const char content[] = "a,\"b \"\"x\"\", c\",\"d\ne\"\r\n\r\n,,\n\"\",f\"g,h";
    static const char *const expected[3][3] = {
        {"a", "b \"x\", c", "d\ne"}, {"", "", ""}, {"", "f\"g", "h"}};
    static const uint64_t begins[3] = {1, 4, 5};
    const char *path = support_tmp_path("records.csv");
    cli_csv csv;
    CU_ASSERT_FATAL(support_write_file(path, content, sizeof content - 1));
    CU_ASSERT_EQUAL_FATAL(cli__csv_open(&csv, path), 0);
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(cli__csv_next(&csv), 1);
        CU_ASSERT_EQUAL_FATAL(csv.count, 3);
        CU_ASSERT_EQUAL(csv.line, begins[i]);
        for (size_t j = 0; j < 3; j++)
            CU_ASSERT_STRING_EQUAL(cli__csv_field(&csv, j), expected[i][j]);
    }
    CU_ASSERT_EQUAL(cli__csv_next(&csv), 0);
    cli__csv_close(&csv);
}

/* Against sorting everything: scores with many ties, every bound. */
static void best_lines(void)
{
    enum { LINES = 500 };
    for (size_t most = 1; most < 12; most += 3) {
        cli_top_lines top;
        unsigned state = 1;
        float scores[LINES];
        CU_ASSERT_EQUAL_FATAL(cli__top_create(&top, most), 0);
        for (size_t i = 0; i < LINES; i++) {
            state = state * 1103515245u + 12345u;
            scores[i] = (float)(state >> 16 & 15u);
            CU_ASSERT_EQUAL(cli__top_offer(&top, scores[i], i + 1, gte_text_of("x")), 0);
        }
        CU_ASSERT_EQUAL(cli__top_offer(&top, (float)NAN, 9999, gte_text_of("nan")), 0);
        cli__top_sort(&top);
        CU_ASSERT_EQUAL_FATAL(top.count, most);
        for (size_t k = 0; k < most; k++) {
            size_t line = (size_t)top.hits[k].line, better = 0;
            for (size_t i = 0; i < LINES; i++)
                better += scores[i] > scores[line - 1] ||
                          (!(scores[i] < scores[line - 1]) && i < line - 1);
            CU_ASSERT_EQUAL(better, k);
        }
        cli__top_free(&top);
    }
}

static void correlations(void)
{
    const double x[] = {1, 2, 3, 4, 5}, up[] = {10, 100, 1000, 10000, 100000};
    const double ties[] = {1, 1, 2, 2, 3}, down[] = {5, 4, 3, 2, 1}, flat[] = {7, 7, 7, 7, 7};
    double rho = 0;
    CU_ASSERT_DOUBLE_EQUAL(cli__pearson(x, down, 5), -1, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(cli__pearson(x, up, 5), 0.759720851, 1e-8);
    CU_ASSERT(cli__spearman(x, up, 5, &rho));
    CU_ASSERT_DOUBLE_EQUAL(rho, 1, 1e-12);
    CU_ASSERT(cli__spearman(x, ties, 5, &rho)); /* ranks 1.5 1.5 3.5 3.5 5: 9 / sqrt(10 * 9) */
    CU_ASSERT_DOUBLE_EQUAL(rho, 9 / sqrt(90), 1e-12);
    CU_ASSERT(cli__spearman(x, flat, 5, &rho));
    CU_ASSERT(isnan(rho));
}

int main(void)
{
    static const support_case cases[] = {
        {"floats as %.9g", float_text},
        {"integers", integer_text},
        {"replacing invalid UTF-8", utf8_replacing},
        {"columns on a terminal", columns},
        {"lines longer than the buffer", long_lines},
        {"CSV", csv_records},
        {"the best lines", best_lines},
        {"correlations", correlations},
    };
    return SUPPORT_MAIN("cli", cases);
}
