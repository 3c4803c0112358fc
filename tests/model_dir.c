/* Small model directories; see model_dir.h. */
#include "model_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support.h"

#define MAX_TENSORS 64

typedef struct tensor {
    char name[160];
    unsigned rank;
    size_t shape[2];
} tensor;

static void fail(const char *what)
{
    fprintf(stderr, "model_dir: %s\n", what);
    exit(2);
}

float model_dir_weight(const char *name, size_t i)
{
    size_t seed = 0;
    for (const char *p = name; *p; p++) seed = (seed * 31 + (unsigned char)*p) % 65521;
    return (float)((int)((seed + i * 7919) % 257) - 128) / 64.0f;
}

void model_dir_put_bytes(const char *dir, const char *file, const void *data, size_t size)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", dir, file);
    for (char *p = path + strlen(dir) + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        mkdir(path, 0755);
        *p = '/';
    }
    if (!support_write_file(path, data, size)) fail(path);
}

void model_dir_put(const char *dir, const char *file, const char *text)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", dir, file);
    if (text)
        model_dir_put_bytes(dir, file, text, strlen(text));
    else
        remove(path);
}

void model_dir_config(const char *dir, const char *key, const char *value)
{
    static const char *const pairs[][2] = {
        {"model_type", "\"bert\""},        {"architectures", "[\"BertModel\"]"},
        {"hidden_act", "\"gelu\""},        {"hidden_size", "8"},
        {"num_hidden_layers", "2"},        {"num_attention_heads", "2"},
        {"intermediate_size", "16"},       {"vocab_size", "16"},
        {"max_position_embeddings", "12"}, {"type_vocab_size", "2"},
        {"layer_norm_eps", "1e-12"},       {"pad_token_id", "0"}};
    char text[2048] = "{\"hidden_dropout_prob\": 0.1";
    bool done = key == NULL;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        bool this = key && strcmp(key, pairs[i][0]) == 0;
        const char *text_value = this ? value : pairs[i][1];
        done = done || this;
        if (!text_value) continue;
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, ", \"%s\": %s", pairs[i][0], text_value);
    }
    size_t n = strlen(text);
    if (!done && value) snprintf(text + n, sizeof text - n, ", \"%s\": %s", key, value);
    strcat(text, "}");
    model_dir_put(dir, "config.json", text);
}

static void add(tensor *all, size_t *n, const char *name, size_t rows, size_t cols)
{
    tensor *t = &all[(*n)++];
    snprintf(t->name, sizeof t->name, "%s", name);
    t->rank = rows ? 2 : 1;
    t->shape[0] = rows ? rows : cols;
    t->shape[1] = cols;
}

static size_t list_tensors(tensor *all, const model_dir_options *o)
{
    static const struct {
        const char *name;
        size_t rows, cols;
    } layer[] = {{"attention.self.query", MODEL_DIR_HIDDEN, MODEL_DIR_HIDDEN},
                 {"attention.self.key", MODEL_DIR_HIDDEN, MODEL_DIR_HIDDEN},
                 {"attention.self.value", MODEL_DIR_HIDDEN, MODEL_DIR_HIDDEN},
                 {"attention.output.dense", MODEL_DIR_HIDDEN, MODEL_DIR_HIDDEN},
                 {"attention.output.LayerNorm", 0, MODEL_DIR_HIDDEN},
                 {"intermediate.dense", MODEL_DIR_FFN, MODEL_DIR_HIDDEN},
                 {"output.dense", MODEL_DIR_HIDDEN, MODEL_DIR_FFN},
                 {"output.LayerNorm", 0, MODEL_DIR_HIDDEN}};
    size_t n = 0;
    char name[160];
    add(all, &n, "embeddings.word_embeddings.weight", MODEL_DIR_VOCAB, MODEL_DIR_HIDDEN);
    add(all, &n, "embeddings.position_embeddings.weight", MODEL_DIR_POSITIONS, MODEL_DIR_HIDDEN);
    add(all, &n, "embeddings.token_type_embeddings.weight", MODEL_DIR_TYPES, MODEL_DIR_HIDDEN);
    add(all, &n, "embeddings.LayerNorm.weight", 0, MODEL_DIR_HIDDEN);
    add(all, &n, "embeddings.LayerNorm.bias", 0, MODEL_DIR_HIDDEN);
    for (int l = 0; l < MODEL_DIR_LAYERS; l++) {
        for (size_t i = 0; i < sizeof layer / sizeof layer[0]; i++) {
            snprintf(name, sizeof name, "encoder.layer.%d.%s.weight", l, layer[i].name);
            add(all, &n, name, layer[i].rows, layer[i].cols);
            snprintf(name, sizeof name, "encoder.layer.%d.%s.bias", l, layer[i].name);
            add(all, &n, name, 0, layer[i].rows ? layer[i].rows : layer[i].cols);
        }
    }
    if (o->extras) {
        add(all, &n, "pooler.dense.weight", MODEL_DIR_HIDDEN, MODEL_DIR_HIDDEN);
        add(all, &n, "pooler.dense.bias", 0, MODEL_DIR_HIDDEN);
    }
    if (!o->crf) return n;
    add(all, &n, "linear.weight", 3, MODEL_DIR_HIDDEN);
    add(all, &n, "classifier.weight", 3, MODEL_DIR_HIDDEN);
    add(all, &n, "ffn.weight", 3, MODEL_DIR_HIDDEN);
    add(all, &n, "ffn.bias", 0, 3);
    add(all, &n, "crf.start_transitions", 0, 3);
    add(all, &n, "crf.end_transitions", 0, 3);
    add(all, &n, "crf.transitions", 3, 3);
    return n;
}

static void append(char **data, size_t *size, const void *bytes, size_t n)
{
    char *grown = realloc(*data, *size + n + 1);
    if (!grown) fail("out of memory");
    memcpy(grown + *size, bytes, n);
    grown[*size + n] = '\0';
    *data = grown;
    *size += n;
}

/* The weight as the dtype stores it: exact, see model_dir.h. */
static void append_weight(char **data, size_t *size, const char *dtype, float value, uint32_t bits,
                          bool poisoned)
{
    size_t width = strcmp(dtype, "F32") == 0 ? 4 : strcmp(dtype, "I64") == 0 ? 8 : 2;
    uint64_t out = bits;
    if (!poisoned) {
        uint32_t f;
        memcpy(&f, &value, sizeof f);
        if (width == 4)
            out = f;
        else if (dtype[0] == 'B')
            out = f >> 16;
        else if (value == 0)
            out = 0;
        else
            out = (f >> 16 & 0x8000) | ((f >> 23 & 255) - 112) << 10 | (f >> 13 & 1023);
    }
    append(data, size, &out, width);
}

static void stored_name(const model_dir_options *o, const char *name, char *out, size_t size)
{
    const char *norm = o->gamma_beta ? strstr(name, "LayerNorm.") : NULL;
    const char *prefix = o->prefix ? o->prefix : "";
    if (!norm)
        snprintf(out, size, "%s%s", prefix, name);
    else
        snprintf(out, size, "%s%.*sLayerNorm.%s", prefix, (int)(norm - name), name,
                 strstr(norm, "weight") ? "gamma" : "beta");
}

static void write_shard(const char *dir, const char *file, const tensor *all, size_t n,
                        const model_dir_options *o)
{
    const char *dtype = o->dtype ? o->dtype : "F32";
    char *header = NULL, *body = NULL, line[512];
    size_t header_size = 0, body_size = 0;
    static const char start[] = "\0\0\0\0\0\0\0\0{\"__metadata__\":{\"format\":\"pt\"}";
    append(&header, &header_size, start, sizeof start - 1);
    for (size_t i = 0; i < n; i++) {
        const tensor *t = &all[i];
        if (o->drop && strcmp(o->drop, t->name) == 0) continue;
        bool poisoned = o->poison && strcmp(o->poison, t->name) == 0;
        size_t rows = t->rank == 2 ? t->shape[0] : 1, begin = body_size;
        if (o->twice && strcmp(o->twice, t->name) == 0) rows++;
        for (size_t j = 0; j < rows * t->shape[1]; j++)
            append_weight(&body, &body_size, dtype, model_dir_weight(t->name, j), o->poison_bits,
                          poisoned && j == 3);
        char name[160], shape[64];
        stored_name(o, t->name, name, sizeof name);
        if (t->rank == 2 || rows > 1)
            snprintf(shape, sizeof shape, "%zu,%zu", rows, t->shape[1]);
        else
            snprintf(shape, sizeof shape, "%zu", t->shape[1]);
        int length = snprintf(line, sizeof line,
                              ",\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],"
                              "\"data_offsets\":[%zu,%zu]}",
                              name, dtype, shape, begin, body_size);
        append(&header, &header_size, line, (size_t)length);
    }
    if (o->extras) {
        int length = snprintf(line, sizeof line,
                              ",\"embeddings.position_ids\":{\"dtype\":\"I64\","
                              "\"shape\":[1,3],\"data_offsets\":[%zu,%zu]}",
                              body_size, body_size + 24);
        append(&header, &header_size, line, (size_t)length);
        append(&body, &body_size, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24);
    }
    append(&header, &header_size, "}", 1);
    uint64_t size = header_size - 8;
    memcpy(header, &size, 8);
    if (body) append(&header, &header_size, body, body_size);
    model_dir_put_bytes(dir, file, header, header_size);
    free(header);
    free(body);
}

/* Tensor i lies in shard i % shards. */
static void write_shards(const char *dir, const tensor *all, size_t n, const model_dir_options *o)
{
    char *index = NULL, line[400];
    size_t size = 0;
    append(&index, &size, "{\"metadata\":{},\"weight_map\":{", 29);
    for (unsigned s = 0; s < o->shards; s++) {
        tensor part[MAX_TENSORS];
        size_t count = 0;
        char file[64];
        snprintf(file, sizeof file, "model-%05u-of-%05u.safetensors", s + 1, o->shards);
        for (size_t i = s; i < n; i += o->shards) {
            char name[160];
            part[count++] = all[i];
            stored_name(o, all[i].name, name, sizeof name);
            int length = snprintf(line, sizeof line, "%s\"%s\":\"%s\"", i ? "," : "", name, file);
            append(&index, &size, line, (size_t)length);
        }
        write_shard(dir, file, part, count, o);
    }
    append(&index, &size, "}}", 2);
    model_dir_put(dir, "model.safetensors.index.json", index);
    free(index);
}

const char *model_dir_make(const char *name, const model_dir_options *options)
{
    static const model_dir_options defaults;
    static char paths[4][1024];
    static unsigned turn;
    const model_dir_options *o = options ? options : &defaults;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s", support_tmp_path("%s", name));
    mkdir(path, 0755);
    model_dir_config(path, NULL, NULL);
    model_dir_put(path, "vocab.txt",
                  "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n##a\n##b\n##c\nab\n\xe4\xb8\xad\n"
                  "\xe5\x9b\xbd\n.\n!\n");
    model_dir_put(path, "tokenizer_config.json",
                  "{\"do_lower_case\": true, \"tokenizer_class\": \"BertTokenizer\", "
                  "\"model_max_length\": 1000000000000000019884624838656}");
    model_dir_put(path, "1_Pooling/config.json",
                  "{\"word_embedding_dimension\": 8, \"pooling_mode_cls_token\": false, "
                  "\"pooling_mode_mean_tokens\": true}");
    tensor all[MAX_TENSORS];
    size_t n = list_tensors(all, o);
    if (o->shards)
        write_shards(path, all, n, o);
    else
        write_shard(path, "model.safetensors", all, n, o);
    return path;
}

#define SPECIAL(id, text)                                                                          \
    "{\"id\":" #id ",\"content\":\"" text "\",\"single_word\":false,\"lstrip\":false,"             \
    "\"rstrip\":false,\"normalized\":false,\"special\":true}"
#define ITEM(kind, id, type) "{\"" kind "\":{\"id\":\"" id "\",\"type_id\":" #type "}}"
#define CLS ITEM("SpecialToken", "[CLS]", 0)
#define TOKEN(text, id)                                                                            \
    "\"" text "\":{\"id\":\"" text "\",\"ids\":[" #id "],\"tokens\":[\"" text "\"]}"

void model_dir_tokenizer(const char *dir, const char *normalizer, const char *pre_tokenizer,
                         const char *post_processor, const char *model, const char *added)
{
    static const char usual_model[] =
        "{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","
        "\"max_input_chars_per_word\":100,\"vocab\":{\"[PAD]\":0,\"[UNK]\":1,\"[CLS]\":2,"
        "\"[SEP]\":3,\"[MASK]\":4,\"a\":5,\"b\":6,\"c\":7,\"##a\":8,\"##b\":9,\"##c\":10,\"ab\":11,"
        "\"\\u4e2d\":12,\"\\u56fd\":13,\".\":14,\"!\":15}}";
    static const char usual_normalizer[] =
        "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,"
        "\"strip_accents\":null,\"lowercase\":true}";
    static const char usual_post[] =
        "{\"type\":\"TemplateProcessing\",\"single\":[" CLS "," ITEM("Sequence", "A", 0) "," ITEM(
            "SpecialToken", "[SEP]",
            0) "],\"pair\":[" CLS
               "," ITEM("Sequence", "A", 0) "," ITEM("SpecialToken", "[SEP]", 0) "," ITEM(
                   "Sequence", "B",
                   1) "," ITEM("SpecialToken", "[SEP]",
                               1) "],\"special_tokens\":{" TOKEN("[CLS]", 2) "," TOKEN("[SEP]",
                                                                                       3) "}}";
    static const char usual_added[] = "[" SPECIAL(0, "[PAD]") "," SPECIAL(1, "[UNK]") "," SPECIAL(
        2, "[CLS]") "," SPECIAL(3, "[SEP]") "," SPECIAL(4, "[MASK]") "]";
    static char text[16384];
    snprintf(text, sizeof text,
             "{\"version\":\"1.0\",\"truncation\":{\"max_length\":4},\"padding\":{},"
             "\"added_tokens\":%s,\"normalizer\":%s,\"pre_tokenizer\":%s,\"post_processor\":%s,"
             "\"decoder\":{\"type\":\"WordPiece\"},\"model\":%s}",
             added ? added : usual_added, normalizer ? normalizer : usual_normalizer,
             pre_tokenizer ? pre_tokenizer : "{\"type\":\"BertPreTokenizer\"}",
             post_processor ? post_processor : usual_post, model ? model : usual_model);
    model_dir_put(dir, "tokenizer.json", text);
}
