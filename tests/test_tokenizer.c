/* The tokenizer against goldens of HuggingFace's tokenizers, and its own rules: cuts, invalid
 * UTF-8, options, early stop. Damaged sections are in test_tokenizer_section.c. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "support.h"
#include "tokenizer_fixture.h"

#define SMALL_JSON "tests/golden/tokenizer/small-tokenizer.json"
#define SMALL_GOLDEN "tests/golden/tokenizer/small.jsonl"
#define ROOM 8192

static tokenizer_fixture small;
static gte_token tokens[ROOM];

/* ---- goldens ------------------------------------------------------------------------------- */

static gte_text text_of(const json_t *line)
{
    const json_t *text = json_object_get(line, "text"), *pair = json_object_get(line, "pair");
    if (json_is_array(text)) {
        pair = json_array_get(text, 1);
        text = json_array_get(text, 0);
    }
    return (gte_text){json_string_value(text), json_string_length(text), json_string_value(pair),
                      json_string_length(pair)};
}

static bool equals_golden(const json_t *line, const gte_token *got, size_t count)
{
    const json_t *ids = json_object_get(line, "ids"), *types = json_object_get(line, "types");
    const json_t *offsets = json_object_get(line, "offsets");
    if (json_array_size(ids) != count) return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *offset = json_array_get(offsets, i);
        json_int_t type = types ? json_integer_value(json_array_get(types, i)) : 0;
        if (json_integer_value(json_array_get(ids, i)) != got[i].id || type != got[i].type ||
            json_integer_value(json_array_get(offset, 0)) != got[i].start ||
            json_integer_value(json_array_get(offset, 1)) != got[i].end)
            return false;
    }
    return true;
}

/* Every line of a golden file; returns how many there were. */
static size_t check_golden(const gte__tokenizer *tok, const char *path)
{
    size_t size = 0, lines = 0, wrong = 0;
    char *text = support_read_file(path, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    for (char *p = text, *end; p < text + size; p = end + 1) {
        end = memchr(p, '\n', (size_t)(text + size - p));
        if (!end) end = text + size;
        json_t *line = json_loadb(p, (size_t)(end - p), JSON_ALLOW_NUL, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(line);
        json_int_t max = json_integer_value(json_object_get(line, "max"));
        unsigned flags = (unsigned)json_integer_value(json_object_get(line, "flags"));
        size_t count = 0;
        gte_status status = gte__tokenize(tok, text_of(line), flags, max ? (size_t)max : SIZE_MAX,
                                          tokens, ROOM, &count, NULL, NULL);
        lines++;
        if (status != GTE_OK || !equals_golden(line, tokens, count)) {
            if (!wrong++) fprintf(stderr, "%s:%zu: differs\n", path, lines);
        }
        json_decref(line);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(text);
    return lines;
}

static void test_golden_small(void)
{
    CU_ASSERT_EQUAL(check_golden(&small.tok, SMALL_GOLDEN), 250);
}

static void check_shared(const char *tokenizer, const char *golden)
{
    char path[4096];
    const char *found = support_shared(tokenizer);
    if (!found) return;
    snprintf(path, sizeof path, "%s", found);
    tokenizer_fixture fixture;
    CU_ASSERT_FATAL(tokenizer_fixture_open(&fixture, path));
    found = support_shared(golden);
    if (found) CU_ASSERT(check_golden(&fixture.tok, found) > 1000);
    tokenizer_fixture_close(&fixture);
}

static void test_golden_english(void)
{
    check_shared("tokenizers/gte-small-tokenizer.json", "golden/tokenizer/gte-small.jsonl");
}

static void test_golden_chinese(void)
{
    check_shared("tokenizers/bge-small-zh-v1.5-tokenizer.json",
                 "golden/tokenizer/bge-small-zh.jsonl");
}

/* ---- one text ------------------------------------------------------------------------------ */

static size_t run(const char *text, size_t size, unsigned flags)
{
    size_t count = 0;
    const gte_text input = {text, size, NULL, 0};
    CU_ASSERT_EQUAL(gte__tokenize(&small.tok, input, flags | GTE_NO_SPECIAL, SIZE_MAX, tokens, ROOM,
                                  &count, NULL, NULL),
                    GTE_OK);
    return count;
}

static bool is_token(size_t i, const char *piece, uint32_t start, uint32_t end)
{
    const uint32_t *index = small.tok.string_index;
    uint32_t id = (uint32_t)tokens[i].id;
    size_t size = index[id + 1] - index[id];
    return size == strlen(piece) && !memcmp(small.tok.string_bytes + index[id], piece, size) &&
           tokens[i].start == start && tokens[i].end == end;
}

static void test_special_as_text(void)
{
    const char *text = "a [SEP] b";
    CU_ASSERT_EQUAL(run(text, strlen(text), 0), 3);
    CU_ASSERT(is_token(1, "[SEP]", 2, 7));
    CU_ASSERT_EQUAL(run(text, strlen(text), GTE_SPECIAL_AS_TEXT), 7);
    CU_ASSERT(is_token(1, "[", 2, 3));
    CU_ASSERT(is_token(2, "s", 3, 4));
    CU_ASSERT(is_token(5, "]", 6, 7));
    CU_ASSERT(is_token(6, "b", 8, 9));
    /* an added token that is not special stays one */
    CU_ASSERT_EQUAL(run("<x>", 3, GTE_SPECIAL_AS_TEXT), 1);
}

static void test_byte_offsets(void)
{
    const char *text = "é中 don";
    CU_ASSERT_EQUAL(run(text, strlen(text), 0), 3);
    CU_ASSERT(is_token(0, "e", 0, 1) && is_token(1, "中", 1, 2) && is_token(2, "don", 3, 6));
    CU_ASSERT_EQUAL(run(text, strlen(text), GTE_OFFSETS_BYTES), 3);
    CU_ASSERT(is_token(0, "e", 0, 2) && is_token(1, "中", 2, 5) && is_token(2, "don", 6, 9));
}

static void test_empty_and_null(void)
{
    size_t count = 7;
    int cut = 7;
    gte_error err;
    const gte_text empty = {NULL, 0, NULL, 0}, null = {NULL, 3, NULL, 0};
    CU_ASSERT_EQUAL(gte__tokenize(&small.tok, empty, 0, 2, tokens, ROOM, &count, &cut, &err),
                    GTE_OK);
    CU_ASSERT_EQUAL(count, 2);
    CU_ASSERT_EQUAL(cut, 0);
    CU_ASSERT_EQUAL(gte__tokenize(&small.tok, null, 0, 9, tokens, ROOM, &count, &cut, &err),
                    GTE_E_ARGUMENT);
    CU_ASSERT_EQUAL(gte__tokenize(&small.tok, empty, 0, 1, tokens, ROOM, &count, &cut, &err),
                    GTE_E_ARGUMENT);
    const gte_text huge = {"", (size_t)1 << 32, NULL, 0};
    CU_ASSERT_EQUAL(gte__tokenize(&small.tok, huge, 0, 9, tokens, ROOM, &count, &cut, &err),
                    GTE_E_ARGUMENT);
}

/* ---- invalid UTF-8 ------------------------------------------------------------------------- */

static const struct {
    const char *bytes;
    size_t size, offset;
    const char *replaced; /* as Rust's from_utf8_lossy */
} invalid[] = {
    {"ab\xff", 3, 2, "ab\xef\xbf\xbd"},
    {"\x80", 1, 0, "\xef\xbf\xbd"},
    {"a\xc0\xaf", 3, 1, "a\xef\xbf\xbd\xef\xbf\xbd"},
    {"a\xc3", 2, 1, "a\xef\xbf\xbd"},
    {"\xe4\xb8", 2, 0, "\xef\xbf\xbd"},
    {"\xe4\xb8z", 3, 0, "\xef\xbf\xbdz"},
    {"\xe0\x80\xaf", 3, 0, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xed\xa0\x80", 3, 0, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf0\x9f\x98", 3, 0, "\xef\xbf\xbd"},
    {"\xf0\x9f\x98z", 4, 0, "\xef\xbf\xbdz"},
    {"\xf0\x8f\x80\x80", 4, 0, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf4\x90\x80\x80", 4, 0, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf5\x80", 2, 0, "\xef\xbf\xbd\xef\xbf\xbd"},
    {"0123456789abcdefghij\xe4\xb8\xadk\xe4\xb8\xad\xe4", 28, 27,
     "0123456789abcdefghij\xe4\xb8\xadk\xe4\xb8\xad\xef\xbf\xbd"},
};

static void test_invalid_utf8(void)
{
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
        size_t count;
        gte_error err;
        const gte_text text = {invalid[i].bytes, invalid[i].size, NULL, 0};
        const gte_text pair = {"a", 1, invalid[i].bytes, invalid[i].size};
        CU_ASSERT_EQUAL(gte__tokenize(&small.tok, text, 0, 64, tokens, ROOM, &count, NULL, &err),
                        GTE_E_UTF8);
        CU_ASSERT_EQUAL(err.offset, invalid[i].offset);
        CU_ASSERT_EQUAL(gte__tokenize(&small.tok, pair, 0, 64, tokens, ROOM, &count, NULL, &err),
                        GTE_E_UTF8);
        CU_ASSERT_EQUAL(err.offset, invalid[i].offset);
    }
}

static void test_replace_invalid(void)
{
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
        gte_token expected[64];
        size_t n = run(invalid[i].replaced, strlen(invalid[i].replaced), 0);
        CU_ASSERT_FATAL(n <= 64);
        memcpy(expected, tokens, n * sizeof *expected);
        CU_ASSERT_EQUAL(run(invalid[i].bytes, invalid[i].size, GTE_REPLACE_INVALID), n);
        CU_ASSERT(!memcmp(expected, tokens, n * sizeof *expected));
    }
    /* in bytes, offsets are those of the text as given */
    CU_ASSERT_EQUAL(run("\xe4\xb8 a", 4, GTE_REPLACE_INVALID | GTE_OFFSETS_BYTES), 1);
    CU_ASSERT(is_token(0, "a", 3, 4));
}

/* ---- cuts ---------------------------------------------------------------------------------- */

static void test_cut_single(void)
{
    const char *text = "hello tokenization, world 中文 [MASK] embedding";
    const gte_text input = {text, strlen(text), NULL, 0};
    gte_token whole[64], some[64];
    size_t n, count;
    int cut;
    CU_ASSERT_EQUAL(gte__tokenize(&small.tok, input, 0, SIZE_MAX, whole, 64, &n, &cut, NULL),
                    GTE_OK);
    CU_ASSERT(n > 10 && !cut);
    for (size_t max = 2; max <= n + 1; max++) {
        CU_ASSERT_EQUAL(gte__tokenize(&small.tok, input, 0, max, some, 64, &count, &cut, NULL),
                        GTE_OK);
        CU_ASSERT_EQUAL(count, max < n ? max : n);
        CU_ASSERT_EQUAL(cut, max < n);
        CU_ASSERT(!memcmp(some, whole, (count - 1) * sizeof *some));
        CU_ASSERT(!memcmp(&some[count - 1], &whole[n - 1], sizeof *some));
        gte_status status =
            gte__tokenize(&small.tok, input, GTE_NO_TRUNCATE, max, some, 64, &count, &cut, NULL);
        CU_ASSERT_EQUAL(status, max < n ? GTE_E_TOO_LONG : GTE_OK);
        CU_ASSERT_EQUAL(count, n);
    }
}

static void test_capacity(void)
{
    const char *text = "hello tokenization", *pair = "world , world";
    const gte_text input = {text, strlen(text), pair, strlen(pair)};
    gte_token whole[16], some[16];
    size_t n, count;
    CU_ASSERT_EQUAL(gte__tokenize(&small.tok, input, 0, SIZE_MAX, whole, 16, &n, NULL, NULL),
                    GTE_OK);
    CU_ASSERT_EQUAL(n, 9);
    CU_ASSERT_EQUAL(gte__tokenize(&small.tok, input, 0, SIZE_MAX, NULL, 16, &count, NULL, NULL),
                    GTE_E_CAPACITY);
    CU_ASSERT_EQUAL(count, n);
    for (size_t room = 0; room < n; room++) {
        memset(some, 0x55, sizeof some);
        CU_ASSERT_EQUAL(
            gte__tokenize(&small.tok, input, 0, SIZE_MAX, some, room, &count, NULL, NULL),
            GTE_E_CAPACITY);
        CU_ASSERT_EQUAL(count, n);
        CU_ASSERT(!memcmp(some, whole, room * sizeof *some));
        CU_ASSERT_EQUAL(some[room].id, 0x55555555);
    }
}

/* How many tokens a pair of one-token words keeps on each side. */
static void check_pair(size_t a, size_t b, size_t max, size_t keep_a, size_t keep_b)
{
    char first[64], second[64];
    for (size_t i = 0; i < 2 * a; i++) first[i] = i % 2 ? ' ' : 'a';
    for (size_t i = 0; i < 2 * b; i++) second[i] = i % 2 ? ' ' : 'b';
    const gte_text input = {first, 2 * a, second, 2 * b};
    size_t count, ones = 0;
    int cut;
    CU_ASSERT_EQUAL(gte__tokenize(&small.tok, input, 0, max, tokens, ROOM, &count, &cut, NULL),
                    GTE_OK);
    CU_ASSERT_EQUAL(count, keep_a + keep_b + 3);
    CU_ASSERT_EQUAL(cut, keep_a + keep_b < a + b);
    for (size_t i = 0; i < count; i++) ones += tokens[i].type == 1;
    CU_ASSERT_EQUAL(ones, keep_b + 1);
    CU_ASSERT_EQUAL(tokens[keep_a + 1].id, (int32_t)small.tok.header->sep_id);
    CU_ASSERT_EQUAL(tokens[count - 1].id, (int32_t)small.tok.header->sep_id);
}

static void test_cut_pair(void)
{
    check_pair(3, 4, 10, 3, 4);
    check_pair(2, 9, 10, 2, 5);
    check_pair(9, 2, 10, 5, 2);
    check_pair(9, 9, 10, 3, 4);
    check_pair(9, 6, 10, 4, 3); /* the first is longer: it keeps the odd token */
    check_pair(6, 9, 10, 3, 4);
    check_pair(0, 9, 8, 0, 5);
    check_pair(9, 0, 8, 5, 0);
    check_pair(5, 5, 3, 0, 0);
}

/* Words of few letters with much that is special, from a seed. */
static size_t random_text(uint64_t *state, char *out, size_t room)
{
    static const char *const parts[] = {
        "a",  "b",  "token", "ization", "don",          " ",        " ", "  ",
        "中", "国", ".",     ",",       "[SEP]",        " [MASK]",  "é", "e\xcc\x81",
        "한", "Я",  "<Y>",   "foo!bar", "\xe3\x80\xae", "\xcc\xa3", "豈"};
    size_t size = 0, count = support_random(state) % 40;
    for (size_t i = 0; i < count; i++) {
        const char *part = parts[support_random(state) % (sizeof parts / sizeof parts[0])];
        if (size + strlen(part) > room) break;
        memcpy(out + size, part, strlen(part));
        size += strlen(part);
    }
    return size;
}

static void test_early_stop(void)
{
    uint64_t state = 42;
    char text[1024];
    static gte_token whole[1024], some[1024];
    for (int round = 0; round < 2000; round++) {
        size_t size = random_text(&state, text, sizeof text);
        gte__token_sink all = {.out = whole, .capacity = 1024, .limit = SIZE_MAX};
        CU_ASSERT_EQUAL(gte__wordpiece(&small.tok, text, size, 0, &all, NULL), GTE_OK);
        size_t limit = support_random(&state) % 24;
        gte__token_sink few = {.out = some, .capacity = 1024, .limit = limit};
        CU_ASSERT_EQUAL(gte__wordpiece(&small.tok, text, size, 0, &few, NULL), GTE_OK);
        size_t expected = all.count < limit ? all.count : limit;
        CU_ASSERT_EQUAL(few.count, expected);
        CU_ASSERT(!memcmp(whole, some, expected * sizeof *some));
    }
}

/* A run of combining characters longer than any buffer still comes out in order. */
static void test_long_runs(void)
{
    enum { MARKS = 20000 };
    static char text[3 * MARKS + 8];
    size_t size = 0;
    text[size++] = 'a';
    for (int i = 0; i < MARKS; i++) {
        memcpy(text + size, i % 2 ? "\xcc\xa3" : "\xcc\x81", 2);
        size += 2;
    }
    CU_ASSERT_EQUAL(run(text, size, 0), 1);
    CU_ASSERT(is_token(0, "a", 0, 1));
    memcpy(text + size, "\xe3\x80\xae", 3); /* U+302E stays, and sorts behind the dots below */
    CU_ASSERT_EQUAL(run(text, size + 3, 0), 2);
    CU_ASSERT(is_token(0, "a", 0, 1));
    CU_ASSERT(is_token(1, "##\xe3\x80\xae", MARKS / 2 + 1, MARKS / 2 + 2));
}

int main(void)
{
    static const support_case cases[] = {
        {"golden of the small vocabulary", test_golden_small},
        {"golden of gte-small", test_golden_english},
        {"golden of bge-small-zh", test_golden_chinese},
        {"special tokens as text", test_special_as_text},
        {"byte offsets", test_byte_offsets},
        {"empty and NULL", test_empty_and_null},
        {"invalid UTF-8", test_invalid_utf8},
        {"replaced UTF-8", test_replace_invalid},
        {"cut of a single text", test_cut_single},
        {"capacity", test_capacity},
        {"cut of a pair", test_cut_pair},
        {"early stop", test_early_stop},
        {"long combining runs", test_long_runs},
    };
    if (!tokenizer_fixture_open(&small, SMALL_JSON)) return 2;
    int result = SUPPORT_MAIN("tokenizer", cases);
    tokenizer_fixture_close(&small);
    return result;
}
