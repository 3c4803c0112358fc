/* standin DIR: writes the stand-in model, a small BERT in HuggingFace's layout, for demo and tests.
 *
 * Nothing in it is trained: words of one hand-made group (standin_words.h) share a direction of
 * their embedding, everything else is seeded noise, and two shallow layers disturb that little. So
 * texts that share words or groups come out near each other, and it knows nothing more. The same
 * bytes on every machine: integer arithmetic makes the noise, float only adds and multiplies. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "models/standin_words.h"

enum { HIDDEN = 64, LAYERS = 2, HEADS = 2, FFN = 256, POSITIONS = 128, TYPES = 2 };
enum { CJK_FIRST = 0x4e00, CJK_LAST = 0x9fff, MAX_VOCAB = 24000, MAX_TENSORS = 5 + 16 * LAYERS };

typedef struct token {
    char text[24];
    int group; /* of standin_groups, or -1 */
} token;

static token vocab[MAX_VOCAB];
static int vocab_size;

/* ---- noise ----------------------------------------------------------------------------------- */

static uint64_t noise_state;

static void seed_noise(const char *name, uint64_t salt)
{
    uint64_t h = 0xcbf29ce484222325ULL ^ salt; /* FNV-1a */
    for (const char *p = name; *p; p++) h = (h ^ (unsigned char)*p) * 0x100000001b3ULL;
    noise_state = h ? h : 1;
    for (int i = 0; i < 4; i++) noise_state = noise_state * 6364136223846793005ULL + 1;
}

/* Near a normal distribution with deviation 1: the sum of 12 uniform numbers, less 6. */
static float noise(void)
{
    int64_t sum = 0;
    for (int i = 0; i < 12; i++) {
        noise_state = noise_state * 6364136223846793005ULL + 1442695040888963407ULL;
        sum += (int64_t)(noise_state >> 48);
    }
    return (float)(sum - 6 * 65536) / 65536.0f;
}

/* ---- vocabulary ------------------------------------------------------------------------------ */

static int find_token(const char *text)
{
    for (int i = 0; i < vocab_size; i++)
        if (strcmp(vocab[i].text, text) == 0) return i;
    return -1;
}

static void add_token(const char *text, int group)
{
    if (vocab_size == MAX_VOCAB || strlen(text) >= sizeof vocab[0].text) {
        fprintf(stderr, "standin: no room for %s\n", text);
        exit(1);
    }
    strcpy(vocab[vocab_size].text, text);
    vocab[vocab_size++].group = group;
}

static void add_ascii(void)
{
    char text[4] = {0};
    for (int c = '!'; c <= '~'; c++) {
        if (c >= 'A' && c <= 'Z') continue; /* the tokenizer folds case */
        text[0] = (char)c;
        add_token(text, -1);
    }
    for (int c = '0'; c <= 'z'; c++) {
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'))) continue;
        text[0] = text[1] = '#';
        text[2] = (char)c;
        add_token(text, -1);
    }
}

/* A word that stands in two groups belongs to the first. */
static void add_groups(void)
{
    for (size_t g = 0; g < STANDIN_GROUPS; g++) {
        const char *p = standin_groups[g];
        while (*p) {
            char word[sizeof vocab[0].text];
            size_t n = strcspn(p, " ");
            if (n == 0 || n >= sizeof word) exit(1);
            memcpy(word, p, n);
            word[n] = '\0';
            if (find_token(word) < 0) add_token(word, g == 0 ? -1 : (int)g);
            p += n + strspn(p + n, " ");
        }
    }
}

static void add_cjk(void)
{
    static const char *const marks[] = {"。", "，", "、", "？", "！", "：", "；",
                                        "（", "）", "“",  "”",  "《", "》"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) add_token(marks[i], -1);
    int grouped = vocab_size; /* characters of the groups stand before this */
    for (int c = CJK_FIRST; c <= CJK_LAST; c++) {
        char text[4] = {(char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)),
                        (char)(0x80 | (c & 0x3f)), 0};
        int all = vocab_size;
        vocab_size = grouped;
        int found = find_token(text);
        vocab_size = all;
        if (found < 0) add_token(text, -1);
    }
}

static void make_vocab(void)
{
    static const char *const special[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) add_token(special[i], -1);
    add_ascii();
    add_groups();
    add_cjk();
}

/* ---- tensors --------------------------------------------------------------------------------- */

typedef struct tensor {
    char name[80];
    int rows, cols; /* rows 0: a vector of cols */
    float scale;    /* of the noise */
    float offset;   /* added to it: 1 for the gain of a norm */
} tensor;

static tensor tensors[MAX_TENSORS];
static int tensor_count;

static void add_tensor(const char *name, int rows, int cols, float scale, float offset)
{
    tensor *t = &tensors[tensor_count++];
    snprintf(t->name, sizeof t->name, "%s", name);
    t->rows = rows;
    t->cols = cols;
    t->scale = scale;
    t->offset = offset;
}

static void add_layer_tensor(int layer, const char *name, int rows, int cols, float scale)
{
    char full[80];
    snprintf(full, sizeof full, "encoder.layer.%d.%s.weight", layer, name);
    int is_norm = rows == 0;
    add_tensor(full, rows, cols, is_norm ? 0 : scale, is_norm ? 1 : 0);
    snprintf(full, sizeof full, "encoder.layer.%d.%s.bias", layer, name);
    add_tensor(full, 0, rows ? rows : cols, is_norm ? 0 : 0.02f, 0);
}

static void plan_tensors(void)
{
    add_tensor("embeddings.word_embeddings.weight", vocab_size, HIDDEN, 1, 0);
    add_tensor("embeddings.position_embeddings.weight", POSITIONS, HIDDEN, 0.08f, 0);
    add_tensor("embeddings.token_type_embeddings.weight", TYPES, HIDDEN, 0.02f, 0);
    add_tensor("embeddings.LayerNorm.weight", 0, HIDDEN, 0, 1);
    add_tensor("embeddings.LayerNorm.bias", 0, HIDDEN, 0, 0);
    for (int l = 0; l < LAYERS; l++) {
        /* query and key large enough for attention to choose; the outputs small beside x */
        add_layer_tensor(l, "attention.self.query", HIDDEN, HIDDEN, 0.12f);
        add_layer_tensor(l, "attention.self.key", HIDDEN, HIDDEN, 0.12f);
        add_layer_tensor(l, "attention.self.value", HIDDEN, HIDDEN, 0.1f);
        add_layer_tensor(l, "attention.output.dense", HIDDEN, HIDDEN, 0.04f);
        add_layer_tensor(l, "attention.output.LayerNorm", 0, HIDDEN, 0);
        add_layer_tensor(l, "intermediate.dense", FFN, HIDDEN, 0.1f);
        add_layer_tensor(l, "output.dense", HIDDEN, FFN, 0.02f);
        add_layer_tensor(l, "output.LayerNorm", 0, HIDDEN, 0);
    }
}

/* Tokens whose row is the opposite of another's, so that a pair of them cancels in the mean: what
 * all texts have in common, and the prompt for queries, "search: ". */
static const char *opposite_of(const char *text)
{
    if (strcmp(text, "[SEP]") == 0) return "[CLS]";
    if (strcmp(text, ":") == 0) return "search";
    return NULL;
}

/* The row of a word: its group's direction and its own. */
static void word_row(int id, float row[HIDDEN])
{
    const char *other = opposite_of(vocab[id].text);
    const token *t = other ? &vocab[find_token(other)] : &vocab[id];
    float own = t->group < 0 ? 1.0f : 0.6f;
    seed_noise(t->text, 1);
    for (int i = 0; i < HIDDEN; i++) row[i] = own * noise();
    if (t->group >= 0) {
        seed_noise("group", (uint64_t)t->group);
        for (int i = 0; i < HIDDEN; i++) row[i] += 0.8f * noise();
    }
    for (int i = 0; i < HIDDEN && other; i++) row[i] = -row[i];
}

static void write_tensor(FILE *out, const tensor *t)
{
    float row[FFN];
    int rows = t->rows ? t->rows : 1;
    int words = strcmp(t->name, "embeddings.word_embeddings.weight") == 0;
    seed_noise(t->name, 2);
    for (int r = 0; r < rows; r++) {
        if (words) {
            word_row(r, row);
        } else {
            for (int c = 0; c < t->cols; c++) row[c] = t->scale * noise() + t->offset;
        }
        fwrite(row, sizeof(float), (size_t)t->cols, out); /* little-endian machines only, as .gte */
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

static FILE *create(const char *dir, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    if (!f) {
        fprintf(stderr, "standin: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    return f;
}

static void finish(FILE *f)
{
    int bad = ferror(f);
    if (fclose(f) != 0 || bad) {
        fprintf(stderr, "standin: writing failed: %s\n", strerror(errno));
        exit(1);
    }
}

static void write_text(const char *dir, const char *name, const char *text)
{
    FILE *f = create(dir, name);
    fputs(text, f);
    finish(f);
}

static void write_configs(const char *dir)
{
    FILE *f = create(dir, "config.json");
    fprintf(f,
            "{\"architectures\": [\"BertModel\"], \"model_type\": \"bert\", \"vocab_size\": %d,\n"
            " \"hidden_size\": %d, \"num_hidden_layers\": %d, \"num_attention_heads\": %d,\n"
            " \"intermediate_size\": %d, \"hidden_act\": \"gelu\", \"layer_norm_eps\": 1e-12,\n"
            " \"max_position_embeddings\": %d, \"type_vocab_size\": %d, \"pad_token_id\": 0,\n"
            " \"position_embedding_type\": \"absolute\", \"torch_dtype\": \"float32\",\n"
            " \"_name_or_path\": \"gte-standin\"}\n",
            vocab_size, HIDDEN, LAYERS, HEADS, FFN, POSITIONS, TYPES);
    finish(f);
    write_text(
        dir, "tokenizer_config.json",
        "{\"do_lower_case\": true, \"tokenizer_class\": \"BertTokenizer\",\n"
        " \"model_max_length\": 128, \"unk_token\": \"[UNK]\", \"sep_token\": \"[SEP]\",\n"
        " \"pad_token\": \"[PAD]\", \"cls_token\": \"[CLS]\", \"mask_token\": \"[MASK]\"}\n");
    write_text(dir, "sentence_bert_config.json",
               "{\"max_seq_length\": 128, \"do_lower_case\": false}\n");
    write_text(dir, "modules.json",
               "[{\"idx\": 0, \"name\": \"0\", \"path\": \"\",\n"
               "  \"type\": \"sentence_transformers.models.Transformer\"},\n"
               " {\"idx\": 1, \"name\": \"1\", \"path\": \"1_Pooling\",\n"
               "  \"type\": \"sentence_transformers.models.Pooling\"},\n"
               " {\"idx\": 2, \"name\": \"2\", \"path\": \"2_Normalize\",\n"
               "  \"type\": \"sentence_transformers.models.Normalize\"}]\n");
    write_text(dir, "config_sentence_transformers.json",
               "{\"prompts\": {\"query\": \"search: \"},\n"
               " \"similarity_fn_name\": \"cosine\"}\n");
    write_text(dir, "1_Pooling/config.json",
               "{\"word_embedding_dimension\": 64, \"pooling_mode_cls_token\": false,\n"
               " \"pooling_mode_mean_tokens\": true, \"pooling_mode_max_tokens\": false,\n"
               " \"pooling_mode_mean_sqrt_len_tokens\": false}\n");
}

static void write_weights(const char *dir)
{
    static char header[16384];
    size_t n = 1, at = 0;
    header[0] = '{';
    for (int i = 0; i < tensor_count; i++) {
        const tensor *t = &tensors[i];
        size_t size = (size_t)(t->rows ? t->rows : 1) * (size_t)t->cols * sizeof(float);
        char shape[32];
        snprintf(shape, sizeof shape, t->rows ? "%d,%d" : "%.0d%d", t->rows, t->cols);
        n += (size_t)snprintf(header + n, sizeof header - n,
                              "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],"
                              "\"data_offsets\":[%zu,%zu]}",
                              i ? "," : "", t->name, shape, at, at + size);
        at += size;
    }
    header[n++] = '}';
    while (n % 8) header[n++] = ' ';
    FILE *f = create(dir, "model.safetensors");
    uint64_t header_size = n;
    fwrite(&header_size, sizeof header_size, 1, f);
    fwrite(header, 1, n, f);
    for (int i = 0; i < tensor_count; i++) write_tensor(f, &tensors[i]);
    finish(f);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: standin DIR\n", stderr);
        return 2;
    }
    char pooling[4096];
    snprintf(pooling, sizeof pooling, "%s/1_Pooling", argv[1]);
    if ((mkdir(argv[1], 0777) != 0 && errno != EEXIST) ||
        (mkdir(pooling, 0777) != 0 && errno != EEXIST)) {
        fprintf(stderr, "standin: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    make_vocab();
    plan_tensors();
    FILE *f = create(argv[1], "vocab.txt");
    for (int i = 0; i < vocab_size; i++) fprintf(f, "%s\n", vocab[i].text);
    finish(f);
    write_configs(argv[1]);
    write_weights(argv[1]);
    return 0;
}
