/* GTE__TOK_BYTE_FALLBACK: a word that the vocabulary cannot spell becomes its bytes. */
#include <stdlib.h>
#include <string.h>

#include "convert/tokenizer_pack.h"
#include "support.h"
#include "tokenizer/tokenizer.h"

/* 0xE9 0xBE 0x98 is U+9F98, of which the vocabulary has two bytes; U+00DF is 0xC3 0x9F */
static const char *const pieces[] = {"[UNK]",  "[CLS]",  "[SEP]",  "a",      "##b",
                                     "<0xE9>", "<0xBE>", "<0xC3>", "<0x9F>", "\xe4\xb8\xad"};
enum { UNK = 0, A = 3, SUFFIX_B = 4, E9 = 5, BE = 6, C3 = 7, B9F = 8, ZHONG = 9 };

#define COUNT (sizeof pieces / sizeof pieces[0])

static const uint32_t flags = GTE__TOK_CLEAN_TEXT | GTE__TOK_CJK_SPLIT | GTE__TOK_LOWERCASE;

static size_t tokens_of(uint32_t fallback, const char *text, unsigned options, gte_token *out)
{
    convert__piece table[COUNT];
    for (size_t i = 0; i < COUNT; i++) table[i] = (convert__piece){pieces[i], strlen(pieces[i])};
    const convert__tokenizer desc = {.pieces = table,
                                     .vocab_size = COUNT,
                                     .flags = flags | fallback,
                                     .max_word_chars = 8,
                                     .unk_id = UNK,
                                     .cls_id = 1,
                                     .sep_id = 2};
    void *section = NULL;
    uint64_t size;
    gte__tokenizer tok;
    size_t count = 0;
    gte_error err;
    CU_ASSERT_EQUAL_FATAL(convert__tokenizer_pack(&desc, &section, &size, &err), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(gte__tokenizer_open(&tok, section, size, &err), GTE_OK);
    CU_ASSERT_EQUAL(gte__tokenize(&tok, gte_text_of(text), options | GTE_NO_SPECIAL, SIZE_MAX, out,
                                  16, &count, NULL, &err),
                    GTE_OK);
    free(section);
    return count;
}

static void is(const char *text, unsigned options, const gte_token *want, size_t count)
{
    gte_token got[16];
    const size_t n = tokens_of(GTE__TOK_BYTE_FALLBACK, text, options, got);
    CU_ASSERT_EQUAL_FATAL(n, count);
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(got[i].id, want[i].id);
        CU_ASSERT_EQUAL(got[i].start, want[i].start);
        CU_ASSERT_EQUAL(got[i].end, want[i].end);
    }
}

static void test_bytes(void)
{
    /* a byte that has no piece is unknown; each byte stands for its whole character */
    is("a\xe9\xbe\x98", 0,
       (gte_token[]){{A, 0, 0, 1}, {E9, 0, 1, 2}, {BE, 0, 1, 2}, {UNK, 0, 1, 2}}, 4);
    is("\xe9\xbe\x98 ab", GTE_OFFSETS_BYTES,
       (gte_token[]){
           {E9, 0, 0, 3}, {BE, 0, 0, 3}, {UNK, 0, 0, 3}, {A, 0, 4, 5}, {SUFFIX_B, 0, 5, 6}},
       5);
    /* the whole word, also what could be spelled of it */
    is("a\xc3\x9f", 0, (gte_token[]){{UNK, 0, 0, 1}, {C3, 0, 1, 2}, {B9F, 0, 1, 2}}, 3);
    is("\xe4\xb8\xad", 0, (gte_token[]){{ZHONG, 0, 0, 1}}, 1);
    is("ax", 0, (gte_token[]){{UNK, 0, 0, 1}, {UNK, 0, 1, 2}}, 2);
}

static void test_limits(void)
{
    gte_token got[16];
    is("aaaaaaaaa", 0, (gte_token[]){{UNK, 0, 0, 9}}, 1); /* longer than max_word_chars */
    is("<0xE9>", 0,                                       /* as text it is no byte */
       (gte_token[]){{UNK, 0, 0, 1},
                     {UNK, 0, 1, 2},
                     {UNK, 0, 2, 3},
                     {UNK, 0, 3, 4},
                     {UNK, 0, 4, 5},
                     {UNK, 0, 5, 6}},
       6);
    CU_ASSERT_EQUAL(tokens_of(0, "a\xc3\x9f", 0, got), 1);
    CU_ASSERT_EQUAL(got[0].id, UNK);
}

int main(void)
{
    static const support_case cases[] = {
        {"bytes of a word", test_bytes},
        {"limits", test_limits},
    };
    return SUPPORT_MAIN("byte fallback", cases);
}
