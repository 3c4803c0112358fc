/* From the names of a checkpoint to the records of the file. The table below is the architecture:
 * what a BERT encoder consists of, under which names, in which shapes. */
#include "convert/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define WORD_TABLE "embeddings.word_embeddings.weight"
#define NAME_MAX_SIZE 256

enum dim { ONE, TWO, HIDDEN, HIDDEN_3, FFN, VOCAB, POSITIONS, TYPES };

/* rows ONE: a vector in the checkpoint, [1, cols] in the file. No names: quantise.c makes it. */
typedef struct tensor_rule {
    uint32_t role;
    enum dim rows, cols; /* of one part */
    const char *names[CONVERT__MAX_PARTS];
} tensor_rule;

static const tensor_rule rules[] = {
    {GTE__WORD_EMBEDDINGS, VOCAB, HIDDEN, {WORD_TABLE}},
    {GTE__POSITION_EMBEDDINGS, POSITIONS, HIDDEN, {"embeddings.position_embeddings.weight"}},
    {GTE__TYPE_EMBEDDINGS, TYPES, HIDDEN, {"embeddings.token_type_embeddings.weight"}},
    {GTE__EMBEDDING_NORM_GAIN, ONE, HIDDEN, {"embeddings.LayerNorm.weight"}},
    {GTE__EMBEDDING_NORM_SHIFT, ONE, HIDDEN, {"embeddings.LayerNorm.bias"}},
    {GTE__QKV_WEIGHT,
     HIDDEN,
     HIDDEN,
     {"attention.self.query.weight", "attention.self.key.weight", "attention.self.value.weight"}},
    {GTE__QKV_BIAS,
     ONE,
     HIDDEN,
     {"attention.self.query.bias", "attention.self.key.bias", "attention.self.value.bias"}},
    {GTE__ATTN_OUT_WEIGHT, HIDDEN, HIDDEN, {"attention.output.dense.weight"}},
    {GTE__ATTN_OUT_BIAS, ONE, HIDDEN, {"attention.output.dense.bias"}},
    {GTE__ATTN_NORM_GAIN, ONE, HIDDEN, {"attention.output.LayerNorm.weight"}},
    {GTE__ATTN_NORM_SHIFT, ONE, HIDDEN, {"attention.output.LayerNorm.bias"}},
    {GTE__FFN_UP_WEIGHT, FFN, HIDDEN, {"intermediate.dense.weight"}},
    {GTE__FFN_UP_BIAS, ONE, FFN, {"intermediate.dense.bias"}},
    {GTE__FFN_DOWN_WEIGHT, HIDDEN, FFN, {"output.dense.weight"}},
    {GTE__FFN_DOWN_BIAS, ONE, HIDDEN, {"output.dense.bias"}},
    {GTE__FFN_NORM_GAIN, ONE, HIDDEN, {"output.LayerNorm.weight"}},
    {GTE__FFN_NORM_SHIFT, ONE, HIDDEN, {"output.LayerNorm.bias"}},
    {GTE__QKV_SCALE, ONE, HIDDEN_3, {NULL}},
    {GTE__QKV_SUMS, ONE, HIDDEN_3, {NULL}},
    {GTE__QKV_INPUT_GAIN, ONE, HIDDEN, {NULL}},
    {GTE__ATTN_OUT_SCALE, ONE, HIDDEN, {NULL}},
    {GTE__ATTN_OUT_SUMS, ONE, HIDDEN, {NULL}},
    {GTE__FFN_UP_SCALE, ONE, FFN, {NULL}},
    {GTE__FFN_UP_SUMS, ONE, FFN, {NULL}},
    {GTE__FFN_UP_INPUT_GAIN, ONE, HIDDEN, {NULL}},
    {GTE__FFN_DOWN_SCALE, ONE, HIDDEN, {NULL}},
    {GTE__FFN_DOWN_SUMS, ONE, HIDDEN, {NULL}},
    {GTE__WORD_SCALES, VOCAB, TWO, {NULL}},
};
#define RULES (sizeof rules / sizeof rules[0])

static uint32_t size_of(const convert__config *config, enum dim dim)
{
    switch (dim) {
    case TWO:
        return 2;
    case HIDDEN:
        return config->hidden_size;
    case HIDDEN_3:
        return 3 * config->hidden_size;
    case FFN:
        return config->ffn_size;
    case VOCAB:
        return config->vocab_size;
    case POSITIONS:
        return config->max_positions;
    case TYPES:
        return config->type_vocab_size;
    case ONE:
        break;
    }
    return 1;
}

/* What stands before "embeddings.word_embeddings.weight": nothing, "bert.", "encoder.", ... */
static gte_status find_prefix(const convert__checkpoint *checkpoint, char *out, size_t size,
                              gte_error *err)
{
    const char *found = NULL;
    size_t tail = sizeof WORD_TABLE - 1, length = 0;
    for (size_t i = 0; i < checkpoint->count; i++) {
        const char *name = checkpoint->tensors[i].name;
        size_t n = strlen(name);
        if (n < tail || strcmp(name + n - tail, WORD_TABLE) != 0) continue;
        if (n > tail && name[n - tail - 1] != '.') continue;
        if (found)
            return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                             "two encoders in one checkpoint: %.80s and %.80s", found, name);
        found = name;
        length = n - tail;
    }
    if (!found || length >= size)
        return gte__fail(err, GTE_E_FORMAT, 0,
                         "%.100s: tensor " WORD_TABLE " is missing (with any prefix)",
                         checkpoint->input_count ? checkpoint->inputs[0].name : "checkpoint");
    memcpy(out, found, length);
    out[length] = '\0';
    return GTE_OK;
}

/* The tensor under `name`, or under the name that checkpoints made from TensorFlow give a norm. */
static convert__tensor *find_tensor(const convert__checkpoint *checkpoint, const char *name)
{
    convert__tensor *tensor = convert__checkpoint_find(checkpoint, name);
    const char *norm = strstr(name, "LayerNorm.");
    if (tensor || !norm) return tensor;
    char other[NAME_MAX_SIZE];
    snprintf(other, sizeof other, "%.*sLayerNorm.%s", (int)(norm - name), name,
             strstr(norm, "weight") ? "gamma" : "beta");
    return convert__checkpoint_find(checkpoint, other);
}

/* A rule's tensor, and in `name` what it should be called. */
static convert__tensor *find_part(const convert__checkpoint *checkpoint, const tensor_rule *rule,
                                  uint32_t part, uint32_t layer, const char *prefix,
                                  const convert__config *config, char name[NAME_MAX_SIZE])
{
    char at[32] = "";
    const uint32_t lower = config->lower_layers ? config->lower_layers : config->layers / 2;
    if (gte__role_is_of_layer(rule->role) && layer >= lower) {
        /* SiameseUIE's upper layers, where they are numbered by themselves */
        snprintf(name, NAME_MAX_SIZE, "crossattention.layer.%u.%s", layer - lower,
                 rule->names[part]);
        convert__tensor *tensor = find_tensor(checkpoint, name);
        if (tensor) return tensor;
    }
    if (gte__role_is_of_layer(rule->role)) snprintf(at, sizeof at, "encoder.layer.%u.", layer);
    snprintf(name, NAME_MAX_SIZE, "%s%s%s", prefix, at, rule->names[part]);
    return find_tensor(checkpoint, name);
}

static gte_status check_tensor(const convert__tensor *tensor, uint32_t rows, uint32_t cols,
                               bool vector, gte_error *err)
{
    const uint64_t shape[2] = {vector ? cols : rows, cols};
    unsigned rank = vector ? 1 : 2;
    char expected[64], found[128];
    if (tensor->rank != rank || memcmp(tensor->shape, shape, rank * sizeof *shape) != 0)
        return gte__fail(err, GTE_E_FORMAT, 0, "%.60s: tensor %.80s: expected shape %s, found %s",
                         tensor->file, tensor->name,
                         convert__shape_text(shape, rank, expected, sizeof expected),
                         convert__shape_text(tensor->shape, tensor->rank, found, sizeof found));
    if (tensor->dtype == CONVERT__OTHER)
        return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                         "%.60s: tensor %.80s: expected F32, F16 or BF16, found %s", tensor->file,
                         tensor->name, tensor->dtype_name);
    return GTE_OK;
}

static gte_status fill_item(convert__item *item, const tensor_rule *rule, uint32_t layer,
                            const char *prefix, const convert__config *config,
                            const convert__checkpoint *checkpoint, gte_error *err)
{
    uint32_t rows = size_of(config, rule->rows), cols = size_of(config, rule->cols);
    bool vector = rule->rows == ONE;
    uint32_t parts = 0;
    for (; parts < CONVERT__MAX_PARTS && rule->names[parts]; parts++) {
        char name[NAME_MAX_SIZE];
        convert__tensor *tensor = find_part(checkpoint, rule, parts, layer, prefix, config, name);
        if (!tensor)
            return gte__fail(err, GTE_E_FORMAT, 0,
                             "%.60s: tensor %.80s is missing; expected [%u, %u]",
                             checkpoint->inputs[0].name, name, rows, cols);
        gte_status status = check_tensor(tensor, rows, cols, vector, err);
        if (status != GTE_OK) return status;
        tensor->used = true;
        item->parts[parts] = tensor;
    }
    /* Vectors stand side by side in one row, matrices one below the other. */
    item->record = (gte__tensor_record){.role = rule->role,
                                        .layer = layer,
                                        .rows = vector || !parts ? rows : rows * parts,
                                        .cols = vector && parts ? cols * parts : cols};
    gte__tensor_record *r = &item->record;
    r->dtype = gte__role_dtype(rule->role, config->linear_dtype, config->table_dtype);
    r->layout = gte__role_layout(rule->role);
    r->size = gte__tensor_bytes(r->layout, r->dtype, r->rows, r->cols);
    return GTE_OK;
}

/* The rules that apply to the file: those of a layer, or those of none. items NULL: only counts. */
static gte_status fill_items(convert__item *items, size_t *count, bool of_layer, uint32_t layer,
                             const char *prefix, const convert__config *config,
                             const convert__checkpoint *checkpoint, gte_error *err)
{
    for (size_t i = 0; i < RULES; i++) {
        if (gte__role_is_of_layer(rules[i].role) != of_layer ||
            !gte__role_stands(rules[i].role, config->linear_dtype, config->table_dtype))
            continue;
        gte_status status = GTE_OK;
        if (items)
            status = fill_item(&items[*count], &rules[i], layer, prefix, config, checkpoint, err);
        if (status != GTE_OK) return status;
        ++*count;
    }
    return GTE_OK;
}

static gte_status find_tensors(convert__pack *out, const convert__config *config,
                               const convert__checkpoint *checkpoint, const char *prefix,
                               gte_error *err)
{
    size_t once = 0, per_layer = 0;
    (void)fill_items(NULL, &once, false, 0, prefix, config, checkpoint, err);
    (void)fill_items(NULL, &per_layer, true, 0, prefix, config, checkpoint, err);
    out->items = calloc(once + per_layer * config->layers, sizeof *out->items);
    if (!out->items) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for the tensor list");
    gte_status status =
        fill_items(out->items, &out->count, false, 0, prefix, config, checkpoint, err);
    for (uint32_t layer = 0; layer < config->layers && status == GTE_OK; layer++)
        status = fill_items(out->items, &out->count, true, layer, prefix, config, checkpoint, err);
    return status;
}

const convert__item *convert__pack_find(const convert__pack *pack, uint32_t role, uint32_t layer)
{
    size_t i = 0;
    while (pack->items[i].record.role != role || pack->items[i].record.layer != layer) i++;
    return &pack->items[i];
}

/* Whether a tensor belongs to a part beside the encoder ("classifier"), and the length of the
 * part's name, which ends at the first dot. What lies below `prefix` is the encoder's own. */
static bool head_part(const convert__tensor *tensor, const char *prefix, size_t *size)
{
    static const char *const encoder[] = {"embeddings", "encoder", "pooler"};
    if (tensor->used || (*prefix && strncmp(tensor->name, prefix, strlen(prefix)) == 0))
        return false;
    *size = strcspn(tensor->name, ".");
    for (size_t i = 0; i < sizeof encoder / sizeof encoder[0]; i++)
        if (strlen(encoder[i]) == *size && memcmp(tensor->name, encoder[i], *size) == 0)
            return false;
    return true;
}

/* Tensors are sorted by name, so that those of one part stand together. */
static void warn_heads(const convert__source *source, const convert__config *config,
                       const convert__checkpoint *checkpoint, const char *prefix)
{
    char parts[160] = "";
    const char *last = NULL;
    size_t used = 0, size, last_size = 0;
    for (size_t i = 0; i < checkpoint->count; i++) {
        const char *name = checkpoint->tensors[i].name;
        if (!head_part(&checkpoint->tensors[i], prefix, &size)) continue;
        if (last && size == last_size && memcmp(name, last, size) == 0) continue;
        last = name;
        last_size = size;
        int n = snprintf(parts + used, sizeof parts - used, "%s%.*s.*", used ? ", " : "", (int)size,
                         name);
        if (n < 0 || (size_t)n >= sizeof parts - used) break;
        used += (size_t)n;
    }
    if (!used) return;
    if (*config->architecture)
        convert__warn(source,
                      "config.json says %s; its head (%s) is dropped, the vectors are those of the "
                      "encoder",
                      config->architecture, parts);
    else
        convert__warn(source, "%s stands beside the encoder and is dropped", parts);
}

static void note_unused(const convert__source *source, const convert__checkpoint *checkpoint)
{
    for (size_t i = 0; i < checkpoint->count; i++) {
        const convert__tensor *tensor = &checkpoint->tensors[i];
        char shape[128];
        if (tensor->used) continue;
        convert__note(source, "ignored tensor %s %s %s", tensor->name, tensor->dtype_name,
                      convert__shape_text(tensor->shape, tensor->rank, shape, sizeof shape));
    }
}

static bool round_up(uint64_t *value, uint32_t to)
{
    if (*value > UINT64_MAX - to) return false;
    *value = (*value + to - 1) / to * to;
    return true;
}

/* Places the sections one after the other; tensors inside DATA as the records name them. */
static gte_status lay_out(convert__pack *out, uint64_t meta_size, uint64_t tokenizer_size,
                          gte_error *err)
{
    uint64_t data = 0;
    for (size_t i = 0; i < out->count; i++) {
        if (!round_up(&data, GTE__TENSOR_ALIGN) || data > UINT64_MAX / 2)
            return gte__fail(err, GTE_E_FORMAT, 0, "the model is too large for one file");
        out->items[i].record.offset = data;
        data += out->items[i].record.size;
    }
    const uint64_t sizes[GTE__SECTION_COUNT] = {[GTE__SECTION_META] = meta_size,
                                                [GTE__SECTION_TOKENIZER] = tokenizer_size,
                                                [GTE__SECTION_TENSORS] =
                                                    out->count * sizeof(gte__tensor_record),
                                                [GTE__SECTION_DATA] = data};
    uint64_t at = sizeof out->header;
    for (unsigned i = 0; i < GTE__SECTION_COUNT; i++) {
        if (!round_up(&at, GTE__SECTION_ALIGN) || sizes[i] > (uint64_t)INT64_MAX - at)
            return gte__fail(err, GTE_E_FORMAT, 0, "the model is too large for one file");
        out->header.sections[i] = (gte__section){at, sizes[i]};
        at += sizes[i];
    }
    if (out->head) {
        if (!round_up(&at, GTE__SECTION_ALIGN) || out->head_size > (uint64_t)INT64_MAX - at)
            return gte__fail(err, GTE_E_FORMAT, 0, "the model is too large for one file");
        out->header.head = (gte__section){at, out->head_size};
        at += out->head_size;
    }
    out->header.file_size = at;
    return GTE_OK;
}

gte_status convert__pack_plan(convert__pack *out, const convert__source *source,
                              const convert__config *config, const convert__checkpoint *checkpoint,
                              const void *tokenizer, uint64_t tokenizer_size, const void *head,
                              uint64_t head_size, gte_error *err)
{
    *out = (convert__pack){
        .tokenizer = tokenizer, .meta = config->meta.data, .head = head, .head_size = head_size};
    char prefix[NAME_MAX_SIZE / 2];
    gte_status status = find_prefix(checkpoint, prefix, sizeof prefix, err);
    if (status == GTE_OK) status = find_tensors(out, config, checkpoint, prefix, err);
    if (status != GTE_OK) return status;
    note_unused(source, checkpoint);
    warn_heads(source, config, checkpoint, prefix);
    gte__file_header *h = &out->header;
    memcpy(h->magic, GTE__MAGIC, sizeof h->magic);
    h->version = GTE__FORMAT_VERSION;
    h->header_size = sizeof *h;
    h->architecture = GTE__ARCH_BERT;
    h->activation = config->activation;
    h->hidden_size = config->hidden_size;
    h->layers = config->layers;
    h->heads = config->heads;
    h->ffn_size = config->ffn_size;
    h->vocab_size = config->vocab_size;
    h->max_positions = config->max_positions;
    h->type_vocab_size = config->type_vocab_size;
    h->max_tokens = config->max_tokens;
    h->pooling = config->pooling;
    h->normalize = config->normalize;
    h->linear_dtype = config->linear_dtype;
    h->table_dtype = config->table_dtype;
    h->layer_norm_eps = config->layer_norm_eps;
    return lay_out(out, config->meta.size, tokenizer_size, err);
}

void convert__pack_free(convert__pack *pack)
{
    free(pack->items);
    *pack = (convert__pack){0};
}
