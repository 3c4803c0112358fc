/* The configs of a model directory: each key that is wrong, missing or not supported is refused
 * with the file and the key in the message; each that is right reaches the header. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "convert/convert.h"
#include "convert/json.h"
#include "model/format.h"
#include "model_dir.h"
#include "support.h"

static char notes[8192];

static void note(void *arg, const char *line)
{
    (void)arg;
    if (strlen(notes) + strlen(line) + 2 < sizeof notes) strcat(strcat(notes, line), "\n");
}

static void warning(void *arg, const char *line)
{
    note(arg, "warning:");
    note(arg, line);
}

/* Converts; what the header says, or the error in *err. */
static gte_status header_of(const char *dir, gte__file_header *header, gte_error *err)
{
    gte_convert_options options = {.note = note, .warning = warning};
    const char *out = support_tmp_path("config.gte");
    notes[0] = '\0';
    gte_status status = gte_convert(dir, out, &options, err);
    if (status != GTE_OK) return status;
    size_t size;
    char *data = support_read_file(out, &size);
    CU_ASSERT_TRUE_FATAL(data && size > sizeof *header);
    memcpy(header, data, sizeof *header);
    free(data);
    remove(out);
    return GTE_OK;
}

static void expect(const char *dir, gte_status status, const char *what)
{
    gte__file_header header;
    gte_error err = {0};
    gte_status got = header_of(dir, &header, &err);
    if (got != status || !strstr(err.message, what))
        fprintf(stderr, "\nexpected %d %s\n     got %d %s\n", status, what, got, err.message);
    CU_ASSERT_EQUAL(got, status);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, what));
}

static void config_refused(void)
{
    static const struct {
        const char *key, *value;
        gte_status status;
        const char *what;
    } cases[] = {
        {"model_type", "\"xlm-roberta\"", GTE_E_UNSUPPORTED, "config.json: model_type: \"xlm-rob"},
        {"model_type", "\"new\"", GTE_E_UNSUPPORTED, "\"new\" (gte v1.5; not yet) is not"},
        {"model_type", "7", GTE_E_FORMAT, "model_type: expected a string, found 7"},
        {"architectures", "[\"NewModel\"]", GTE_E_UNSUPPORTED, "architectures: \"NewModel\""},
        {"architectures", "[\"BertLMHeadModel\"]", GTE_E_UNSUPPORTED, "BertLMHeadModel"},
        {"architectures", "[1]", GTE_E_FORMAT, "architectures: expected a list of names"},
        {"architectures", "\"BertModel\"", GTE_E_FORMAT, "architectures: expected an array"},
        {"is_decoder", "true", GTE_E_UNSUPPORTED, "is_decoder: true is not supported"},
        {"is_decoder", "\"yes\"", GTE_E_FORMAT, "is_decoder: expected true or false"},
        {"add_cross_attention", "true", GTE_E_UNSUPPORTED, "add_cross_attention"},
        {"position_embedding_type", "\"relative_key\"", GTE_E_UNSUPPORTED, "\"relative_key\""},
        {"hidden_act", "\"silu\"", GTE_E_UNSUPPORTED, "hidden_act: \"silu\" is not supported"},
        {"hidden_act", "\"relu\"", GTE_E_UNSUPPORTED, "\"relu\""},
        {"hidden_act", NULL, GTE_E_FORMAT, "hidden_act: expected a string, found nothing"},
        {"hidden_size", NULL, GTE_E_FORMAT, "hidden_size: expected an integer from 1 to 16384"},
        {"hidden_size", "0", GTE_E_FORMAT, "hidden_size: expected an integer from 1"},
        {"hidden_size", "-8", GTE_E_FORMAT, "hidden_size: expected an integer from 1"},
        {"hidden_size", "8.0", GTE_E_FORMAT, "found 8"},
        {"hidden_size", "\"8\"", GTE_E_FORMAT, "found \"8\""},
        {"hidden_size", "16385", GTE_E_FORMAT, "found 16385"},
        {"hidden_size", "[8]", GTE_E_FORMAT, "found an array of 1"},
        {"hidden_size", "{}", GTE_E_FORMAT, "found an object"},
        {"hidden_size", "true", GTE_E_FORMAT, "found true"},
        {"hidden_size", "null", GTE_E_FORMAT, "found null"},
        {"hidden_size", "99999999999999999999", GTE_E_FORMAT, "config.json: not valid JSON"},
        {"num_hidden_layers", "513", GTE_E_FORMAT, "num_hidden_layers: expected"},
        {"num_hidden_layers", "3", GTE_E_FORMAT, "encoder.layer.2.attention.self.query.weight"},
        {"num_attention_heads", "3", GTE_E_FORMAT, "hidden_size 8 is not a multiple of"},
        {"intermediate_size", "65537", GTE_E_FORMAT, "intermediate_size: expected"},
        {"intermediate_size", "32", GTE_E_FORMAT, "expected shape [32, 8], found [16, 8]"},
        {"vocab_size", "4194305", GTE_E_FORMAT, "vocab_size: expected"},
        {"vocab_size", "15", GTE_E_FORMAT, "vocab.txt: 16 ids, more than the 15"},
        {"vocab_size", "17", GTE_E_FORMAT, "expected shape [17, 8], found [16, 8]"},
        {"max_position_embeddings", "1", GTE_E_FORMAT, "max_position_embeddings: expected"},
        {"max_position_embeddings", "131073", GTE_E_FORMAT, "max_position_embeddings: expected"},
        {"type_vocab_size", "0", GTE_E_FORMAT, "type_vocab_size: expected"},
        {"type_vocab_size", "17", GTE_E_FORMAT, "type_vocab_size: expected"},
        {"layer_norm_eps", "0", GTE_E_FORMAT, "layer_norm_eps: expected a number above 0"},
        {"layer_norm_eps", "-1e-5", GTE_E_FORMAT, "layer_norm_eps"},
        {"layer_norm_eps", "1e-60", GTE_E_FORMAT, "layer_norm_eps"},
        {"layer_norm_eps", "2", GTE_E_FORMAT, "layer_norm_eps"},
        {"layer_norm_eps", "\"small\"", GTE_E_FORMAT, "layer_norm_eps: expected a number"},
        {"pad_token_id", "16", GTE_E_FORMAT, "pad_token_id: expected an integer from 0 to 15"},
        {"_name_or_path", "1", GTE_E_FORMAT, "_name_or_path: expected a string"},
    };
    const char *dir = model_dir_make("config", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        model_dir_config(dir, cases[i].key, cases[i].value);
        expect(dir, cases[i].status, cases[i].what);
    }
    model_dir_put(dir, "config.json", "{\"hidden_size\": 8}");
    expect(dir, GTE_E_FORMAT, "model_type: expected \"bert\", found nothing");
}

static void config_accepted(void)
{
    static const struct {
        const char *key, *value;
        uint32_t activation;
    } cases[] = {{"hidden_act", "\"gelu_new\"", GTE__ACT_GELU_TANH},
                 {"hidden_act", "\"gelu_pytorch_tanh\"", GTE__ACT_GELU_TANH},
                 {"hidden_act", "\"gelu\"", GTE__ACT_GELU_ERF},
                 {"architectures", "[\"BertForMaskedLM\"]", GTE__ACT_GELU_ERF},
                 {"architectures", NULL, GTE__ACT_GELU_ERF},
                 {"model_type", NULL, GTE__ACT_GELU_ERF},
                 {"layer_norm_eps", NULL, GTE__ACT_GELU_ERF},
                 {"position_embedding_type", "\"absolute\"", GTE__ACT_GELU_ERF},
                 {"is_decoder", "false", GTE__ACT_GELU_ERF}};
    const char *dir = model_dir_make("accepted", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gte__file_header header;
        gte_error err = {0};
        model_dir_config(dir, cases[i].key, cases[i].value);
        CU_ASSERT_EQUAL(header_of(dir, &header, &err), GTE_OK);
        CU_ASSERT_EQUAL(header.activation, cases[i].activation);
        CU_ASSERT_EQUAL(header.layer_norm_eps, 1e-12f);
    }
}

static void sentence_files_refused(void)
{
#define POOL "1_Pooling/config.json"
#define TRANSFORMER                                                                                \
    "{\"idx\":0,\"path\":\"\",\"type\":\"sentence_transformers.models.Transformer\"}"
#define POOLING "{\"path\":\"1_Pooling\",\"type\":\"sentence_transformers.models.Pooling\"}"
    static const struct {
        const char *file, *text;
        gte_status status;
        const char *what;
    } cases[] = {
        {POOL, "{\"pooling_mode_max_tokens\": true}", GTE_E_UNSUPPORTED,
         POOL ": pooling_mode_max_tokens is not supported"},
        {POOL, "{\"pooling_mode_lasttoken\": true}", GTE_E_UNSUPPORTED, "pooling_mode_lasttoken"},
        {POOL, "{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": true}",
         GTE_E_UNSUPPORTED, "pooling_mode_cls_token and pooling_mode_mean_tokens are both true"},
        {POOL, "{\"pooling_mode_cls_token\": false}", GTE_E_FORMAT, "no pooling_mode_... is true"},
        {POOL, "{\"pooling_mode_cls_token\": 1}", GTE_E_FORMAT, "expected true or false, found 1"},
        {POOL, "{\"pooling_mode_cls_token\": true, \"include_prompt\": false}", GTE_E_UNSUPPORTED,
         "include_prompt: false"},
        {POOL, "{\"pooling_mode_cls_token\": true, \"word_embedding_dimension\": 9}", GTE_E_FORMAT,
         "word_embedding_dimension: expected 8 (hidden_size), found 9"},
        {POOL, "{\"pooling_mode\": \"max\"}", GTE_E_UNSUPPORTED, "pooling_mode: \"max\""},
        {POOL, "[]", GTE_E_FORMAT, POOL ": expected a JSON object"},
        {POOL, "{", GTE_E_FORMAT, POOL ": not valid JSON at line 1"},
        {"modules.json", "{}", GTE_E_FORMAT, "modules.json: expected a JSON array"},
        {"modules.json", "[1]", GTE_E_FORMAT, "modules.json: entry 0 is no object"},
        {"modules.json", "[{}]", GTE_E_FORMAT, "modules.json: type: expected a string"},
        {"modules.json", "[]", GTE_E_UNSUPPORTED, "found 0 modules"},
        {"modules.json", "[" TRANSFORMER "]", GTE_E_UNSUPPORTED, "found 1 modules"},
        {"modules.json", "[" POOLING "]", GTE_E_UNSUPPORTED, "module 0 is"},
        {"modules.json", "[{\"type\":\"a.Transformer\",\"path\":\"0_Transformer\"}]",
         GTE_E_UNSUPPORTED, "the Transformer lies in \"0_Transformer\""},
        {"modules.json",
         "[" TRANSFORMER "," POOLING ",{\"type\":\"sentence_transformers.models.Dense\"}]",
         GTE_E_UNSUPPORTED, "module 2 is \"sentence_transformers.models.Dense\""},
        {"modules.json", "[" TRANSFORMER ",{\"path\":\"2_Pool\",\"type\":\"m.Pooling\"}]", GTE_E_IO,
         "2_Pool/config.json: No such file"},
        {"modules.json", "[" TRANSFORMER ",{\"path\":\"../x\",\"type\":\"m.Pooling\"}]",
         GTE_E_FORMAT, "\"../x/config.json\": not a path inside"},
        {"modules.json", "[" TRANSFORMER ",{\"path\":\"/etc\",\"type\":\"m.Pooling\"}]",
         GTE_E_FORMAT, "not a path inside"},
        {"sentence_bert_config.json", "{\"max_seq_length\": 1}", GTE_E_FORMAT,
         "sentence_bert_config.json: max_seq_length: expected an integer from 2"},
        {"sentence_bert_config.json", "{\"do_lower_case\": 0}", GTE_E_FORMAT, "do_lower_case"},
        {"tokenizer_config.json", "{\"model_max_length\": 1}", GTE_E_FORMAT,
         "tokenizer_config.json: model_max_length: expected a number from 2"},
        {"tokenizer_config.json", "{\"model_max_length\": \"x\"}", GTE_E_FORMAT, "a number"},
        {"config_sentence_transformers.json", "{\"prompts\": []}", GTE_E_FORMAT,
         "prompts: expected an object"},
        {"config_sentence_transformers.json", "{\"prompts\": {\"q\": 1}}", GTE_E_FORMAT,
         "config_sentence_transformers.json: prompts.q: expected a string"},
        {"config_sentence_transformers.json", "{\"default_prompt_name\": \"q\"}", GTE_E_FORMAT,
         "default_prompt_name: expected the name of a prompt, found \"q\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[32];
        snprintf(name, sizeof name, "sentence%zu", i);
        const char *dir = model_dir_make(name, NULL);
        model_dir_put(dir, cases[i].file, cases[i].text);
        expect(dir, cases[i].status, cases[i].what);
    }
}

static void long_prompts(void)
{
    const char *dir = model_dir_make("long", NULL);
    size_t n = 1200000;
    char *text = malloc(n + 64);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    strcpy(text, "{\"prompts\": {\"q\": \"");
    size_t at = strlen(text);
    memset(text + at, 'x', n);
    strcpy(text + at + n, "\"}}");
    model_dir_put(dir, "config_sentence_transformers.json", text);
    expect(dir, GTE_E_FORMAT, "above 1048576 bytes (at prompt.q)");
    memset(text, ' ', 20);
    strcpy(text, "{\"prompts\": {\"");
    memset(text + strlen(text), 'n', 300);
    strcpy(text + 314, "\": \"\"}}");
    model_dir_put(dir, "config_sentence_transformers.json", text);
    expect(dir, GTE_E_FORMAT, "a shorter name");
    free(text);
}

/* What decides the pooling, in order: modules.json, 1_Pooling, configuration.json, the default. */
static void pooling(void)
{
    static const struct {
        const char *pool, *modelscope;
        uint32_t pooling;
        const char *note;
    } cases[] = {
        {"{\"pooling_mode_cls_token\": true}", NULL, GTE__POOL_CLS, ""},
        {"{\"pooling_mode\": \"cls\"}", NULL, GTE__POOL_CLS, ""},
        {"{\"pooling_mode\": \"mean\"}", "{\"emb_pooler_type\": \"cls\"}", GTE__POOL_MEAN, ""},
        {NULL, NULL, GTE__POOL_MEAN, "warning:\nno 1_Pooling/config.json: mean pooling assumed (-"},
        {NULL, "{\"task\": \"text-ranking\"}", GTE__POOL_MEAN, "warning:\nno 1_Pooling"},
        {NULL, "{\"task\": \"sentence-embedding\"}", GTE__POOL_CLS, "from configuration.json"},
        {NULL, "{\"emb_pooler_type\": \"avg\"}", GTE__POOL_MEAN, "from configuration.json"},
        {NULL, "{\"model\": {\"emb_pooler_type\": \"cls\"}}", GTE__POOL_CLS, "pooling: cls"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *dir = model_dir_make("pooling", NULL);
        gte__file_header header;
        gte_error err = {0};
        model_dir_put(dir, POOL, cases[i].pool);
        model_dir_put(dir, "configuration.json", cases[i].modelscope);
        CU_ASSERT_EQUAL(header_of(dir, &header, &err), GTE_OK);
        CU_ASSERT_EQUAL(header.pooling, cases[i].pooling);
        CU_ASSERT_EQUAL(header.normalize, 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(notes, cases[i].note));
    }
    const char *dir = model_dir_make("pooling", NULL);
    model_dir_put(dir, POOL, NULL);
    model_dir_put(dir, "configuration.json", "{\"emb_pooler_type\": \"avg_top2\"}");
    expect(dir, GTE_E_UNSUPPORTED, "configuration.json: emb_pooler_type: \"avg_top2\"");
}

static void modules(void)
{
    const char *dir = model_dir_make("modules", NULL);
    gte__file_header header;
    gte_error err = {0};
    model_dir_put(dir, "9_Pool/config.json", "{\"pooling_mode_cls_token\": true}");
    model_dir_put(dir, "modules.json",
                  "[" TRANSFORMER ",{\"path\":\"9_Pool\",\"type\":\"m.Pooling\"},"
                  "{\"path\":\"2\",\"type\":\"m.Normalize\"}]");
    CU_ASSERT_EQUAL(header_of(dir, &header, &err), GTE_OK);
    CU_ASSERT_EQUAL(header.pooling, GTE__POOL_CLS);
    CU_ASSERT_EQUAL(header.normalize, 1);
    model_dir_put(dir, "modules.json", "[" TRANSFORMER "," POOLING "]");
    CU_ASSERT_EQUAL(header_of(dir, &header, &err), GTE_OK);
    CU_ASSERT_EQUAL(header.pooling, GTE__POOL_MEAN);
    CU_ASSERT_EQUAL(header.normalize, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(notes, "modules.json has no Normalize"));
}

static void max_tokens(void)
{
    static const struct {
        const char *sentence, *tokenizer;
        uint32_t expected;
    } cases[] = {{NULL, NULL, 12},
                 {"{\"max_seq_length\": 7, \"do_lower_case\": false}", NULL, 7},
                 {"{\"max_seq_length\": null}", "{\"model_max_length\": 9}", 9},
                 {"{\"max_seq_length\": 10}", "{\"model_max_length\": 9}", 10},
                 {"{\"max_seq_length\": 512}", NULL, 12},
                 {NULL, "{\"model_max_length\": 5.0}", 5},
                 {NULL, "{\"model_max_length\": 1000000000000000019884624838656}", 12}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *dir = model_dir_make("length", NULL);
        gte__file_header header;
        gte_error err = {0};
        model_dir_put(dir, "sentence_bert_config.json", cases[i].sentence);
        if (cases[i].tokenizer) model_dir_put(dir, "tokenizer_config.json", cases[i].tokenizer);
        CU_ASSERT_EQUAL(header_of(dir, &header, &err), GTE_OK);
        CU_ASSERT_EQUAL(header.max_tokens, cases[i].expected);
    }
}

/* Text that is no JSON for us: too deep, twice the same key, NUL, cut, not UTF-8, too large. */
static void json(void)
{
    static const struct {
        const char *text, *what;
    } cases[] = {{"{\"a\":1,\"a\":2}", "duplicate"}, {"{\"a\":\"\\u0000\"}", "not valid JSON"},
                 {"{\"a\":1}x", "not valid JSON"},   {"{\"a\":\"\xff\"}", "not valid JSON"},
                 {"{\"a\":NaN}", "not valid JSON"},  {"", "not valid JSON at line 1"},
                 {"{\n\"a\": 1,\n}", "line 3"}};
    const char *dir = model_dir_make("json", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        model_dir_put(dir, "config.json", cases[i].text);
        expect(dir, GTE_E_FORMAT, cases[i].what);
    }
    size_t n = 50u << 20;
    char *deep = malloc(n);
    CU_ASSERT_PTR_NOT_NULL_FATAL(deep);
    memset(deep, '[', n);
    json_t *root;
    gte_error err;
    CU_ASSERT_EQUAL(convert__json_parse(&root, "x", deep, n, 0, &err), GTE_E_FORMAT);
    CU_ASSERT_PTR_NULL(root);
    CU_ASSERT_EQUAL(err.offset, CONVERT__JSON_MAX_DEPTH);
    CU_ASSERT_STRING_EQUAL(err.message, "x: JSON nested deeper than 64 levels at byte 64");
    memset(deep, ' ', n);
    memcpy(deep, "{\"a\":\"[[[[\\\"[[[[\"}", 18); /* brackets in a string are no depth */
    CU_ASSERT_EQUAL(convert__json_parse(&root, "x", deep, n, 0, &err), GTE_OK);
    json_decref(root);
    memset(deep, ',', n); /* many values, each a few bytes of text */
    deep[0] = '[';
    deep[n - 1] = ']';
    CU_ASSERT_EQUAL(convert__json_parse(&root, "x", deep, n, 0, &err), GTE_E_FORMAT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "more than the 2000000 any model has"));
    free(deep);
    char path[1100];
    snprintf(path, sizeof path, "%s/config.json", dir);
    CU_ASSERT_EQUAL(truncate(path, (off_t)CONVERT__TEXT_MAX + 1), 0);
    expect(dir, GTE_E_FORMAT, "more than the limit");
}

static void not_files(void)
{
    const char *dir = model_dir_make("odd", NULL);
    char path[1100];
    snprintf(path, sizeof path, "%s/config.json", dir);
    remove(path);
    expect(dir, GTE_E_IO, "config.json: No such file");
    mkdir(path, 0755);
    expect(dir, GTE_E_IO, "config.json: not a file");
    rmdir(path);
    CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
    expect(dir, GTE_E_IO, "config.json: not a file"); /* and no hang */
}

int main(void)
{
    static const support_case cases[] = {
        {"config.json: what is refused", config_refused},
        {"config.json: what is accepted", config_accepted},
        {"the files around it: what is refused", sentence_files_refused},
        {"prompts beyond the limits", long_prompts},
        {"pooling", pooling},
        {"modules.json", modules},
        {"the longest input", max_tokens},
        {"JSON", json},
        {"things that are no files", not_files},
    };
    return SUPPORT_MAIN("convert config", cases);
}
