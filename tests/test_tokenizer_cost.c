/* What a file or a text can make the tokenizer cost: added tokens made to be looked for often, in
 * texts made to almost match them. The bounds are twenty times what the slowest case takes and
 * more, so that no slow machine fails, and far below what scanning a text again would take. What
 * the tokens are is the business of test_tokenizer.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "convert/tokenizer_pack.h"
#include "support.h"
#include "tokenizer/tokenizer.h"

#define TEXT_BYTES 1000000u
#define MAX_SECONDS 10.0     /* of CPU time of this thread, for TEXT_BYTES */
#define MAX_OPEN_SECONDS 1.0 /* to open a section */
#define MANY GTE__MAX_ADDED_TOKENS
#define PLAIN 5u /* entries of the vocabulary that are no added tokens */

static char *text;
static convert__piece *pieces;
static convert__added *added;
static char *added_text; /* MANY times GTE__MAX_ADDED_BYTES */
static uint32_t added_count;

static void allocate(void)
{
    text = malloc(TEXT_BYTES);
    pieces = calloc(PLAIN + MANY, sizeof *pieces);
    added = calloc(MANY, sizeof *added);
    added_text = malloc((size_t)MANY * GTE__MAX_ADDED_BYTES);
    CU_ASSERT_FATAL(text && pieces && added && added_text);
    for (uint32_t i = 0; i < PLAIN; i++) pieces[i] = (convert__piece){&"?fo x"[i], 1};
}

static void release(void)
{
    free(text);
    free(pieces);
    free(added);
    free(added_text);
}

static void add(const char *token, size_t size, uint32_t flags)
{
    char *own = added_text + (size_t)added_count * GTE__MAX_ADDED_BYTES;
    memcpy(own, token, size);
    convert__added *a = &added[added_count];
    memset(a, 0, sizeof *a);
    a->text = own;
    a->size = size;
    a->id = PLAIN + added_count++;
    a->flags = flags;
}

static void fill(const char *pattern)
{
    size_t size = strlen(pattern);
    for (size_t i = 0; i < TEXT_BYTES; i++) text[i] = pattern[i % size];
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void open_section(gte__tokenizer *tok, void **section)
{
    const convert__tokenizer desc = {.pieces = pieces,
                                     .vocab_size = PLAIN + added_count,
                                     .flags = GTE__TOK_CLEAN_TEXT | GTE__TOK_CJK_SPLIT |
                                              GTE__TOK_STRIP_ACCENTS | GTE__TOK_LOWERCASE,
                                     .max_word_chars = 100,
                                     .added = added,
                                     .added_count = added_count};
    uint64_t size;
    gte_error err;
    CU_ASSERT_EQUAL_FATAL(convert__tokenizer_pack(&desc, section, &size, &err), GTE_OK);
    double start = cpu_seconds();
    CU_ASSERT_EQUAL_FATAL(gte__tokenizer_open(tok, *section, size, &err), GTE_OK);
    CU_ASSERT(cpu_seconds() - start < MAX_OPEN_SECONDS);
}

/* Tokenizes the text with the tokens that were added since the last time; returns the count. */
static size_t check_cost(const char *name, size_t size)
{
    gte__tokenizer tok;
    void *section = NULL;
    size_t count = 0;
    open_section(&tok, &section);
    const gte_text input = {text, size, NULL, 0};
    double start = cpu_seconds();
    gte_status status =
        gte__tokenize(&tok, input, GTE_NO_SPECIAL, SIZE_MAX, NULL, 0, &count, NULL, NULL);
    double seconds = cpu_seconds() - start;
    CU_ASSERT(status == GTE_E_CAPACITY || (status == GTE_OK && !count));
    CU_ASSERT(seconds < MAX_SECONDS);
    printf("\n    %-58s %6.3f s", name, seconds);
    free(section);
    added_count = 0;
    return count;
}

/* 65536 different tokens that begin alike. */
static void add_many(uint32_t flags)
{
    char token[16];
    for (uint32_t i = 0; i < MANY; i++)
        add(token, (size_t)snprintf(token, sizeof token, "fo%05x", i), flags);
}

static void add_long(uint32_t flags)
{
    char token[GTE__MAX_ADDED_BYTES];
    memset(token, 'f', sizeof token);
    token[sizeof token - 1] = 'o';
    add(token, sizeof token, flags);
}

static void test_many(void)
{
    for (uint32_t flags = 0; flags <= GTE__ADDED_NORMALIZED; flags += GTE__ADDED_NORMALIZED) {
        fill("fo0 f ");
        add_many(flags);
        CU_ASSERT(check_cost("65536 tokens, text of their beginnings", TEXT_BYTES) > 0);
        fill("fo0abcd");
        add_many(flags);
        CU_ASSERT_EQUAL(check_cost("65536 tokens, text of one of them", 700000), 100000);
        add_many(flags);
        CU_ASSERT_EQUAL(check_cost("65536 tokens, one character", 1), 1);
    }
}

static void test_long(void)
{
    for (uint32_t flags = 0; flags <= GTE__ADDED_NORMALIZED; flags += GTE__ADDED_NORMALIZED) {
        fill("f");
        add_long(flags);
        CU_ASSERT(check_cost("a token of 256 bytes, all but its last everywhere", TEXT_BYTES) > 0);
        fill("f ");
        add_long(flags);
        CU_ASSERT(check_cost("a token of 256 bytes, its first everywhere", TEXT_BYTES) > 0);
    }
}

/* 200 tokens that are matched after normalisation, in text that looks like them. */
static void test_normalized_words(void)
{
    static const char *const texts[] = {"f f ", "the friend of a fellow found four foxes. "};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char token[64];
        for (int j = 0; j < 200; j++)
            add(token, (size_t)snprintf(token, sizeof token, "Foo%c%d", 'a' + j % 26, j),
                GTE__ADDED_NORMALIZED);
        fill(texts[i]);
        CU_ASSERT(check_cost("200 normalized tokens, prose", TEXT_BYTES) > 0);
    }
}

/* Tokens that swallow spaces, among tokens that begin with them. */
static void test_spaces(void)
{
    for (uint32_t normalized = 0; normalized <= GTE__ADDED_NORMALIZED;
         normalized += GTE__ADDED_NORMALIZED) {
        fill(" x ");
        add(" x", 2, GTE__ADDED_RSTRIP | normalized);
        CU_ASSERT_EQUAL(check_cost("\" x\" rstrip, text of \" x \"", 999999), 333333);
        fill(" ");
        add(" ", 1, GTE__ADDED_RSTRIP | normalized);
        CU_ASSERT_EQUAL(check_cost("\" \" rstrip, text of spaces", TEXT_BYTES), TEXT_BYTES);
        add(" ", 1, GTE__ADDED_LSTRIP | GTE__ADDED_RSTRIP | normalized);
        CU_ASSERT(check_cost("\" \" lstrip rstrip, text of spaces", TEXT_BYTES) > 0);
        add("  ", 2, GTE__ADDED_LSTRIP | normalized);
        CU_ASSERT(check_cost("\"  \" lstrip, text of spaces", TEXT_BYTES) > 0);
    }
    fill(" \t");
    add(" ", 1, GTE__ADDED_RSTRIP);
    add("\t", 1, 0);
    CU_ASSERT_EQUAL(check_cost("\" \" rstrip and a tab, text of both", TEXT_BYTES), TEXT_BYTES);
    add(" ", 1, GTE__ADDED_RSTRIP);
    add("\t", 1, GTE__ADDED_SINGLE_WORD | GTE__ADDED_LSTRIP | GTE__ADDED_RSTRIP);
    CU_ASSERT(check_cost("\" \" rstrip and a tab that strips, text of both", TEXT_BYTES) > 0);
}

int main(void)
{
    static const support_case cases[] = {
        {"allocate", allocate}, /* for the cases below */
        {"65536 added tokens", test_many},
        {"a long added token", test_long},
        {"normalized words", test_normalized_words},
        {"swallowed spaces", test_spaces},
    };
    int result = SUPPORT_MAIN("tokenizer cost", cases);
    release();
    return result;
}
