/* tokenizer.json, vocab.txt and the files around it: what the converter understands of them, and
 * the pipelines and vocabularies that it refuses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/convert.h"
#include "model/format.h"
#include "model_dir.h"
#include "support.h"

static char notes[8192];
static char *file; /* the last one converted */

static void note(void *arg, const char *line)
{
    (void)arg;
    if (strlen(notes) + strlen(line) + 2 < sizeof notes) strcat(strcat(notes, line), "\n");
}

/* Converts and returns the tokenizer's header, or NULL with the error in *err. */
static const gte__tokenizer_header *convert(const char *dir, gte_error *err)
{
    gte_convert_options options = {.note = note};
    const char *out = support_tmp_path("vocabulary.gte");
    notes[0] = '\0';
    free(file);
    file = NULL;
    if (gte_convert(dir, out, &options, err) != GTE_OK) return NULL;
    gte_model *model; /* the library's own checks of the section */
    CU_ASSERT_EQUAL(gte_model_open(&model, out, NULL, NULL), GTE_OK);
    gte_model_close(&model);
    file = support_read_file(out, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    const gte__file_header *h = (const void *)file;
    return (const void *)(file + h->sections[GTE__SECTION_TOKENIZER].offset);
}

static const gte__tokenizer_header *converted(const char *dir)
{
    gte_error err = {0};
    const gte__tokenizer_header *h = convert(dir, &err);
    if (!h) fprintf(stderr, "\n%s\n", err.message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(h);
    return h;
}

static void expect(const char *dir, gte_status status, const char *what)
{
    gte_error err = {0};
    CU_ASSERT_PTR_NULL(convert(dir, &err));
    if (err.status != status || !strstr(err.message, what))
        fprintf(stderr, "\nexpected %d %s\n     got %d %s\n", status, what, err.status,
                err.message);
    CU_ASSERT_EQUAL(err.status, status);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, what));
}

/* The flags of the literal token of that id, or -1. */
static int added_flags(const gte__tokenizer_header *h, uint32_t id)
{
    const char *section = (const char *)h;
    const gte__added_token *added = (const void *)(section + h->added_offset);
    for (uint32_t i = 0; i < h->added_count; i++)
        if (added[i].id == id) return (int)added[i].flags;
    return -1;
}

#define ALL (GTE__TOK_CLEAN_TEXT | GTE__TOK_CJK_SPLIT | GTE__TOK_STRIP_ACCENTS | GTE__TOK_LOWERCASE)

/* tokenizer.json and vocab.txt describe the same tokenizer: the same section. */
static void same_tokenizer(void)
{
    const char *dir = model_dir_make("same", NULL);
    const gte__tokenizer_header *h = converted(dir);
    CU_ASSERT_EQUAL(h->flags, ALL);
    CU_ASSERT_EQUAL(h->vocab_size, 16);
    CU_ASSERT_TRUE(h->unk_id == 1 && h->cls_id == 2 && h->sep_id == 3 && h->pad_id == 0);
    CU_ASSERT_EQUAL(h->max_word_chars, 100);
    CU_ASSERT_EQUAL(h->added_count, 5);
    CU_ASSERT_EQUAL(added_flags(h, 4), GTE__ADDED_SPECIAL);
    size_t size = (size_t)((const gte__file_header *)(const void *)file)->file_size;
    char *first = file;
    file = NULL;
    model_dir_tokenizer(dir, NULL, NULL, NULL, NULL, NULL);
    model_dir_put(dir, "vocab.txt", "not read");
    converted(dir);
    CU_ASSERT_EQUAL(memcmp(first, file, size), 0);
    model_dir_tokenizer(dir, NULL, NULL,
                        "{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",3],\"cls\":[\"[CLS]\",2]}",
                        NULL, NULL);
    converted(dir);
    CU_ASSERT_EQUAL(memcmp(first, file, size), 0);
    free(first);
}

static void normalizer_flags(void)
{
    static const struct {
        const char *normalizer;
        uint32_t flags;
    } cases[] = {
        {"{\"type\":\"BertNormalizer\"}", ALL},
        {"{\"type\":\"BertNormalizer\",\"lowercase\":false}", ALL & ~12u},
        {"{\"type\":\"BertNormalizer\",\"lowercase\":false,\"strip_accents\":true}", ALL & ~8u},
        {"{\"type\":\"BertNormalizer\",\"lowercase\":true,\"strip_accents\":false}", ALL & ~4u},
        {"{\"type\":\"BertNormalizer\",\"clean_text\":false}", ALL & ~1u},
        {"{\"type\":\"BertNormalizer\",\"handle_chinese_chars\":false}", ALL & ~2u},
        {"{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"BertNormalizer\"}]}", ALL},
        {"null", 0},
    };
    const char *dir = model_dir_make("normalizers", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        model_dir_tokenizer(dir, cases[i].normalizer, NULL, NULL, NULL, NULL);
        CU_ASSERT_EQUAL(converted(dir)->flags, cases[i].flags);
        bool differs = !(cases[i].flags & GTE__TOK_LOWERCASE);
        CU_ASSERT_EQUAL(strstr(notes, "tokenizer.json says false and is followed") != NULL,
                        differs);
    }
    /* sentence-transformers lowers the text before a tokenizer that would not */
    model_dir_tokenizer(dir, "{\"type\":\"BertNormalizer\",\"lowercase\":false}", NULL, NULL, NULL,
                        NULL);
    model_dir_put(dir, "sentence_bert_config.json", "{\"do_lower_case\": true}");
    CU_ASSERT_EQUAL(converted(dir)->flags, ALL & ~4u);
    CU_ASSERT_PTR_NOT_NULL(strstr(notes, "lower case: sentence_bert_config.json"));
}

static void added_tokens(void)
{
    const char *dir = model_dir_make("added", NULL);
    model_dir_tokenizer(
        dir, NULL, NULL, NULL, NULL,
        "[{\"id\":2,\"content\":\"[CLS]\",\"special\":true},"
        "{\"id\":5,\"content\":\"a\",\"single_word\":true,\"lstrip\":true,\"rstrip\":true,"
        "\"normalized\":true,\"special\":false}]");
    const gte__tokenizer_header *h = converted(dir);
    CU_ASSERT_EQUAL(h->added_count, 2);
    CU_ASSERT_EQUAL(added_flags(h, 2), GTE__ADDED_SPECIAL);
    CU_ASSERT_EQUAL(added_flags(h, 5), GTE__ADDED_SINGLE_WORD | GTE__ADDED_LSTRIP |
                                           GTE__ADDED_RSTRIP | GTE__ADDED_NORMALIZED);
}

#define MODEL(type, prefix, unk, vocab)                                                            \
    "{\"type\":\"" type "\",\"unk_token\":\"" unk "\",\"continuing_subword_prefix\":\"" prefix     \
    "\",\"vocab\":{" vocab "}}"
#define SPECIALS "\"[UNK]\":1,\"[CLS]\":2,\"[SEP]\":3"
/* A literal token that the vocabulary does not have is matched as a literal and nowhere else. */
static void added_stays_out_of_words(void)
{
    const char *dir = model_dir_make("literal", NULL);
    model_dir_tokenizer(
        dir, NULL, NULL, NULL,
        MODEL("WordPiece", "##", "[UNK]", SPECIALS ",\"a\":5,\"##a\":8,\"##c\":10,\"ab\":11"),
        "[{\"id\":15,\"content\":\"abc\",\"single_word\":true,\"normalized\":true}]");
    const gte__tokenizer_header *h = converted(dir);
    CU_ASSERT_EQUAL(h->vocab_size, 16);
    gte_model *model;
    CU_ASSERT_EQUAL_FATAL(gte_model_open(&model, support_tmp_path("vocabulary.gte"), NULL, NULL),
                          GTE_OK);
    static const int32_t expected[] = {15, 11, 10, 8}; /* abc | ab ##c ##a */
    gte_token tokens[8] = {{0}};
    size_t count = 0;
    CU_ASSERT_EQUAL(gte_tokenize(model, gte_text_of("abc abca"), GTE_NO_SPECIAL, 0, tokens, 8,
                                 &count, NULL, NULL),
                    GTE_OK);
    CU_ASSERT_EQUAL(count, 4);
    for (size_t i = 0; i < 4; i++) CU_ASSERT_EQUAL(tokens[i].id, expected[i]);
    size_t size;
    const char *text = gte_token_text(model, 15, &size);
    CU_ASSERT_TRUE(size == 3 && text && memcmp(text, "abc", 3) == 0);
    gte_model_close(&model);
}

static const struct {
    const char *normalizer, *pre_tokenizer, *post_processor, *model, *added;
    gte_status status;
    const char *what;
} json_cases[] = {
    {"{\"type\":\"NFC\"}", NULL, NULL, NULL, NULL, GTE_E_UNSUPPORTED,
     "tokenizer.json: normalizer: \"NFC\" is not supported"},
    {"{\"type\":\"Sequence\",\"normalizers\":[]}", NULL, NULL, NULL, NULL, GTE_E_UNSUPPORTED,
     "normalizer: \"Sequence of several\""},
    {"{\"type\":\"BertNormalizer\",\"lowercase\":1}", NULL, NULL, NULL, NULL, GTE_E_FORMAT,
     "tokenizer.json: normalizer.lowercase: expected true or false, found 1"},
    {NULL, "{\"type\":\"Whitespace\"}", NULL, NULL, NULL, GTE_E_UNSUPPORTED,
     "pre_tokenizer: \"Whitespace\""},
    {NULL, "null", NULL, NULL, NULL, GTE_E_UNSUPPORTED, "pre_tokenizer: \"null\""},
    {NULL, "[]", NULL, NULL, NULL, GTE_E_FORMAT, "pre_tokenizer: expected an object"},
    {NULL, NULL, "null", NULL, NULL, GTE_E_UNSUPPORTED, "post_processor: \"null\""},
    {NULL, NULL, "{\"type\":\"RobertaProcessing\"}", NULL, NULL, GTE_E_UNSUPPORTED,
     "post_processor: \"RobertaProcessing\""},
    {NULL, NULL, "{\"type\":\"TemplateProcessing\",\"single\":[],\"pair\":[]}", NULL, NULL,
     GTE_E_UNSUPPORTED, "post_processor.single: \"\""},
    {NULL, NULL,
     "{\"type\":\"TemplateProcessing\",\"single\":["
     "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],"
     "\"pair\":[]}",
     NULL, NULL, GTE_E_UNSUPPORTED, "post_processor.single: \"$A:0\""},
    {NULL, NULL, "{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",16],\"cls\":[\"[CLS]\",2]}", NULL,
     NULL, GTE_E_FORMAT, "post_processor: ids 2 and 16, the vocabulary has 16"},
    {NULL, NULL, "{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",3],\"cls\":[2]}", NULL, NULL,
     GTE_E_FORMAT, "post_processor.cls: expected a token and its id"},
    {NULL, NULL, NULL, MODEL("BPE", "##", "[UNK]", ""), NULL, GTE_E_UNSUPPORTED,
     "model.type: \"BPE\" is not supported; this version reads WordPiece"},
    {NULL, NULL, NULL, MODEL("WordPiece", "@@", "[UNK]", ""), NULL, GTE_E_UNSUPPORTED,
     "model.continuing_subword_prefix: \"@@\""},
    {NULL, NULL, NULL, MODEL("WordPiece", "##", "[unk]", SPECIALS), NULL, GTE_E_FORMAT,
     "model.unk_token: \"[unk]\" is not in the vocabulary"},
    {NULL, NULL, NULL, MODEL("WordPiece", "##", "[UNK]", SPECIALS ",\"a\":-1"), NULL, GTE_E_FORMAT,
     "model.vocab.a: expected an id, found -1"},
    {NULL, NULL, NULL, MODEL("WordPiece", "##", "[UNK]", SPECIALS ",\"a\":4194304"), NULL,
     GTE_E_FORMAT, "model.vocab.a: expected an id"},
    {NULL, NULL, NULL, MODEL("WordPiece", "##", "[UNK]", SPECIALS ",\"a\":3"), NULL, GTE_E_FORMAT,
     "the id 3 stands for \"[SEP]\" and \"a\""},
    {NULL, NULL, NULL, MODEL("WordPiece", "##", "[UNK]", SPECIALS ",\"a\":4000000"), "[]",
     GTE_E_FORMAT, "tokenizer.json: 4000001 ids, more than the 16"},
    {NULL, NULL, NULL, "{\"type\":\"WordPiece\"}", NULL, GTE_E_FORMAT,
     "model.continuing_subword_prefix: expected a string"},
    {NULL, NULL, NULL, NULL, "[1]", GTE_E_FORMAT, "added_tokens: entry 0 is no object"},
    {NULL, NULL, NULL, NULL, "[{\"id\":5}]", GTE_E_FORMAT, "added_tokens.content"},
    {NULL, NULL, NULL, NULL, "[{\"content\":\"x\"}]", GTE_E_FORMAT, "added_tokens.id"},
    {NULL, NULL, NULL, NULL, "[{\"id\":5,\"content\":\"\"}]", GTE_E_FORMAT, "is empty"},
    {NULL, NULL, NULL, NULL, "[{\"id\":5,\"content\":\"b\"}]", GTE_E_FORMAT,
     "the id 5 stands for \"a\" and \"b\""},
    {NULL, NULL, NULL, NULL, "[{\"id\":16,\"content\":\"a\"}]", GTE_E_FORMAT,
     "the added token \"a\" has the id 16, in the vocabulary 5"},
    {NULL, NULL, NULL, NULL, "[{\"id\":16,\"content\":\"x\"},{\"id\":16,\"content\":\"y\"}]",
     GTE_E_FORMAT, "the id 16 stands for the added tokens \"x\" and \"y\""},
    {NULL, NULL, NULL, NULL, "[{\"id\":16,\"content\":\"<new>\"}]", GTE_E_FORMAT,
     "17 ids, more than the 16"},
    {NULL, NULL, NULL, NULL, "[{\"id\":5,\"content\":\"a\",\"lstrip\":1}]", GTE_E_FORMAT,
     "added_tokens.lstrip: expected true or false"},
};

static void json_refused(void)
{
    const char *dir = model_dir_make("refused", NULL);
    for (size_t i = 0; i < sizeof json_cases / sizeof json_cases[0]; i++) {
        model_dir_tokenizer(dir, json_cases[i].normalizer, json_cases[i].pre_tokenizer,
                            json_cases[i].post_processor, json_cases[i].model, json_cases[i].added);
        expect(dir, json_cases[i].status, json_cases[i].what);
    }
}

#define LINES "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"

static void vocab_files(void)
{
    const char *dir = model_dir_make("files", NULL);
    model_dir_put(dir, "tokenizer_config.json",
                  "{\"do_lower_case\": false, \"strip_accents\": true, \"unk_token\": \"<u>\", "
                  "\"tokenize_chinese_chars\": false, \"mask_token\": {\"content\": \"[MASK]\", "
                  "\"lstrip\": true}, \"added_tokens_decoder\": {\"6\": {\"content\": \"b\", "
                  "\"rstrip\": true, \"normalized\": true, \"special\": false}}}");
    model_dir_put(dir, "special_tokens_map.json",
                  "{\"unk_token\": \"[UNK]\", \"cls_token\": {\"content\": \"<s>\"}}");
    model_dir_put(dir, "added_tokens.json", "{\"c\": 9, \"b\": 6}");
    model_dir_put(dir, "vocab.txt", "[PAD]\r\n<u>\r\n<s>\r\n[SEP] \t\n[MASK]\na\nb\n##a\n\nc");
    const gte__tokenizer_header *h = converted(dir);
    CU_ASSERT_EQUAL(h->flags, GTE__TOK_CLEAN_TEXT | GTE__TOK_STRIP_ACCENTS);
    CU_ASSERT_EQUAL(h->vocab_size, 10);
    CU_ASSERT_TRUE(h->unk_id == 1 && h->cls_id == 2 && h->sep_id == 3 && h->pad_id == 0);
    CU_ASSERT_EQUAL(h->added_count, 7);
    CU_ASSERT_EQUAL(added_flags(h, 1), GTE__ADDED_SPECIAL);
    CU_ASSERT_EQUAL(added_flags(h, 4), GTE__ADDED_SPECIAL | GTE__ADDED_LSTRIP);
    CU_ASSERT_EQUAL(added_flags(h, 6), GTE__ADDED_RSTRIP | GTE__ADDED_NORMALIZED);
    CU_ASSERT_EQUAL(added_flags(h, 9), GTE__ADDED_NORMALIZED);
    model_dir_put(dir, "tokenizer_config.json", NULL);
    model_dir_put(dir, "special_tokens_map.json", NULL);
    model_dir_put(dir, "added_tokens.json", NULL);
    model_dir_put(dir, "vocab.txt", "[UNK]\n[CLS]\n[SEP]\na\na\n\n\n"); /* nothing but the file */
    h = converted(dir);
    CU_ASSERT_EQUAL(h->flags, ALL);
    CU_ASSERT_EQUAL(h->vocab_size, 5);
    CU_ASSERT_EQUAL(h->added_count, 3);
    model_dir_put(dir, "tokenizer_config.json", "{\"byte_fallback\": true}");
    h = converted(dir);
    CU_ASSERT_EQUAL(h->flags, ALL | GTE__TOK_BYTE_FALLBACK);
}

static void vocab_refused(void)
{
    static const struct {
        const char *file, *text;
        gte_status status;
        const char *what;
    } cases[] = {
        {"vocab.txt", NULL, GTE_E_IO, "no tokenizer: expected tokenizer.json or vocab.txt"},
        {"vocab.txt", "", GTE_E_FORMAT, "vocab.txt: unk_token: \"[UNK]\" is not in the vocabulary"},
        {"vocab.txt", "[UNK]\n[SEP]\n", GTE_E_FORMAT, "cls_token: \"[CLS]\" is not in"},
        {"vocab.txt", "[UNK]\n[CLS]\n", GTE_E_FORMAT, "sep_token: \"[SEP]\" is not in"},
        {"vocab.txt", "[UNK]\n[CLS]\n[SEP]\n\xff\n", GTE_E_FORMAT, ""},
        {"tokenizer_config.json", "{\"tokenizer_class\": \"XLMRobertaTokenizer\"}",
         GTE_E_UNSUPPORTED, "tokenizer_class: \"XLMRobertaTokenizer\""},
        {"tokenizer_config.json", "{\"do_lower_case\": \"true\"}", GTE_E_FORMAT,
         "tokenizer_config.json: do_lower_case: expected true or false"},
        {"tokenizer_config.json", "{\"unk_token\": 1}", GTE_E_FORMAT,
         "unk_token: expected a token"},
        {"tokenizer_config.json", "{\"unk_token\": {}}", GTE_E_FORMAT,
         "content: expected a string"},
        {"tokenizer_config.json", "{\"cls_token\": \"<s>\"}", GTE_E_FORMAT,
         "cls_token: \"<s>\" is not in the vocabulary"},
        {"tokenizer_config.json", "{\"added_tokens_decoder\": {\"x\": {}}}", GTE_E_FORMAT,
         "added_tokens_decoder.x: expected an id and a token"},
        {"tokenizer_config.json", "{\"added_tokens_decoder\": {\"5\": 1}}", GTE_E_FORMAT,
         "added_tokens_decoder.5: expected an id and a token"},
        {"tokenizer_config.json", "{\"added_tokens_decoder\": {\"5\": {\"content\": \"x\"}}}",
         GTE_E_FORMAT, "the id 5 stands for \"a\" and \"x\""},
        {"added_tokens.json", "{\"x\": \"5\"}", GTE_E_FORMAT,
         "added_tokens.json: x: expected an id"},
        {"added_tokens.json", "{\"x\": 99}", GTE_E_FORMAT, "100 ids, more than the 16"},
        {"special_tokens_map.json", "{", GTE_E_FORMAT, "special_tokens_map.json: not valid JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[32];
        snprintf(name, sizeof name, "vocab%zu", i);
        const char *dir = model_dir_make(name, NULL);
        model_dir_put(dir, cases[i].file, cases[i].text);
        expect(dir, cases[i].status, cases[i].what);
    }
}

/* The published files: the same section from tokenizer.json as from vocab.txt. */
static void published(void)
{
    const char *json = support_shared("tokenizers/gte-small-tokenizer.json");
    size_t size;
    char *text = json ? support_read_file(json, &size) : NULL;
    if (!text) return;
    const char *dir = model_dir_make("gte-small", NULL);
    model_dir_put(dir, "tokenizer.json", text);
    free(text);
    expect(dir, GTE_E_FORMAT, "tokenizer.json: 30522 ids, more than the 16 of config.json's");
    json = support_shared("tokenizers/modernbert-tokenizer.json");
    text = json ? support_read_file(json, &size) : NULL;
    if (!text) return;
    model_dir_put(dir, "tokenizer.json", text);
    free(text);
    expect(dir, GTE_E_UNSUPPORTED, "model.type: \"BPE\"");
}

int main(void)
{
    static const support_case cases[] = {
        {"tokenizer.json and vocab.txt agree", same_tokenizer},
        {"the normalizer's flags", normalizer_flags},
        {"added tokens", added_tokens},
        {"an added token is not a piece", added_stays_out_of_words},
        {"tokenizer.json: what is refused", json_refused},
        {"vocab.txt and its neighbours", vocab_files},
        {"vocab.txt: what is refused", vocab_refused},
        {"published tokenizers", published},
    };
    int result = SUPPORT_MAIN("convert vocabulary", cases);
    free(file);
    return result;
}
